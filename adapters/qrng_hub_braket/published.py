"""What a Braket device publishes of itself, in one form: its live qubits, gates, pairs, errors and limits.

Vendors publish in forms of their own, and devices with a qubit or two out of order. Left out are the qubits
without a readout or a benchmark, or with one no better than a guess, and the pairs whose gate is that bad:
the SDK would refuse the device for one of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from braket.circuits.translations import BRAKET_GATES
from braket.device_schema.ionq import IonqDeviceCapabilities
from braket.device_schema.result_type import ResultType
from braket.emulation.device_emulator_properties import DeviceEmulatorProperties
from braket.schema_common import BraketSchemaBase

from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, JobSpec, QubitCalibration
from qrng_hub_braket.layout import Layout
from qrng_hub_braket.names import listed

_SCHEMAS = "braket.device_schema."
_PROGRAM = "braket.ir.openqasm.program"
_PROGRAM_SET = "braket.ir.openqasm.program_set"
_BENCHMARKS = ("RANDOMIZED_BENCHMARKING", "SIMULTANEOUS_RANDOMIZED_BENCHMARKING")
_GUESS, _GUESS_OF_TWO = 0.5, 0.25
_READOUT, _TO_ONE, _TO_ZERO = "READOUT", "READOUT_ERROR_0_TO_1", "READOUT_ERROR_1_TO_0"
#: What reading a device that is not as it should be raises.
WRONG = (ValueError, TypeError, LookupError, AttributeError, ImportError)


def read(text: str) -> Any:
    """Reads a device's capabilities as they are saved: bare, as text in JSON, or in the answer of GetDevice.

    Raises one of `WRONG` for anything else.
    """
    content = json.loads(text.removeprefix("\ufeff"))
    while isinstance(content, str) or "deviceCapabilities" in content:
        content = json.loads(content) if isinstance(content, str) else content["deviceCapabilities"]
    if not content["braketSchemaHeader"]["name"].startswith(_SCHEMAS):
        raise ValueError(f"its schema is not one of {_SCHEMAS}*")  # the SDK imports what is named here
    return BraketSchemaBase.parse_raw_schema(json.dumps(content))


@dataclass(frozen=True, eq=False)
class Published:
    """A device's capabilities, and the SDK's properties of those of its qubits that are alive."""

    capabilities: Any
    properties: Any
    dead: tuple[int, ...]

    @classmethod
    def of(cls, capabilities: Any) -> Published:
        """Reads the SDK's capabilities, which stay as they are; raises one of `WRONG` with the reason."""
        if getattr(capabilities.paradigm, "nativeGateSet", None) is None:
            raise ValueError("it is no gate-model device: it runs no circuits")
        every = DeviceEmulatorProperties.from_device_properties(_consistent(capabilities.copy(deep=True)))
        one = {str(label): each for label, each in every.one_qubit_properties.items()}  # IonQ's are numbers
        live = {label: each for label, each in one.items() if _is_live(_fidelities(each))}
        if not live:
            raise ValueError("no qubit of it has a readout and a gate that are better than a guess")
        properties = DeviceEmulatorProperties(
            qubitCount=len(live),
            nativeGateSet=every.native_gate_set,
            connectivityGraph=_graph_among(every.connectivity_graph, live),
            oneQubitProperties=live,
            twoQubitProperties=_live_pairs(_pairs_among(every.two_qubit_properties, live)),
            supportedResultTypes=every.supported_result_types,
            supportedActions=every.supported_actions,
        )
        return cls(capabilities, properties, tuple(sorted(int(label) for label in one.keys() - live.keys())))

    @cached_property
    def layout(self) -> Layout:
        """The live qubits as the hub numbers them; raises `ValueError` if no native gates are known."""
        return Layout.of(self.properties)

    @property
    def numbering(self) -> str:
        """What to say of labels that are not 0, 1, 2, ..., and of qubits that are left out."""
        without = "; left out for a readout or a gate no better than a guess, or none published: its"
        return self.layout.numbering + (f"{without} {listed(self.dead)}" if self.dead else "")

    @property
    def min_shots(self) -> int:
        """The fewest shots that a circuit may have."""
        return max(1, int(self.capabilities.service.shotsRange[0]))

    @property
    def max_circuits(self) -> int:
        """How many circuits a task may have: more than one only where program sets are taken."""
        action = self.capabilities.action.get(_PROGRAM_SET)
        return max(1, action.maximumExecutables) if action else 1

    def require_total(self, backend: Backend, spec: JobSpec) -> None:
        """Raises `BackendLimitError` for more or fewer shots over all circuits of a job than a program set may have."""
        if len(spec.circuits) == 1:
            return
        action = self.capabilities.action[_PROGRAM_SET]
        least, most = getattr(action, "minimumTotalShots", None) or 1, action.maximumTotalShots
        if not least <= (total := spec.shots * len(spec.circuits)) <= most:
            raise BackendLimitError(
                f"{backend.address} takes {least:,} to {most:,} shots over all circuits of a job, not {total:,}"
            )

    def calibration(self) -> tuple[QubitCalibration, ...]:
        """Returns the readout errors of each qubit: by outcome where the device publishes those, else of both alike.

        What stands under READOUT_ERROR_* are rates on some devices and fidelities on others, which a qubit shows by
        both being below 0.5, or neither. All of a device are read in one way; raises `ValueError` if qubits differ.
        """
        labels = self.layout.labels
        values = [_fidelities(self.properties.one_qubit_properties[str(label)]) for label in labels]
        shown = {way for each in values if (way := _both_are_rates(each)) is not None}
        if len(shown) > 1:
            raise ValueError("its READOUT_ERROR_* are rates of some qubits and fidelities of others")
        are_rates, flips = shown != {False}, []
        for qubit, each in enumerate(values):
            either = 1 - each[_READOUT]
            up, down = (_rate(each[way], are_rates) if way in each else either for way in (_TO_ONE, _TO_ZERO))
            flips.append(QubitCalibration(qubit=qubit, flip_0_to_1=up, flip_1_to_0=down))
        return tuple(flips)


