"""Braket's devices, account and bucket, as the loopback service has them."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.errors import (
    AuthenticationError,
    BackendLimitError,
    ConfigError,
    JobNotFoundError,
    QuotaError,
    UnknownBackendError,
    UnsupportedCircuitError,
    VendorError,
)
from qrng_hub.records import Availability, Origin
from qrng_hub.testing import FrozenClock
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.settings import BraketSettings
from services.braket import BraketService
from services.braket_catalogue import GARNET, RING, SV1
from services.braket_faults import Fault
from services.braket_jobs import ASYMMETRIC, SETTINGS, finish, spec, submit, task_of

# devices


def test_names_are_those_of_aws_only_if_it_is_set_up(service: BraketService, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = BraketAdapter(BraketSettings(), SystemClock())
    assert adapter.names() == ("braket_sv", "braket_dm", "dm1", "garnet", "ring-6", "sv1")
    adapter.close()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    bare = BraketAdapter(BraketSettings(), SystemClock())
    assert bare.names() == ("braket_sv", "braket_dm")
    with pytest.raises(UnknownBackendError, match="region is set"):
        bare.find([spec()])
    assert [check.verdict for check in bare.preflight(["garnet"])] == ["failed"]


def test_a_file_of_credentials_sets_aws_up(
    service: BraketService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = AKIDLOOPBACK\naws_secret_access_key = loopback-secret\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    adapter = BraketAdapter(BraketSettings(), SystemClock())
    assert "garnet" in adapter.names()
    adapter.close()


def test_no_credentials_are_a_matter_of_authentication(service: BraketService, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    adapter = BraketAdapter(SETTINGS, SystemClock())
    with pytest.raises(AuthenticationError, match="Unable to locate credentials"):
        adapter.names()
    adapter.close()


def test_origin_is_known_without_asking() -> None:
    adapter = BraketAdapter(BraketSettings(), SystemClock())
    for name in ("sv1", "dm1", SV1, "braket_sv"):
        assert adapter.origin(name) is Origin.SIMULATOR
    for name in ("garnet", GARNET, RING):
        assert adapter.origin(name) is Origin.HARDWARE


def _offline(service: BraketService) -> None:
    service.catalogue.status[GARNET] = "OFFLINE"


def _closed(service: BraketService) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).strftime("%A")
    window = {"executionDay": day, "windowStartHour": "09:00", "windowEndHour": "10:00"}
    service.catalogue.capabilities[GARNET]["service"]["executionWindows"] = [window]


@pytest.mark.parametrize(
    ("change", "message"), [(_offline, "AWS says OFFLINE"), (_closed, "outside its execution windows")]
)
def test_a_device_that_takes_no_tasks_now_says_why(
    service: BraketService, adapter: BraketAdapter, change: Callable[[BraketService], None], message: str
) -> None:
    assert adapter.describe("garnet").availability is Availability.ONLINE
    change(service)
    backend = adapter.describe("garnet")
    assert backend.availability is Availability.OFFLINE
    assert message in backend.status_message


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", (0, False)), (">4000", (4000, True)), (">1,000", (1000, True)), ("None", (None, False))],
)
def test_the_queue_is_read_in_every_form(
    service: BraketService, adapter: BraketAdapter, text: str, expected: tuple[int | None, bool]
) -> None:
    service.catalogue.queue[GARNET] = text
    backend = adapter.describe("garnet")
    assert (backend.pending_jobs, backend.pending_jobs_is_lower_bound) == expected


def test_a_device_without_gates_refuses_circuits(service: BraketService, in_us: BraketAdapter) -> None:
    service.catalogue.capabilities[RING]["paradigm"]["nativeGateSet"] = ["v"]
    assert in_us.describe("ring-6").gates == ()
    for circuit in (ASYMMETRIC, Circuit().measure(0)):
        with pytest.raises(UnsupportedCircuitError):
            submit(in_us, spec(circuit, name="ring-6"))


def test_more_circuits_or_shots_than_a_device_takes_are_refused(adapter: BraketAdapter, in_us: BraketAdapter) -> None:
    with pytest.raises(BackendLimitError, match="1 to 1 circuits"):
        submit(in_us, spec(ASYMMETRIC, ASYMMETRIC, name="ring-6"))
    with pytest.raises(BackendLimitError, match="200,000 shots over all circuits"):
        submit(adapter, spec(*[ASYMMETRIC] * 11, shots=20_000))


def test_a_device_that_is_not_there_is_unknown(adapter: BraketAdapter) -> None:
    with pytest.raises(UnknownBackendError, match="no device 'nosuch' in eu-north-1; it has: garnet"):
        adapter.describe("nosuch")
    with pytest.raises(UnknownBackendError, match="Nowhere"):
        adapter.describe("arn:aws:braket:eu-north-1::device/qpu/iqm/Nowhere")


def test_a_region_that_refuses_is_passed_over_and_alone_is_an_error(service: BraketService) -> None:
    adapter = BraketAdapter(SETTINGS, SystemClock())
    service.faults.add("SearchDevices", Fault(code="AccessDeniedException", status=403))
    assert "garnet" in adapter.names()
    adapter.close()
    alone = BraketAdapter(SETTINGS.model_copy(update={"region": "us-east-1"}), SystemClock())
    service.faults.add("SearchDevices", Fault(code="AccessDeniedException", status=403))
    with pytest.raises(AuthenticationError):
        alone.names()
    alone.close()


# the account


def test_a_missing_region_is_a_matter_of_the_settings(service: BraketService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    adapter = BraketAdapter(SETTINGS, SystemClock())
    with pytest.raises(ConfigError, match="You must specify a region"):
        adapter.names()
    adapter.close()


def test_results_go_to_the_sdks_bucket_if_none_is_set(service: BraketService) -> None:
    adapter = BraketAdapter(BraketSettings(), SystemClock())
    request = task_of(service, submit(adapter, spec())).request
    assert request["outputS3Bucket"] == "amazon-braket-eu-north-1-123456789012"
    assert request["outputS3KeyPrefix"] == "tasks"
    adapter.close()


@pytest.mark.parametrize("s3", ["bucket/prefix", "s3://", "https://bucket/prefix"])
def test_a_wrong_folder_is_refused(service: BraketService, s3: str) -> None:
    adapter = BraketAdapter(BraketSettings(s3=s3), SystemClock())
    with pytest.raises(ConfigError, match=r"adapters\.braket\.s3"):
        submit(adapter, spec())
    assert service.tasks.all == {}
    adapter.close()


def test_preflight_checks_line_by_line_and_spends_nothing(service: BraketService, in_us: BraketAdapter) -> None:
    service.catalogue.queue[SV1] = ">4000"
    checks = {check.subject: check for check in in_us.preflight(["sv1", "ring-6", "nosuch"])}
    assert checks["braket credentials"].detail == "account 123456789012"
    assert checks["braket:sv1"].detail == "online in us-east-1; tasks waiting: more than 4,000"
    assert checks["braket:nosuch"].verdict == "failed"
    assert checks["price of braket:ring-6"].verdict == "warning"
    assert checks["spending limit of braket:ring-6"].detail == "none is set"
    assert checks["braket results of us-east-1"].detail == "s3://amazon-braket-test/hub"
    assert service.tasks.all == {}


@pytest.mark.parametrize(("spent", "left", "verdict"), [("20.70", "79.00", "ok"), ("99.70", "0.00", "failed")])
def test_preflight_shows_what_is_left_of_a_spending_limit(
    service: BraketService, in_us: BraketAdapter, spent: str, left: str, verdict: str
) -> None:
    service.catalogue.spent[RING] = spent
    (check,) = (one for one in in_us.preflight(["ring-6"]) if one.subject.startswith("spending limit"))
    assert (check.verdict, check.detail) == (verdict, f"{left} of 100.00 USD left until 2026-12-31")
    service.faults.add("SearchSpendingLimits", Fault(code="AccessDeniedException", status=403))
    (check,) = (one for one in in_us.preflight(["ring-6"]) if one.subject.startswith("spending limit"))
    assert check.verdict == "warning"


def test_a_task_over_the_spending_limit_is_refused(service: BraketService, in_us: BraketAdapter) -> None:
    service.catalogue.spent[RING] = "100.00"
    with pytest.raises(QuotaError, match="spending limit"):
        submit(in_us, spec(name="ring-6"))
    assert service.tasks.all == {}


def limited(usd: str, name: str = "ring-6", day: datetime = datetime(2026, 11, 23, tzinfo=UTC)) -> BraketAdapter:
    """Makes an adapter on a day on which the limits of the service, which end with 2026, hold."""
    settings = {"region": "us-east-1", "spending_limits": {name: Decimal(usd)}}
    return BraketAdapter(SETTINGS.model_copy(update=settings), FrozenClock(day))


def test_a_spending_limit_that_is_asked_for_is_set_once_before_the_first_task(service: BraketService) -> None:
    with closing(limited("40")) as adapter:
        submit(adapter, spec(key="one", name="ring-6"))
        submit(adapter, spec(key="two", name="ring-6"))
    order = [one.operation for one in service.log if one.operation in ("CreateSpendingLimit", "CreateQuantumTask")]
    assert order == ["CreateSpendingLimit", "CreateQuantumTask", "CreateQuantumTask"]
    assert service.catalogue.limits == {RING: "40.00"}
    with closing(limited("40.004")) as another:
        submit(another, spec(key="three", name="ring-6"))
    assert len(service.calls("CreateSpendingLimit")) == 1


def test_a_spending_limit_that_has_ended_is_set_anew(service: BraketService) -> None:
    for key, day in (("one", datetime(2026, 12, 30, tzinfo=UTC)), ("two", datetime(2027, 1, 1, tzinfo=UTC))):
        with closing(limited("40", day=day)) as adapter:
            submit(adapter, spec(key=key, name="ring-6"))
    assert len(service.calls("CreateSpendingLimit")) == 2


@pytest.mark.parametrize(("limit_of", "asked"), [("ring-6", RING), (RING, "ring-6"), ("Ring-6", "ring-6")])
def test_a_spending_limit_holds_under_each_name_of_a_device(service: BraketService, limit_of: str, asked: str) -> None:
    with closing(limited("40", limit_of)) as adapter:
        submit(adapter, spec(key="one", name=asked))
    assert service.catalogue.limits == {RING: "40.00"}


def test_no_task_is_made_where_the_spending_limit_cannot_be_kept(service: BraketService) -> None:
    service.catalogue.spent[RING] = "0.00"
    with (
        closing(limited("40")) as adapter,
        pytest.raises(ConfigError, match=r"AWS has for it is 100.00 USD"),
    ):
        submit(adapter, spec(name="ring-6"))
    service.catalogue.spent.clear()
    service.faults.add("CreateSpendingLimit", Fault(code="AccessDeniedException", status=403))
    with closing(limited("40")) as adapter, pytest.raises(AuthenticationError):
        submit(adapter, spec(name="ring-6"))
    assert service.tasks.all == {}


def test_preflight_says_what_is_wrong(service: BraketService, in_us: BraketAdapter) -> None:
    service.storage.buckets.clear()
    service.catalogue.status[RING] = "OFFLINE"
    verdicts = {check.subject: check.verdict for check in in_us.preflight(["ring-6"])}
    assert verdicts["braket:ring-6"] == "warning"
    assert verdicts["braket results of us-east-1"] == "failed"
    service.key_ids.clear()
    assert [(check.subject, check.verdict) for check in in_us.preflight(["sv1"])][-1][1] == "failed"


def test_purging_deletes_every_object_of_the_task_and_no_other(service: BraketService, adapter: BraketAdapter) -> None:
    kept = finish(adapter, submit(adapter, spec(key="kept")))
    gone = finish(adapter, submit(adapter, spec(ASYMMETRIC, ASYMMETRIC, key="gone")))
    adapter.collect(gone)
    adapter.purge(gone)
    assert [name for name in service.storage.objects if task_of(service, gone).folder in name] == []
    assert adapter.collect(kept)[0].shots == 100
    with pytest.raises(JobNotFoundError):
        adapter.collect(gone)


def test_purging_a_bucket_that_keeps_versions_is_an_error(service: BraketService, adapter: BraketAdapter) -> None:
    job = finish(adapter, submit(adapter, spec()))
    service.storage.versioned = True
    with pytest.raises(VendorError, match="may still be in S3"):
        adapter.purge(job)


def test_the_service_measures_what_quantum_mechanics_says(service: BraketService, adapter: BraketAdapter) -> None:
    job = finish(adapter, submit(adapter, spec(Circuit().h(5).cx(5, 0).x(1).measure(0, 1, 5), shots=400)))
    ((_, table),) = task_of(service, job).measured
    assert (table[:, 0] == table[:, 2]).all()
    assert table[:, 1].all()
    assert 0.3 < np.mean(table[:, 0]) < 0.7
