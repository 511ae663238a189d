"""Holds what an adapter answers against the contract: a wrong answer must harm no ledger, no credit and no bill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from qrng_hub.adapter.contract import Adapter
from qrng_hub.adapter.ends import looked_at
from qrng_hub.errors import QRNGError, VendorError
from qrng_hub.records import Backend, Check, Job, JobSpec, Origin, Quote, RawBlock

_MOST_MONEY = Decimal(10**9)


class GuardedAdapter(Adapter):
    """Passes each call on to `inner`; raises `VendorError` for whatever the contract does not allow."""

    def __init__(self, inner: Adapter) -> None:
        super().__init__(inner.settings, inner.clock)
        self.inner = inner

    def names(self) -> tuple[str, ...]:
        """Passes on."""
        with self._translated("listing its backends"):
            return tuple(self.inner.names())

    def origin(self, name: str) -> Origin:
        """Passes on."""
        with self._translated(f"telling the origin of {name}"):
            return self.inner.origin(name)

    def is_remote(self, name: str) -> bool:
        """Passes on."""
        with self._translated(f"telling where {name} is"):
            return self.inner.is_remote(name)

    def may_resubmit(self, name: str) -> bool:
        """Passes on."""
        with self._translated(f"telling whether a job may be submitted again to {name}"):
            return self.inner.may_resubmit(name)

    def account(self, name: str) -> str:
        """Passes on."""
        with self._translated(f"telling the account of {name}"):
            return self.inner.account(name)

    def is_own_account(self, name: str, meant: str) -> bool:
        """Passes on."""
        with self._translated(f"comparing accounts of {name}"):
            return self.inner.is_own_account(name, meant)

    def expect(self, name: str, qubits: int) -> None:
        """Passes on."""
        with self._translated(f"expecting jobs on {name}"):
            self.inner.expect(name, qubits)

    def describe(self, name: str) -> Backend:
        """Takes a description of the origin that the adapter tells of the name."""
        with self._translated(f"describing {name}"):
            backend, origin = self.inner.describe(name), self.inner.origin(name)
            if backend.origin is not origin:
                raise VendorError(f"{backend.address} is described as a {backend.origin}, and its name is a {origin}'s")
        return backend

    def quote(self, spec: JobSpec) -> Quote:
        """Takes amounts that a job can cost."""
        with self._translated(f"quoting job {spec.key}"):
            quote = self.inner.quote(spec)
            prices = [price for price in (quote.low, quote.high) if price is not None]
            amounts_are_right = all(amount.is_finite() and amount >= 0 for amount in (*prices, *quote.native.values()))
            if not amounts_are_right or prices != sorted(prices) or any(price > _MOST_MONEY for price in prices):
                shown = f"{quote.low} to {quote.high} {quote.currency}, {quote.native}"
                raise VendorError(f"job {spec.key} was quoted at amounts that cannot be right: {shown}")
        return quote

    def submit(self, specs: Iterable[JobSpec]) -> Iterator[Job]:
        """Takes one answer for each job and no other."""
        for spec in specs:
            with self._translated(f"submitting job {spec.key}"):
                jobs = list(self.inner.submit([spec]))
                if [job.spec.key for job in jobs] != [spec.key]:
                    raise VendorError(
                        f"one job was submitted to {spec.address} and its adapter answered with {len(jobs)}, or another"
                    )
                job = _plausible(jobs[0])
            yield job

    def poll(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """Takes an answer for these very jobs only, in their order."""
        with self._translated("polling"):
            polled = self.inner.poll(jobs)
            if [(job.spec, job.vendor_id) for job in polled] != [(job.spec, job.vendor_id) for job in jobs]:
                raise VendorError("the adapter answered for other jobs than it was asked about")
            return looked_at(polled, _plausible)

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Takes outcomes of this very job only: its circuits, shots and qubits, its backend and its origin."""
        with self._translated(f"collecting job {job.vendor_id}"):
            blocks = self.inner.collect(job)
            given = [(one.address, one.vendor_id, one.origin, one.shots, one.qubits) for one in blocks]
        where = job.spec.address, job.vendor_id, self.origin(job.spec.backend_name)
        asked = [(*where, job.spec.shots, circuit.measured) for circuit in job.spec.circuits]
        if given != asked:
            raise VendorError(
                f"job {job.vendor_id} on {job.spec.address} gave other outcomes than it was asked for: the number of"
                " circuits, shots or qubits, or the source, differs. Nothing of them is used; `qrng jobs collect`"
                " fetches them again"
            )
        return blocks

    def cancel(self, job: Job) -> Job:
        """Passes on."""
        with self._translated(f"cancelling job {job.vendor_id}"):
            return _plausible(self.inner.cancel(job))

    def find(self, specs: Sequence[JobSpec]) -> tuple[Job, ...]:
        """Takes jobs of these keys only."""
        with self._translated("looking for jobs"):
            found = self.inner.find(specs)
            if not {job.spec.key for job in found} <= {spec.key for spec in specs}:
                raise VendorError("the adapter found other jobs than it was asked for")
            return tuple(_plausible(job) for job in found)

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Passes on; what goes wrong is a line."""
        try:
            with self._translated("checking"):
                yield from self.inner.preflight(names)
        except QRNGError as error:
            yield Check(subject=self.inner.name, verdict="failed", detail=str(error))

    def purge(self, job: Job) -> None:
        """Passes on."""
        with self._translated(f"deleting job {job.vendor_id}"):
            self.inner.purge(job)

    def parts(self) -> tuple[Adapter, ...]:
        """Guards each part."""
        parts = self.inner.parts()
        return (self,) if parts == (self.inner,) else tuple(GuardedAdapter(part) for part in parts)

    def close(self) -> None:
        """Passes on."""
        self.inner.close()

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Makes a `VendorError` of what is none of the hub's errors: an answer, or an adapter, nobody expected."""
        try:
            yield
        except QRNGError:
            raise
        except Exception as error:
            raise VendorError(
                f"the adapter {self.inner.name!r} failed {doing}, at an answer that it does not understand or by a"
                f" defect of its own: {type(error).__name__}: {error}"
            ) from error


def _plausible(job: Job) -> Job:
    """Takes a bill that cannot be right for one that is not known; raises `VendorError` for a time without a zone."""
    if any(at is not None and at.tzinfo is None for at in (job.queued_utc, job.running_utc, job.finished_utc)):
        raise VendorError(f"job {job.vendor_id} on {job.spec.address} was given a time without a zone by its adapter")
    right = job.billed is None or (job.billed.is_finite() and 0 <= job.billed <= _MOST_MONEY)
    if right and all(amount.is_finite() and amount >= 0 for amount in job.usage.values()):
        return job
    return job.model_copy(
        update={
            "billed": None,
            "currency": "USD",
            "usage": {},
            "message": f"a bill that cannot be right: {job.billed} {job.currency}",
        }
    )