def gives_probabilities(capabilities: Any) -> bool:
    """Whether a device may answer with probabilities and no shots: IonQ's may, and those that promise no samples."""
    if isinstance(capabilities, IonqDeviceCapabilities):
        return True
    results: Sequence[ResultType] = getattr(capabilities.action.get(_PROGRAM), "supportedResultTypes", None) or ()
    names = {result.name.lower() for result in results}
    return "probability" in names and "sample" not in names


def _consistent(device: Any) -> Any:
    """Makes a copy consistent that is the caller's: counts and neighbours as the qubits that are published."""
    device.paradigm.nativeGateSet = [gate.lower() for gate in device.paradigm.nativeGateSet]
    standardized: Any = getattr(device, "standardized", None)
    one = getattr(standardized, "oneQubitProperties", None)
    if one and not isinstance(device, IonqDeviceCapabilities):  # the SDK numbers IonQ's by their count
        device.paradigm.qubitCount = len(one)
        connectivity = device.paradigm.connectivity
        connectivity.connectivityGraph = _graph_among(connectivity.connectivityGraph, one)
        if hasattr(standardized, "twoQubitProperties"):
            standardized.twoQubitProperties = _pairs_among(standardized.twoQubitProperties or {}, one)
    return device


def _graph_among(graph: Mapping[str, Iterable[str]], labels: Iterable[str]) -> dict[str, list[str]]:
    there = set(labels)
    return {label: [other for other in others if other in there] for label, others in graph.items() if label in there}


def _pairs_among(pairs: Mapping[str, Any], labels: Iterable[str]) -> dict[str, Any]:
    there = set(labels)
    return {pair: each for pair, each in pairs.items() if set(pair.split("-")) <= there}


def _live_pairs(pairs: Mapping[str, Any]) -> dict[str, Any]:
    live = {}
    for pair, each in pairs.items():
        gates = [one for one in each.twoQubitGateFidelity if _is_live_gate(one)]
        if gates:
            live[pair] = each.copy(update={"twoQubitGateFidelity": gates})
    return live


def _is_live_gate(gate: Any) -> bool:
    return gate.gateName.lower() in BRAKET_GATES and gate.fidelity >= _GUESS_OF_TWO


def _fidelities(one_qubit: Any) -> dict[str, float]:
    return {each.fidelityType.name: each.fidelity for each in one_qubit.oneQubitFidelity}


def _is_live(fidelities: Mapping[str, float]) -> bool:
    benchmarks = [fidelities[name] for name in _BENCHMARKS if name in fidelities]
    return bool(benchmarks) and min(*benchmarks, fidelities.get(_READOUT, 0.0), 1.0) >= _GUESS


def _both_are_rates(fidelities: Mapping[str, float]) -> bool | None:
    """Whether the two readout errors of a qubit are rates, or None where they do not show it."""
    low = {fidelities[way] < _GUESS for way in (_TO_ONE, _TO_ZERO) if way in fidelities}
    return low.pop() if len(low) == 1 and {_TO_ONE, _TO_ZERO} <= fidelities.keys() else None


def _rate(value: float, is_rate: bool) -> float:
    return value if is_rate else 1 - value
