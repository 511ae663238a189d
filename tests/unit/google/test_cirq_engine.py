"""Google's processors: the project, the devices, the prices, and a whole draw."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from grpc import StatusCode as Code

from qrng_hub.clock import SystemClock
from qrng_hub.config import run_file_from
from qrng_hub.errors import (
    AuthenticationError,
    BackendLimitError,
    BackendOfflineError,
    BudgetExceededError,
    ConfigError,
    UnknownBackendError,
)
from qrng_hub.hub import Hub
from qrng_hub.pricing import Price, PriceBook
from qrng_hub.pricing.book import save_user_prices
from qrng_hub.records import Availability, JobState, Origin
from qrng_hub.testing.contract import hadamards
from qrng_hub_cirq import CirqAdapter
from qrng_hub_cirq.machines import VirtualMachine
from qrng_hub_cirq.settings import CirqSettings
from services.google import Fault, GoogleService
from services.google_hub import NAME, finish, spec_for, submit

DRAW: dict[str, Any] = {
    "version": 1,
    "request": {"purge_at_vendor": True},
    "policy": {"fallback": "hardware-only"},
    "backend": [{"address": f"cirq:{NAME}", "qubits": 8}],
}


# the project and its credentials


def test_there_are_no_processors_without_a_project() -> None:
    adapter = CirqAdapter(CirqSettings(), SystemClock())
    assert not any(name.startswith("engine/") for name in adapter.names())
    for ask in (lambda: adapter.describe(NAME), lambda: adapter.find([spec_for()]), lambda: submit(adapter)):
        with pytest.raises(AuthenticationError, match=r"adapters\.cirq\.project_id.*GOOGLE_CLOUD_PROJECT"):
            ask()


def test_the_project_may_stand_in_the_environment(service: GoogleService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", service.project)
    adapter = CirqAdapter(CirqSettings(), SystemClock(), service.open_engine)
    assert NAME in adapter.names()
    assert CirqSettings(project_id="mine").project == "mine"


def test_processors_are_hardware_and_remote_and_simulators_are_not(adapter: CirqAdapter) -> None:
    assert (adapter.origin(NAME), adapter.is_remote(NAME)) == (Origin.HARDWARE, True)
    assert (adapter.origin("qvm/rainbow"), adapter.is_remote("qvm/rainbow")) == (Origin.SIMULATOR, False)


def test_a_run_file_sets_the_project_and_refuses_what_it_does_not_know() -> None:
    run_file = {"version": 1, "backend": [{"address": f"cirq:{NAME}"}]}
    with Hub.open(run_file_from(run_file | {"adapters": {"cirq": {"project_id": "mine"}}})):
        pass
    with pytest.raises(ConfigError, match="proyect_id"):
        Hub.open(run_file_from(run_file | {"adapters": {"cirq": {"proyect_id": "mine"}}}))


def test_without_credentials_google_is_not_asked() -> None:
    adapter = CirqAdapter(CirqSettings(project_id="mine"), SystemClock())
    with pytest.raises(AuthenticationError, match="DefaultCredentialsError"):
        adapter.describe(NAME)
    (check,) = adapter.preflight([NAME])
    assert (check.subject, check.verdict) == ("Google project", "failed")


def test_a_project_without_access_hides_no_simulator(service: GoogleService) -> None:
    adapter = CirqAdapter(CirqSettings(project_id="others"), SystemClock(), service.open_engine)
    with pytest.raises(AuthenticationError, match="no access to projects/others"):
        adapter.names()
    with Hub.open(run_file_from({"version": 1, "backend": [{"address": "cirq:simulator"}]}), adapters=[adapter]) as hub:
        assert "cirq:simulator" in [backend.address for backend in hub.backends()]


def test_the_preflight_check_names_project_processors_and_prices(service: GoogleService, adapter: CirqAdapter) -> None:
    price("rainbov")
    assert [(check.subject, check.verdict) for check in adapter.preflight([NAME, "engine/rainbov"])] == [
        ("Google project", "ok"),
        (f"cirq:{NAME}", "ok"),
        (f"price of cirq:{NAME}", "warning"),
        ("cirq:engine/rainbov", "failed"),
        ("price of cirq:engine/rainbov", "ok"),
    ]


@pytest.mark.parametrize(("health", "verdict"), [("DOWN", "failed"), ("HEALTH_UNSPECIFIED", "warning")])
def test_the_preflight_check_sees_what_is_not_well(
    service: GoogleService, adapter: CirqAdapter, health: str, verdict: str
) -> None:
    service.health = health
    _, check, _ = adapter.preflight([NAME])
    assert (check.verdict, health in check.detail) == (verdict, True)


def test_the_preflight_check_misses_the_project() -> None:
    (check,) = CirqAdapter(CirqSettings(), SystemClock()).preflight([NAME])
    assert (check.verdict, "GOOGLE_CLOUD_PROJECT" in check.detail) == ("failed", True)


# processors


def test_a_processor_is_described_as_its_virtual_machine(adapter: CirqAdapter) -> None:
    real, virtual = adapter.describe(NAME), VirtualMachine("qvm/rainbow", lambda: 1).backend
    assert (real.qubits, real.coupling, real.calibrated_utc) == (
        virtual.qubits,
        virtual.coupling,
        virtual.calibrated_utc,
    )
    assert [calibration.qubit for calibration in real.calibration] == list(range(real.qubits))
    for mine, theirs in zip(real.calibration, virtual.calibration, strict=True):
        assert (mine.flip_0_to_1, mine.flip_1_to_0) == pytest.approx((theirs.flip_0_to_1, theirs.flip_1_to_0))
    assert (real.max_circuits, real.pending_jobs, real.availability) == (1, 7, Availability.ONLINE)


def test_a_processor_without_a_calibration_is_described(service: GoogleService, adapter: CirqAdapter) -> None:
    service.faults["GetQuantumCalibration"] = Fault(Code.NOT_FOUND)
    backend = adapter.describe(NAME)
    assert (backend.calibration, backend.calibrated_utc) == ((), None)


@pytest.mark.parametrize("waiting", [None, 0, 3])
def test_no_jobs_waiting_and_no_answer_are_not_the_same(
    service: GoogleService, adapter: CirqAdapter, waiting: int | None
) -> None:
    service.waiting = waiting
    assert adapter.describe(NAME).pending_jobs == waiting


def test_an_unknown_processor_is_told_with_the_nearest(adapter: CirqAdapter) -> None:
    with pytest.raises(UnknownBackendError, match=r"'engine/rainbov'; did you mean 'engine/rainbow'"):
        adapter.describe("engine/rainbov")


@pytest.mark.parametrize("health", ["DOWN", "INACTIVE", "UNAVAILABLE"])
def test_a_processor_that_is_down_gets_no_job(service: GoogleService, adapter: CirqAdapter, health: str) -> None:
    service.health = health
    assert adapter.describe(NAME).availability is Availability.OFFLINE
    with pytest.raises(BackendOfflineError, match=health):
        submit(adapter)
    assert service.programs == {}


def test_a_job_has_one_circuit(service: GoogleService, adapter: CirqAdapter) -> None:
    spec = spec_for().model_copy(update={"circuits": (hadamards((0,)),) * 2})
    with pytest.raises(BackendLimitError, match="1 to 1 circuits a job, not 2"):
        submit(adapter, spec)
    assert service.programs == {}


# prices


def price(device: str, **amounts: str) -> None:
    values = {"vendor": "google", "device": device, "source": "our contract", "confidence": "official", **amounts}
    save_user_prices(PriceBook(prices=(Price.model_validate(values | {"dated": datetime.now(UTC).date()}),)))


def test_an_unknown_price_is_unknown_and_not_nothing(adapter: CirqAdapter) -> None:
    quote = adapter.quote(spec_for())
    assert (quote.low, quote.high, quote.native) == (None, None, {"shots": Decimal(50)})
    assert "Google publishes no prices" in quote.source
    assert finish(adapter, submit(adapter)).billed is None


@pytest.mark.parametrize("device", ["rainbow", "Loopback-Project"])
def test_a_job_is_quoted_and_billed_at_the_users_price(adapter: CirqAdapter, device: str) -> None:
    price(device, per_task="0.5", per_shot="0.01")
    quote = adapter.quote(spec_for())
    assert (quote.low, quote.high) == (Decimal(1), Decimal(1))
    assert finish(adapter, submit(adapter)).billed == Decimal(1)


def test_nobody_knows_what_a_failed_job_costs_unless_all_are_free(service: GoogleService, adapter: CirqAdapter) -> None:
    service.failure = "the fridge is warm"
    price("rainbow", per_task="0.5")
    assert finish(adapter, submit(adapter)).billed is None
    price("loopback-project")
    assert adapter.quote(spec_for()).is_free
    assert finish(adapter, submit(adapter)).billed == 0


def test_a_price_by_the_second_makes_no_quote(adapter: CirqAdapter) -> None:
    price("rainbow", per_second="2")
    quote = adapter.quote(spec_for())
    assert quote.high is None
    assert "how long a job will run is not known" in quote.source
    assert finish(adapter, submit(adapter)).billed is None


# a whole draw


def test_a_draw_is_credited_to_the_processor_and_purged(service: GoogleService, adapter: CirqAdapter) -> None:
    price("rainbow")
    with Hub.open(run_file_from(DRAW), adapters=[adapter]) as hub:
        draw = hub.draw(32)
        (job,) = hub.jobs()
    (source,) = draw.receipt.sources
    assert (draw.receipt.origin, source.purged_at_vendor) == ("hardware", True)
    assert draw.receipt.credit.bits > 0
    assert (job.state, job.cost_billed) == (JobState.DONE, Decimal(0))
    assert service.programs == {}


def test_a_draw_whose_price_is_unknown_is_refused(service: GoogleService, adapter: CirqAdapter) -> None:
    with (
        Hub.open(run_file_from(DRAW), adapters=[adapter]) as hub,
        pytest.raises(BudgetExceededError, match="price is unknown"),
    ):
        hub.draw(32)
    assert service.programs == {}


def test_a_certified_run_is_a_job_for_each_of_its_circuits(service: GoogleService, adapter: CirqAdapter) -> None:
    """With errors up to 15 % in X: an honest run of this processor has more in fewer than one of a million."""
    price("rainbow")
    run_file = DRAW | {
        "request": {
            "bytes": 1,
            "epsilon": 0.3,
            "protocol": "source-independent",
            "certificate": {"circuits": 140, "shots": 1, "x_error_rate": 0.2, "epsilon": 0.3},
        },
        "backend": [{"address": f"cirq:{NAME}", "qubits": 4}],
    }
    with Hub.open(run_file_from(run_file), adapters=[adapter]) as hub:
        draw = hub.run()
    (source,) = draw.receipt.sources
    assert len(set(source.job_keys)) == len(service.jobs) == 140
    assert (source.shots, draw.receipt.origin) == (140, "hardware")
    assert draw.receipt.bound is not None
    assert draw.receipt.credit.bits == min(8, draw.receipt.bound.certified_bits)
