from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from qrng_hub.errors import ConfigError, ServiceUnreachableError, VendorError
from qrng_hub.pricing import Price, PriceBook, price_book, refresh, stale_within
from services.prices import price_list, serving

TODAY = date(2026, 9, 1)
GARNET_TASK = '"Quantum Task","Garnet","","","0.3000000000","Task","USD","eu-north-1"'
GARNET_SHOT = '"Quantum Task-Shot","Garnet","","","0.0020000000","Shot","USD","eu-north-1"'
REST = [
    f'"{family}","{device}","","","{price}","{unit}","USD","us-east-1"'
    for device, shot in (("Cepheus-1-108Q", "0.0004"), ("Emerald", "0.0016"), ("IBEX-Q1", "0.02"), ("Forte-1", "0.08"))
    for family, price, unit in (("Quantum Task", "0.3", "Task"), ("Quantum Task-Shot", shot, "Shot"))
]
SV1 = '"Simulator Task","","SV1","CompleteTask","0.0750000000","minutes","USD","us-east-1"'
DM1 = '"Simulator Task","","DM1","CompleteTask","0.0750000000","minutes","USD","us-east-1"'
OTHER = '"Braket Managed Jobs QPU Task","Garnet","","","9.9","Task","USD","eu-north-1"'


def test_a_task_costs_its_fee_and_its_shots() -> None:
    quote = _price("Garnet").quote_tasks(tasks=2, shots=10_000, today=TODAY)
    assert quote.low == quote.high == Decimal("2") * Decimal("0.30") + 10_000 * Decimal("0.00145")
    assert quote.native == {"tasks": 2, "shots": 10_000}
    assert "2026-08-21, official" in quote.source


def test_time_has_a_minimum() -> None:
    price = _price("SV1")
    assert price.time_cost(Decimal("0.1")) == price.time_cost(Decimal(3)) == Decimal("0.00375")
    assert price.time_cost(Decimal(60)) == Decimal("0.075")


def test_a_stale_price_widens_its_quotes_and_says_so() -> None:
    fresh = _price("Garnet").quote_tasks(1, 1000, date(2026, 11, 19))
    stale = _price("Garnet").quote_tasks(1, 1000, date(2026, 11, 20))
    assert (fresh.low, fresh.high) == (Decimal("1.75"), Decimal("1.75"))
    assert (stale.low, stale.high) == (Decimal("1.3125"), Decimal("2.1875"))
    assert "stale" not in fresh.source
    assert "stale" in stale.source


def test_a_release_names_the_prices_that_are_stale_or_soon_will_be() -> None:
    book = PriceBook(prices=(_price("Garnet"), _price("SV1")))
    assert _price("Garnet").stale_after == date(2026, 11, 19)
    assert stale_within(book, date(2026, 10, 20), 30) == ()
    assert stale_within(book, date(2026, 10, 21), 30) == (_price("Garnet"),)
    assert stale_within(book, date(2026, 12, 27), 30) == (_price("Garnet"), _price("SV1"))


def test_names_are_found_in_any_case_and_unknown_ones_have_no_price() -> None:
    assert price_book().find("Braket", "garnet") == _price("Garnet")
    assert price_book().find("braket", "garnet-2") is None


def test_every_shipped_price_carries_its_source_and_date() -> None:
    assert len(price_book().prices) >= 9
    assert all(one.source and one.dated <= date(2026, 11, 23) for one in price_book().prices)


def test_the_user_s_prices_go_first(state: Path) -> None:
    state.mkdir()
    (state / "prices.toml").write_text(
        'version = 1\n[[prices]]\nvendor = "braket"\ndevice = "Garnet"\nper_task = 0.10\nsource = "my contract"\n'
        'dated = 2026-09-01\nconfidence = "official"\n'
    )
    assert _price("Garnet").task_cost(1, 1000) == Decimal("0.10")
    assert _price("Emerald").per_task == Decimal("0.30")


@pytest.mark.parametrize(
    ("text", "says"),
    [("this is not toml", "cannot be read"), ('[[prices]]\nvendor = "x"\nper_task = -1', "prices.0.per_task: must be")],
)
def test_a_wrong_file_is_named(state: Path, text: str, says: str) -> None:
    state.mkdir()
    (state / "prices.toml").write_text(text)
    with pytest.raises(ConfigError, match=rf"prices\.toml[\s\S]*{says}"):
        price_book()


