"""replay:FILE, the shots of a record, in the order measured and each once."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qrng_hub.adapter import InProcessAdapter
from qrng_hub.bits import Packed, pack_shots, unpack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock
from qrng_hub.errors import BackendLimitError, QRNGError, UnsupportedCircuitError
from qrng_hub.records import Backend, Check, Claim, Job, JobSpec, Origin, RawBlock, Record
from qrng_hub_replay.reading import read_record
from qrng_hub_replay.settings import RecordSettings, ReplaySettings
from qrng_hub_replay.shots import ShotTable, refused


@dataclass(frozen=True, slots=True, eq=False)
class _Replayed:
    """A record that was read, and what is said of it."""

    table: ShotTable
    settings: RecordSettings
    source: str

    def claim_of(self, qubits: int) -> Claim | None:
        """Returns what a claim on all qubits says of so many: every qubit left out takes a bit away at most."""
        claimed, by = self.settings.claimed_bits_per_shot, self.settings.claimed_by
        bits = (claimed or 0.0) - (len(self.table.labels) - qubits)
        return Claim(bits_per_shot=bits, by=by) if by is not None and bits > 0 else None


class ReplayAdapter(InProcessAdapter):
    """Gives out the shots of files: those that the settings describe, and others that say all of themselves.

    A record answers one circuit, a Hadamard gate on each qubit: what it holds is taken for the outcomes of that. Its
    shots are given out from the first on, each once as long as the adapter lives.
    """

    name = "replay"
    settings_model = ReplaySettings
    seed_bits = 0

    def __init__(self, settings: Record, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._files = ReplaySettings.model_validate(settings.model_dump()).files
        self._records: dict[str, _Replayed] = {}
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """Lists the files that the settings describe."""
        return tuple(self._files)

    def origin(self, name: str) -> Origin:
        """Whatever a file is a record of, nobody here saw it measured."""
        return Origin.RECORDED

    def describe(self, name: str) -> Backend:
        """Reads a file; raises as `read_record` does."""
        record = self._record(name)
        labels = record.table.labels
        return Backend(
            address=f"{self.name}:{name}",
            origin=Origin.RECORDED,
            description=record.source,
            qubits=labels[-1] + 1,
            default_qubits=len(labels),
            max_shots=len(record.table.packed),
            gates=("h",),
            faulty=tuple(sorted(set(range(labels[-1])) - set(labels))),
        )

    def preflight(self, names: Sequence[str]) -> Iterator[Check]:
        """Reads each file."""
        for name in names:
            try:
                backend = self.describe(name)
            except QRNGError as error:
                yield Check(subject=f"{self.name}:{name}", verdict="failed", detail=str(error))
                continue
            detail = f"{backend.max_shots:,} shots of {backend.default_qubits} qubits"
            yield Check(subject=backend.address, verdict="ok", detail=detail)

    def run(self, backend: Backend, spec: JobSpec) -> list[Packed]:
        """Takes the next shots for each circuit; raises `BackendLimitError` for more than are left."""
        record = self._record(spec.backend_name)
        for circuit in spec.circuits:
            _require_hadamards(backend, circuit)
        first = self._take(spec, len(record.table.packed))
        starts = range(first, first + len(spec.circuits) * spec.shots, spec.shots)
        rows = (record.table.packed[start : start + spec.shots] for start in starts)
        return [_columns(own, record.table.labels, c.measured) for own, c in zip(rows, spec.circuits, strict=True)]

    def block(self, backend: Backend, job: Job, circuit: Circuit, outcomes: Packed) -> RawBlock:
        """Says which file the outcomes are of, and what is claimed of them."""
        record, block = self._record(job.spec.backend_name), super().block(backend, job, circuit, outcomes)
        return block.model_copy(update={"source": record.source, "claim": record.claim_of(len(block.qubits))})

    def _record(self, name: str) -> _Replayed:
        with self._lock:
            if name not in self._records:
                self._records[name] = _read(name, self._files.get(name, RecordSettings()))
            return self._records[name]

    def _take(self, spec: JobSpec, shots: int) -> int:
        """Marks shots as used; returns the number of the first."""
        with self._lock:
            first, wanted = self._used[spec.backend_name], spec.shots * len(spec.circuits)
            if first + wanted > shots:
                raise BackendLimitError(
                    f"{spec.address} has {shots - first:,} of its {shots:,} shots left, and {wanted:,} are asked for:"
                    " ask for fewer bytes, or give a longer record"
                )
            self._used[spec.backend_name] += wanted
            return first


def _read(name: str, settings: RecordSettings) -> _Replayed:
    path = Path(name).expanduser()
    table = read_record(path, settings)
    if settings.skip >= len(table.packed):
        raise refused(
            path, f"holds {len(table.packed):,} shots, and {settings.skip:,} are to be skipped: none are left"
        )
    table = replace(table, packed=table.packed[settings.skip :])
    if settings.claimed_bits_per_shot is not None and settings.claimed_bits_per_shot > len(table.labels):
        most = f"{settings.claimed_bits_per_shot:g} bits a shot of {len(table.labels)} qubits"
        raise refused(path, f"is claimed to have {most}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    device = settings.device or table.device
    said = f", said to be of {device}" if device else ""
    which = f"the shots from number {settings.skip:,} on" if settings.skip else "the shots"
    return _Replayed(table, settings, f"{which} of {path.name} (SHA-256 {digest}){said}")


def _require_hadamards(backend: Backend, circuit: Circuit) -> None:
    if Circuit().h(*circuit.measured).measure(*circuit.measured) != circuit:
        raise UnsupportedCircuitError(
            f"{backend.address} is a record: it answers one circuit, a Hadamard gate on each qubit that is measured,"
            " and no calibration (request.calibrate = false)"
        )


def _columns(packed: Packed, labels: tuple[int, ...], measured: tuple[int, ...]) -> Packed:
    if measured == labels:
        return packed
    place = {label: column for column, label in enumerate(labels)}
    return pack_shots(unpack_shots(packed, len(labels))[:, [place[qubit] for qubit in measured]])
