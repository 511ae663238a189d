"""replay:FILE, the shots of a record, in the order measured."""

from __future__ import annotations

from qrng_hub.adapter import InProcessAdapter, unknown_backend
from qrng_hub.bits import Packed
from qrng_hub.records import Backend, JobSpec


class ReplayAdapter(InProcessAdapter):
    """Gives out the shots of the records that a run file lists."""

    name = "replay"
    seed_bits = 0

    def names(self) -> tuple[str, ...]:
        """No record is listed."""
        return ()

    def describe(self, name: str) -> Backend:
        """Knows no record."""
        raise unknown_backend(self.name, name, self.names())

    def run(self, backend: Backend, spec: JobSpec) -> list[Packed]:
        """Has no record to run a job on."""
        raise unknown_backend(self.name, spec.backend_name, self.names())
