"""Certified runs of more circuits than a backend takes in one job: all of it counts, or none."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import pytest

from game_device import GameDevice, hub, winning
from qrng_hub.errors import BudgetExceededError, JobFailedError, QuotaError
from qrng_hub.records import Backend, Job, JobSpec, JobState
from qrng_hub.signing import signed
from qrng_hub.testing import FrozenClock, Script
from qrng_hub.verification import verify
from signing import KEY

CHSH = {"circuits": 100, "shots": 2, "score": 0.82}
HOST = (KEY.fingerprint,)
PER_JOB, JOBS = 20, 5


class OfFewCircuits(GameDevice):
    """Takes few circuits a job; refuses to take, or fails, the jobs of these numbers."""

    def __init__(self, script: Script | None = None, refuses: int = -1, fails: int = -1) -> None:
        super().__init__(winning(0.85, 1), FrozenClock(), script)
        self._refuses, self._fails = refuses, fails

    def describe(self, name: str) -> Backend:
        return super().describe(name).model_copy(update={"max_circuits": PER_JOB})

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        if len(self.jobs) == self._refuses:
            raise QuotaError("no more of them")
        return super().submit(specs)

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        polled = super().poll(jobs)
        return tuple(
            job.model_copy(update={"state": JobState.FAILED})
            if job.vendor_id == f"scripted-{self._fails}" and job.state.finished
            else job
            for job in polled
        )


def test_its_jobs_are_judged_and_extracted_as_one() -> None:
    adapter = OfFewCircuits()
    with hub([adapter], "chsh", CHSH) as opened:
        receipt = opened.run().receipt
        recorded = {job.key for job in opened.jobs()}
    (source,) = receipt.sources
    assert [len(job.spec.circuits) for job in adapter.jobs.values()] == [PER_JOB] * JOBS
    assert set(source.job_keys) == recorded == set(adapter.jobs)
    assert source.vendor_ids == tuple(f"scripted-{number}" for number in range(JOBS))
    assert (source.cost_billed, len(source.block_sha256), source.shots) == (Decimal("1.50"), 1, 100 * 2)
    (run,) = source.certified
    assert sum(run.counts) == run.terms.rounds
    verified = verify(signed(receipt.model_dump_json(), KEY).text(), host=HOST)
    assert verified.certified_bits == run.certificate.certified_bits > 0


def test_nothing_is_submitted_unless_the_budget_has_enough_for_all_of_it() -> None:
    adapter = OfFewCircuits(Script(price=Decimal("20.01")))
    with (
        hub([adapter], "chsh", CHSH) as opened,
        pytest.raises(BudgetExceededError, match=r"these jobs may cost 100\.05"),
    ):
        opened.run()
    assert not adapter.jobs


def test_what_was_submitted_is_cancelled_when_a_further_job_is_refused() -> None:
    adapter = OfFewCircuits(refuses=3)
    with hub([adapter], "chsh", CHSH) as opened:
        with pytest.raises(QuotaError):
            opened.run()
        states = sorted(job.state for job in opened.jobs())
    assert states == [JobState.CANCELLED] * 4
    assert {job.state for job in adapter.jobs.values()} == {JobState.CANCELLED}


def test_a_run_of_which_one_job_failed_gives_nothing_and_is_an_attempt() -> None:
    with hub([OfFewCircuits(fails=2)], "chsh", CHSH) as opened, pytest.raises(JobFailedError):
        opened.run()
    with hub([OfFewCircuits()], "chsh", CHSH) as opened:
        assert opened.run().receipt.sources[0].certified[0].terms.attempt == 2
