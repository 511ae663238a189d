"""The adapters at the vendors themselves, for anyone with an account: `make test-live`.

What has no credentials is skipped, and nothing is submitted unless QRNG_LIVE_SPEND is 1; then each vendor
gets one job of 100 shots on 2 qubits.

    QRNG_LIVE                  1, as `make test-live` sets it; without it no test is let see an account
    QISKIT_IBM_TOKEN           the API key of IBM Quantum Platform
    QRNG_LIVE_IBM_INSTANCE     the instance's name or CRN, if the account has several
    AWS_PROFILE and the like   the credentials, as the AWS SDK finds them; AWS_DEFAULT_REGION too
    QRNG_LIVE_S3               s3://bucket/prefix for the results, in the region of the device
    QRNG_LIVE_BRAKET_DEVICE    a short name or an ARN; sv1, a simulator, if it is not set
    GOOGLE_CLOUD_PROJECT       the project with access to Google's processors; credentials as its SDK finds them
    QRNG_LIVE_GOOGLE_PROCESSOR the id of the processor
    QRNG_LIVE_SPEND            1 to submit
    QRNG_LIVE_USD              the most that a job may cost, in USD; 0, free plans only, if it is not set
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import JsonValue

from qrng_hub.adapter import Adapter
from qrng_hub.circuits import Circuit
from qrng_hub.clock import SystemClock
from qrng_hub.config import RunFile, run_file_from
from qrng_hub.hub import Hub
from qrng_hub.ledger import open_ledger
from qrng_hub.policy import price_objection
from qrng_hub.records import Availability, Backend, JobSpec, JobState, Origin, Quote, ShotOrder
from qrng_hub_braket import BraketAdapter
from qrng_hub_braket.cloud import BraketCloud
from qrng_hub_braket.settings import BraketSettings
from qrng_hub_cirq import CirqAdapter
from qrng_hub_ibm import IBMAdapter

# What an SDK warns of at a live service is shown, and is no defect of the hub.
pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("default")]

S3, DEVICE = os.environ.get("QRNG_LIVE_S3"), os.environ.get("QRNG_LIVE_BRAKET_DEVICE", "sv1")
PROCESSOR, HAS_GOOGLE = os.environ.get("QRNG_LIVE_GOOGLE_PROCESSOR"), bool(os.environ.get("GOOGLE_CLOUD_PROJECT"))
IS_LIVE, HAS_IBM = bool(os.environ.get("QRNG_LIVE")), bool(os.environ.get("QISKIT_IBM_TOKEN"))
HAS_AWS = BraketCloud(BraketSettings(), SystemClock()).is_set_up

with_ibm = pytest.mark.skipif(not (IS_LIVE and HAS_IBM), reason="needs QRNG_LIVE and QISKIT_IBM_TOKEN")
with_aws = pytest.mark.skipif(
    not (IS_LIVE and HAS_AWS and S3), reason="needs QRNG_LIVE, AWS credentials and QRNG_LIVE_S3"
)
with_google = pytest.mark.skipif(
    not (IS_LIVE and HAS_GOOGLE and PROCESSOR),
    reason="needs QRNG_LIVE, GOOGLE_CLOUD_PROJECT and QRNG_LIVE_GOOGLE_PROCESSOR",
)
spending = pytest.mark.skipif(os.environ.get("QRNG_LIVE_SPEND") != "1", reason="submits a job: set QRNG_LIVE_SPEND=1")

USD = Decimal(os.environ.get("QRNG_LIVE_USD", "0"))
CIRCUIT, SHOTS, WAIT_SECONDS = Circuit().h(0, 1).measure(0, 1), 100, 3 * 3600


@dataclass(frozen=True)
class Account:
    """A backend of an account, and the settings that lead there."""

    adapter_class: type[Adapter]
    name: str
    settings: dict[str, JsonValue] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{self.adapter_class.name}:{self.name}"

    def adapter(self) -> Adapter:
        """Makes an adapter, as a process of its own would."""
        return self.adapter_class(self.adapter_class.settings_model.model_validate(self.settings), SystemClock())

    def spec(self, key: str) -> JobSpec:
        return JobSpec(key=key, address=self.address, circuits=(CIRCUIT,), shots=SHOTS)

    def run_file(self, ledger: str) -> RunFile:
        return run_file_from(
            {
                "version": 1,
                "policy": {"max_wait_seconds": WAIT_SECONDS},
                "budget": {"usd_per_job": USD},
                "backend": [{"address": self.address}],
                "adapters": {self.adapter_class.name: self.settings},
                "ledger": {"url": ledger},
            }
        )


@pytest.fixture
def ibm() -> Account:
    return Account(IBMAdapter, "least_busy", {"instance": os.environ.get("QRNG_LIVE_IBM_INSTANCE")})


@pytest.fixture
def braket() -> Account:
    return Account(BraketAdapter, DEVICE, {"s3": S3})


@pytest.fixture
def google() -> Account:
    return Account(CirqAdapter, f"engine/{PROCESSOR}")


@pytest.fixture
def ledgers(tmp_path: Path) -> Iterator[str]:
    """Names two ledgers that do not exist yet."""
    return iter([f"sqlite:///{tmp_path / name}" for name in ("first.db", "second.db")])


# IBM


@with_ibm
def test_ibm_describes_its_least_busy_device(ibm: Account) -> None:
    """Only a live account shows that the log-in, the list of devices and the published properties of a
    device of today are those that this release reads: its gates, its coupling, a readout error of each qubit.
    """
    backend = described(ibm)
    assert backend.availability is Availability.ONLINE
    assert backend.origin is Origin.HARDWARE
    assert backend.pending_jobs is not None
    assert backend.coupling
    assert backend.calibration


@with_ibm
def test_ibm_passes_the_preflight_check(ibm: Account) -> None:
    """Only a live account shows that its plan and its usage stand where this release looks for them."""
    require_preflight(ibm)


@with_ibm
def test_ibm_is_quoted_by_the_plan_of_the_instance(ibm: Account) -> None:
    """Only a live account shows what a plan is called, and that the circuits compile for a device of today.

    A price that is not known is quoted as unknown, with the plan's name; a free plan must be quoted as free.
    """
    quote = quoted(ibm)
    assert quote.native["seconds"] > 0
    assert quote.high is not None or "has no price for IBM's plan" in quote.source


@with_ibm
@spending
def test_ibm_runs_one_job_which_others_find_by_its_key(ibm: Account, ledgers: Iterator[str]) -> None:
    """Only a live account shows that IBM keeps the tags and lists a job under them as soon as it is made, that
    its states, times, usage and outcomes come in the forms that this release reads, how close the quote was
    to the usage, and that a process which lost the answer adopts this very job instead of making another.
    """
    require_one_job(ibm, ledgers)


# Braket


@with_aws
def test_braket_describes_its_device(braket: Account) -> None:
    """Only a live account shows that the SDK parses the capabilities that AWS publishes of a device today, and
    that its native gates, labels, windows and queue are among those that this release knows.
    """
    backend = described(braket)
    assert backend.availability is not Availability.UNKNOWN
    assert backend.pending_jobs is not None


@with_aws
def test_braket_passes_the_preflight_check(braket: Account) -> None:
    """Only a live account shows that its permissions are enough to look at devices and at the bucket, and that
    the price book knows the device by the name that AWS gives it.
    """
    require_preflight(braket)


@with_aws
def test_braket_is_quoted_from_the_price_book(braket: Account) -> None:
    """Only a live account shows that a device on offer today is in the price book; the price needs no account."""
    assert quoted(braket).high is not None


@with_aws
@spending
def test_braket_runs_one_job_which_others_find_by_its_key(braket: Account, ledgers: Iterator[str]) -> None:
    """Only a live account shows that AWS takes the program verbatim and the job's key as its client token, that
    tasks can be searched for by their tag as soon as they are made, that the results in S3 have the form
    that this release reads, and that a process which lost the answer adopts this very task.
    """
    require_one_job(braket, ledgers)


# Google


@with_google
def test_google_describes_its_processor(google: Account) -> None:
    """Only a live account shows that the specification of a processor of today names gates that this release
    compiles for, and that its readout errors stand where this release looks for them.
    """
    backend = described(google)
    assert backend.origin is Origin.HARDWARE
    assert backend.coupling
    assert backend.calibration


@with_google
def test_google_passes_the_preflight_check(google: Account) -> None:
    """Only a live account shows that the credentials open the service for the project."""
    require_preflight(google)


@with_google
@spending
def test_google_runs_one_job_which_others_find_by_its_key(google: Account, ledgers: Iterator[str]) -> None:
    """Only a live account shows that Google takes the ids and labels made from the job's key, that its states, times
    and outcomes come in the forms that this release reads, and that a process which lost the answer adopts
    this very job. It needs a price in the user's price book: of none, nothing is submitted.
    """
    require_one_job(google, ledgers)


# what all do


def described(account: Account) -> Backend:
    with closing(account.adapter()) as adapter:
        backend = adapter.describe(account.name)
    assert backend.qubits >= 2
    assert "h" in backend.gates
    return backend


def require_preflight(account: Account) -> None:
    with closing(account.adapter()) as adapter:
        checks = list(adapter.preflight([account.name]))
    assert checks
    assert [check for check in checks if check.verdict == "failed"] == []


def quoted(account: Account) -> Quote:
    with closing(account.adapter()) as adapter:
        adapter.describe(account.name)
        return adapter.quote(account.spec("only-quoted"))


def require_one_job(account: Account, ledgers: Iterator[str]) -> None:
    """Runs a job by way of `Hub.raw`, finds and collects it in a second adapter, and adopts it in a second hub."""
    adapter = account.adapter()
    with Hub.open(account.run_file(next(ledgers)), adapters=[adapter]) as hub:
        if objection := price_objection(adapter.quote(account.spec("only-quoted")), USD):
            pytest.skip(f"{objection}: allow it with QRNG_LIVE_USD")
        (block,) = hub.raw(account.address, CIRCUIT, SHOTS)
        (job,) = hub.jobs()
        assert (block.shots, block.qubits, block.shot_order) == (SHOTS, CIRCUIT.measured, ShotOrder.MEASURED)
        assert (job.state, job.vendor_id) == (JobState.DONE, block.vendor_id)
        assert job.queued_utc is not None
        assert job.finished_utc is not None
        assert job.queued_utc <= job.finished_utc
        assert job.cost_billed is None or job.cost_billed <= USD
        assert all(one.decided and one.after is JobState.DONE for one in hub.reconcile())
    assert_others_find(account, account.spec(job.key), block.vendor_id, block.sha256, next(ledgers))


def assert_others_find(account: Account, spec: JobSpec, vendor_id: str, sha256: str, ledger: str) -> None:
    """Looks for a job in an adapter and a ledger that know its key and no answer of the vendor."""
    adapter = account.adapter()
    (found,) = adapter.find([spec])
    assert (found.vendor_id, found.state) == (vendor_id, JobState.DONE)
    assert [block.sha256 for block in adapter.collect(found)] == [sha256]
    unanswered = open_ledger(ledger, SystemClock())
    unanswered.intend(spec, adapter.quote(spec), adapter.origin(account.name), None)
    unanswered.close()
    with Hub.open(account.run_file(ledger), adapters=[adapter]) as hub:
        (adopted,) = hub.reconcile()
        assert (adopted.vendor_id, adopted.before, adopted.after) == (vendor_id, JobState.INTENDED, JobState.DONE)
        assert adopted.decided
        assert hub.job(spec.key).vendor_id == vendor_id
