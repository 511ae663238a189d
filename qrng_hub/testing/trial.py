"""A comparison of devices whose faults are known: what of them would be found, at the settings of a run file."""

from __future__ import annotations

from collections.abc import Iterator

from qrng_hub.clock import Clock
from qrng_hub.config import BackendSettings, CompareSettings, RunFile
from qrng_hub.records import ComparedBackend, Comparison, Fallback, Finding, Measures, Record
from qrng_hub.testing.injection import inject
from qrng_hub.testing.shot_devices import ShotDevices


class Verdict(Record):
    """What a comparison made of the qubits that a fault concerns, beside what is true of them.

    Entropies are in bits a shot, of these qubits together, over all repeats.
    """

    address: str
    fault: str
    qubits: tuple[int, ...]
    min_entropy_bits: float
    bound_bits: float
    """What a draw would extract; 0 of a repeat whose health tests failed."""
    found: tuple[str, ...]
    """The kinds of the findings that concern these qubits."""

    @property
    def is_exceeded(self) -> bool:
        """Whether more is bounded than there is."""
        return self.bound_bits > self.min_entropy_bits


class FaultTrial:
    """The devices of `inject` in the place of a run file's backends, with everything else as it says.

    They are simulators, free, and run in this process: nothing is sent, and nothing is credited.
    """

    def __init__(self, run_file: RunFile, seed: int, clock: Clock) -> None:
        settings = run_file.compare or CompareSettings()
        self.shots, self.repeats = settings.shots, settings.repeats
        self.devices = inject(seed, self.shots)
        self.adapter = ShotDevices(self.devices, clock)
        backends = tuple(BackendSettings(address=f"{self.adapter.name}:{name}") for name in self.devices)
        policy = run_file.policy.model_copy(update={"fallback": Fallback.SIMULATOR_ONLY})
        self.run_file = run_file.model_copy(update={"backends": backends, "policy": policy, "adapters": {}})

    def verdicts(self, comparison: Comparison) -> Iterator[Verdict]:
        """Yields one a device that gave anything, in the order of the comparison."""
        for row in comparison.backends:
            if row.measures is not None:
                yield self._verdict(row, row.measures)

    def _verdict(self, row: ComparedBackend, measures: Measures) -> Verdict:
        device = self.devices[row.address.partition(":")[2]]
        qubits, starts = device.concerned, range(0, measures.shots, self.shots)
        there = sum(float(device.min_entropy(first, self.shots)[:, qubits].sum()) for first in starts)
        return Verdict(
            address=row.address,
            fault=device.description,
            qubits=qubits,
            min_entropy_bits=there / measures.shots,
            bound_bits=sum(one.bound_bits for one in measures.qubits if one.qubit in qubits),
            found=tuple(one.kind for one in measures.findings if _concerns(one, qubits)),
        )


def _concerns(finding: Finding, qubits: tuple[int, ...]) -> bool:
    """Whether any of these qubits is named; a health test's finding names none and may concern any."""
    return not finding.qubits or any({*named} & {*qubits} for named in finding.qubits)
