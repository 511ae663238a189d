"""Whole draws from vendors' devices that misbehave: what becomes of the job, its bill and its bytes."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.errors import InsufficientEntropyError, PolicyStopError, QRNGError, RequestError
from qrng_hub.pricing import price_book
from qrng_hub.records import JobState
from qrng_hub.testing import FrozenClock
from services.braket import BraketService
from services.braket_catalogue import GARNET
from services.braket_faults import Fault as BraketFault
from services.ibm import IBMService
from services.ibm_catalogue import API, CRN, OTHER_CRN
from services.ibm_faults import Fault as IBMFault
from services.ibm_hub import while_prices_are_fresh
from services.ibm_jobs import RUN_SECONDS
from vectors.braket_devices import capabilities

MAKE, LIST, RESULTS = f"POST {API}/jobs$", f"GET {API}/jobs$", f"GET {API}/jobs/[^/]+/results$"
NOTHING = IBMFault(LIST, status=200, body='{"jobs": [], "count": 0}')
BILL = RUN_SECONDS * Decimal("1.60")
IBM_FILE = """
version = 1
request.bytes = 32
policy.fallback = "hardware-only"
budget.usd_per_job = 10
adapters.ibm = {{ runtime_url = "{url}", instance = "{instance}" }}
[[backend]]
address = "ibm:ibm_guadalupe"
shots = {shots}
options.rep_delay = 0.0001
"""
BRAKET_FILE = """
version = 1
request.bytes = 32
policy.fallback = "hardware-only"
budget.usd_per_job = 10
adapters.braket = { region = "eu-north-1", s3 = "s3://amazon-braket-test/hub" }
[[backend]]
address = "braket:garnet"
shots = 1024
"""


@contextmanager
def ibm_hub(
    ibm: IBMService,
    folder: Path,
    clock: FrozenClock | None = None,
    instance: str = CRN,
    shots: int = 1024,
    more: str = "",
) -> Iterator[Hub]:
    run_file = folder / "run.toml"
    run_file.write_text(IBM_FILE.format(url=ibm.runtime_url, instance=instance, shots=shots) + more)
    with Hub.open(run_file, clock=clock or while_prices_are_fresh()) as hub:
        yield hub


@contextmanager
def braket_hub(folder: Path, run_file: str = BRAKET_FILE) -> Iterator[Hub]:
    (folder / "run.toml").write_text(run_file)
    read = max(price.dated for price in price_book().prices if price.vendor == "braket")
    with Hub.open(folder / "run.toml", clock=FrozenClock(datetime.combine(read, time(), UTC))) as hub:
        yield hub


# a clock that is off


@pytest.mark.parametrize("days", [-3, 3])
def test_a_draw_needs_no_clock_within_a_day_of_ibms(ibm: IBMService, tmp_path: Path, days: int) -> None:
    clock = while_prices_are_fresh()
    ibm.ahead = timedelta(days=days)
    ibm.jobs.now = clock.now() + ibm.ahead
    ibm.faults.add(IBMFault(MAKE, lost=True, done=True))
    with ibm_hub(ibm, tmp_path, clock) as hub:
        assert len(hub.run().data) == 32
        (job,) = hub.jobs()
    assert (ibm.posts(), job.stamps, job.queue_seconds, job.cost_billed) == (1, "vendor", 30, BILL)


# a doubtful end


@pytest.mark.parametrize("fault", [IBMFault(MAKE, status=500, done=True), IBMFault(MAKE, lost=True, done=True)])
def test_a_job_that_ibm_lists_late_is_the_only_one_and_its_bill_is_on_record(
    ibm: IBMService, tmp_path: Path, fault: IBMFault
) -> None:
    ibm.faults.add(fault)
    ibm.faults.add(IBMFault(LIST, status=NOTHING.status, body=NOTHING.body, skip=1, times=9))
    with ibm_hub(ibm, tmp_path) as hub:
        assert len(hub.run().data) == 32
        (job,) = hub.jobs()
    assert (ibm.posts(), job.state, job.cost_billed) == (1, JobState.DONE, BILL)


def test_a_second_job_that_ran_to_its_end_is_on_the_bill(ibm: IBMService, tmp_path: Path) -> None:
    make = ibm.jobs.make

    def twice(request: dict[str, Any]) -> Any:  # as a proxy that repeats a request would have it
        first, second = make(request), make(request)
        for _ in range(2):
            ibm.jobs.step(second)
        return first

    ibm.jobs.make = twice  # type: ignore[method-assign]
    with ibm_hub(ibm, tmp_path) as hub:
        hub.run()
        (job,) = hub.jobs()
        assert hub.audit() == ()
    assert job.cost_billed == 2 * BILL
    assert "made 2 times" in job.message


def test_a_job_of_another_instance_is_left_alone_however_late_it_is(ibm: IBMService, tmp_path: Path) -> None:
    ibm.catalogue.owned[OTHER_CRN] = ("other", "plan-paygo")
    clock = while_prices_are_fresh()
    ibm.faults.add(IBMFault(MAKE, lost=True, done=True))
    ibm.faults.add(IBMFault(LIST, status=400, skip=1, times=math.inf))
    with ibm_hub(ibm, tmp_path, clock) as hub, pytest.raises(QRNGError, match="nobody knows"):
        hub.run()
    ibm.faults.clear()
    clock.advance(3600)
    with ibm_hub(ibm, tmp_path, clock, OTHER_CRN) as hub:
        (left,) = hub.reconcile()
        assert (left.decided, CRN in left.note, left.after) == (False, True, JobState.UNKNOWN)
    with ibm_hub(ibm, tmp_path, clock) as hub:
        (found,) = hub.reconcile()
        assert (found.decided, bool(found.vendor_id)) == (True, True)


# nothing is paid that can give nothing


def test_a_device_whose_readout_leaves_no_entropy_is_not_paid(ibm: IBMService, tmp_path: Path) -> None:
    def guessing(properties: dict[str, Any]) -> None:
        for qubit in properties["qubits"]:
            for entry in qubit:
                if entry["name"] in ("readout_error", "prob_meas0_prep1", "prob_meas1_prep0"):
                    entry["value"] = 0.5

    ibm.catalogue.altered["ibm_guadalupe/properties"] = guessing
    for shots in ("1024", "100000"):
        with ibm_hub(ibm, tmp_path, shots=int(shots)) as hub, pytest.raises((RequestError, InsufficientEntropyError)):
            hub.run()
    assert (ibm.posts(), ibm.jobs.all) == (0, {})


@pytest.mark.parametrize("chosen", ["shots = 1024", "shots = 500", ""])
def test_a_device_of_too_few_shots_is_not_paid(braket: BraketService, tmp_path: Path, chosen: str) -> None:
    device = capabilities()
    device["service"]["shotsRange"] = [1, 500]
    braket.catalogue.add(GARNET, device)
    run_file = BRAKET_FILE.replace("shots = 1024", chosen)
    with braket_hub(tmp_path, run_file) as hub, pytest.raises(RequestError, match="shots"):
        hub.run()
    assert braket.tasks.all == {}


# what is paid for is read again


SECOND = """
[[backend]]
address = "{other}"
shots = 1024
"""


@pytest.mark.parametrize(
    "fault",
    [
        IBMFault(RESULTS, cut=True),
        IBMFault(RESULTS, status=200, body="<html>Service unavailable</html>"),
        IBMFault(RESULTS, status=404),
        IBMFault(RESULTS, status=500),
    ],
    ids=["cut", "a page", "404", "500"],
)
def test_results_that_ibm_garbles_once_are_read_again_and_nobody_else_is_paid(
    ibm: IBMService, tmp_path: Path, fault: IBMFault
) -> None:
    ibm.faults.add(fault)
    with ibm_hub(ibm, tmp_path, more=SECOND.format(other="ibm:ibm_fez")) as hub:
        assert len(hub.run().data) == 32
    assert ibm.posts() == 1


@pytest.mark.parametrize(
    "fault",
    [BraketFault(cut=True), BraketFault(code="NoSuchKey", status=404), BraketFault(code="InternalError", status=500)],
    ids=["cut", "404", "500"],
)
def test_results_that_s3_garbles_once_are_read_again_and_nobody_else_is_paid(
    braket: BraketService, tmp_path: Path, fault: BraketFault
) -> None:
    braket.faults.add("GetObject", fault)
    with braket_hub(tmp_path, BRAKET_FILE + SECOND.format(other="braket:sv1")) as hub:
        assert len(hub.run().data) == 32
    assert len(braket.tasks.all) == 1


def test_results_that_stay_garbled_end_the_draw_resumably(ibm: IBMService, tmp_path: Path) -> None:
    ibm.faults.add(IBMFault(RESULTS, status=404, times=math.inf))
    with ibm_hub(ibm, tmp_path, more=SECOND.format(other="ibm:ibm_fez")) as hub:
        with pytest.raises(PolicyStopError, match=r"Nobody else is paid in its place: .*--resume"):
            hub.run()
        (run,) = hub.unfinished_runs()
        ibm.faults.clear()
        assert len(hub.resume(run.draw_id).data) == 32
    assert ibm.posts() == 1


# a queue that is full


def test_jobs_wait_until_the_account_may_have_another(ibm: IBMService, tmp_path: Path) -> None:
    ibm.faults.add(IBMFault(MAKE, status=403, body='{"errors": [{"code": 3458, "message": "3 jobs"}]}', times=20))
    with ibm_hub(ibm, tmp_path) as hub:
        assert len(hub.run().data) == 32
        (job,) = hub.jobs()
        kinds = [event.kind for event in hub.job_events(job.key)]
    assert (kinds.count("job.waiting"), ibm.posts(), len(ibm.jobs.all)) == (20, 21, 1)