def test_refreshing_takes_the_vendor_s_own_list(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    with serving(price_list(GARNET_TASK, GARNET_SHOT, *REST, SV1, DM1, OTHER)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        book, remarks = refresh(TODAY)
    assert remarks == ()
    garnet, sv1 = _price("Garnet"), _price("SV1")
    assert (garnet.per_task, garnet.per_shot, garnet.dated) == (Decimal("0.3"), Decimal("0.002"), TODAY)
    assert sv1.time_cost(Decimal(60)) == Decimal("0.075")
    assert (state / "prices.toml").stat().st_mode & 0o777 == 0o600
    assert book == price_book()
    assert price_book().find("ibm", "paygo") is not None


OWN = 'version = 1\n[[prices]]\nvendor = "braket"\ndevice = "GARNET"\n{}\ndated = 2026-09-01\nconfidence = "official"\n'


@pytest.mark.parametrize("fees", ["per_task = 0.25\nper_shot = 0.001", "", "per_task = 99.0"])
def test_a_price_of_the_user_s_own_stands_through_any_number_of_refreshes(
    monkeypatch: pytest.MonkeyPatch, state: Path, fees: str
) -> None:
    state.mkdir()
    (state / "prices.toml").write_text(OWN.format(f'{fees}\nsource = "contract 4711"'))
    own = _price("Garnet")
    with serving(price_list(GARNET_TASK, GARNET_SHOT, *REST, SV1, DM1)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        for _ in range(2):
            (remark,) = refresh(TODAY).remarks
            assert "GARNET stays your own (contract 4711, 2026-09-01)" in remark and "prices.toml" in remark
            assert _price("Garnet") == own
            assert _price("Emerald").source == "AWS price list"
    assert [one.device.casefold() for one in price_book().prices].count("garnet") == 1


def test_a_simulator_s_price_may_be_of_any_unit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    by_millisecond = SV1.replace("0.0750000000", "0.00000125").replace("minutes", "Milliseconds")
    by_hour = DM1.replace("0.0750000000", "4.5").replace("minutes", "Hrs")
    cheaper = SV1.replace("0.0750000000", "0.06").replace("us-east-1", "eu-west-2")
    with serving(price_list(GARNET_TASK, GARNET_SHOT, *REST, by_millisecond, cheaper, by_hour)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        refresh(TODAY)
    assert _price("SV1").per_second == _price("DM1").per_second == Decimal("0.00125")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (SV1.replace("minutes", "fortnights"), "its unit, 'fortnights', is no known unit of time"),
        (SV1.replace("USD", "CNY"), "it has no price in USD"),
        (OTHER, "it is not in the list"),
    ],
)
def test_what_a_refresh_does_not_read_is_named_and_stays(monkeypatch: pytest.MonkeyPatch, row: str, why: str) -> None:
    before = _price("SV1")
    with serving(price_list(GARNET_TASK, GARNET_SHOT, *REST, DM1, row)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        (remark,) = refresh(TODAY).remarks
    assert remark == f"the price of SV1 was not read from the AWS price list: {why}; what was known of it stays"
    assert _price("SV1") == before


def test_a_device_without_a_fee_per_shot_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(price_list(GARNET_TASK, *REST, SV1, DM1)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        (remark,) = refresh(TODAY).remarks
    assert "Garnet was not read" in remark and "and not both" in remark


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([GARNET_TASK.replace("0.3000000000", "NaN"), GARNET_SHOT, *REST], "no number: 'NaN'"),
        ([GARNET_TASK.replace("0.3000000000", "-1"), GARNET_SHOT, *REST], "no number: '-1'"),
        ([GARNET_TASK, GARNET_SHOT], "shrank: Cepheus-1-108Q, Emerald"),
        ([], "shrank"),
        ([GARNET_TASK.replace("0.3000000000", "30"), GARNET_SHOT, *REST], "per_task of Garnet jumped from 0.30 to 30"),
        ([GARNET_TASK.replace("0.3000000000", "cheap"), GARNET_SHOT, *REST], "no number: 'cheap'"),
    ],
)
def test_an_implausible_list_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, state: Path, rows: list[str], says: str
) -> None:
    before = price_book()
    with serving(price_list(*rows)) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        with pytest.raises(VendorError, match=says):
            refresh(TODAY)
    assert price_book() == before
    assert not (state / "prices.toml").exists()


def test_a_list_that_cannot_be_fetched_leaves_prices_and_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    before = price_book()
    with serving("gone", status=503) as url:
        monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", url)
        with pytest.raises(ServiceUnreachableError, match="prices stay as they were"):
            refresh(TODAY)
    monkeypatch.setenv("BRAKET_PRICE_OFFERS_URL", "file:///etc/passwd")
    with pytest.raises(ConfigError, match="http"):
        refresh(TODAY)
    assert price_book() == before


def _price(device: str) -> Price:
    price = price_book().find("braket", device)
    assert price is not None
    return price
