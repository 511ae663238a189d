"""Makes capabilities files of Braket devices that do not exist, with the SDK's own schema classes.

`python tests/vectors/braket_devices.py` writes braket-test-6q.json beside this file: "Test-6Q", MADE UP
FOR TESTS, in the form of an IQM device: a ring of 6 qubits with the labels 1 to 6, native gates prx and
cz, shots 1 to 20,000. Its readout errors differ by qubit and by outcome, so that a test can tell which
of them are used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from braket.device_schema.iqm import IqmDeviceCapabilities

TEST_6Q = Path(__file__).with_name("braket-test-6q.json")
RING = ((1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 1))
WINDOW = {"executionDay": "Everyday", "windowStartHour": "00:00", "windowEndHour": "23:59:59"}


def readout_fidelity(label: int) -> float:
    """Returns the READOUT fidelity of a label: 0.985 for 1, 0.98 for 2, and so on."""
    return round(0.99 - label / 200, 3)


def capabilities(
    native: Sequence[str] = ("cz", "prx"), joining: str = "CZ", pairs: Sequence[tuple[int, int]] = RING
) -> dict[str, Any]:
    """Returns the capabilities of a device whose `pairs` are joined by the gate `joining`."""
    labels = sorted({label for pair in pairs for label in pair})
    device = IqmDeviceCapabilities.parse_obj(
        {
            "service": {
                "executionWindows": [WINDOW],
                "shotsRange": [1, 20000],
                "deviceDocumentation": {"summary": "Test-6Q. Made up for tests: no such device exists."},
                "updatedAt": "2026-01-02T03:04:05+00:00",
            },
            "action": {"braket.ir.openqasm.program": _openqasm_action()},
            "paradigm": {
                "qubitCount": len(labels),
                "nativeGateSet": list(native),
                "connectivity": {"fullyConnected": False, "connectivityGraph": _graph(labels, pairs)},
            },
            "deviceParameters": {},
            "standardized": {
                "oneQubitProperties": {str(label): _one_qubit(label) for label in labels},
                "twoQubitProperties": {f"{a}-{b}": _two_qubits(joining) for a, b in pairs},
            },
        }
    )
    parsed: dict[str, Any] = json.loads(device.json())
    return parsed


def _openqasm_action() -> dict[str, Any]:
    result = {"name": "Sample", "observables": ["z"], "minShots": 1, "maxShots": 20000}
    return {
        "actionType": "braket.ir.openqasm.program",
        "version": ["1"],
        "supportedOperations": ["cz", "prx"],
        "supportedResultTypes": [result],
    }


def _graph(labels: Sequence[int], pairs: Sequence[tuple[int, int]]) -> dict[str, list[str]]:
    return {str(label): [str(b) for a, b in pairs if a == label] for label in labels}


def _one_qubit(label: int) -> dict[str, Any]:
    fidelity, error = readout_fidelity(label), 1 - readout_fidelity(label)
    return {
        "T1": {"value": 4e-5, "standardError": None, "unit": "s"},
        "T2": {"value": 2e-5, "standardError": None, "unit": "s"},
        "oneQubitFidelity": [
            _fidelity("RANDOMIZED_BENCHMARKING", 0.999),
            _fidelity("READOUT", fidelity),
            _fidelity("READOUT_ERROR_0_TO_1", round(0.4 * error, 4)),
            _fidelity("READOUT_ERROR_1_TO_0", round(1.6 * error, 4)),
        ],
    }


def _two_qubits(joining: str) -> dict[str, Any]:
    return {"twoQubitGateFidelity": [_fidelity("RANDOMIZED_BENCHMARKING", 0.99) | {"gateName": joining}]}


def _fidelity(name: str, value: float) -> dict[str, Any]:
    return {"fidelityType": {"name": name}, "fidelity": value}


if __name__ == "__main__":
    TEST_6Q.write_text(json.dumps(capabilities(), indent=1) + "\n", encoding="utf-8")
