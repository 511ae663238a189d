"""Capabilities in the forms in which the vendors of Braket publish theirs, made with the SDK's own schema classes.

The figures are MADE UP FOR TESTS: what counts is where each form says what. IonQ and AQT publish figures of a whole
device, AQT with qubits that any gate may join; Rigetti's READOUT_ERROR_* are fidelities, IQM's are rates; QuEra's
device runs no circuits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from braket.device_schema.aqt import AqtDeviceCapabilities
from braket.device_schema.ionq import IonqDeviceCapabilities
from braket.device_schema.rigetti.rigetti_device_capabilities_v2 import RigettiDeviceCapabilities

from vectors.braket_devices import capabilities

_CHAIN = tuple((label, label + 1) for label in range(12))
_BENCHMARK = {"fidelityType": {"name": "RANDOMIZED_BENCHMARKING"}, "fidelity": 0.998, "unit": "fraction"}
_LATTICE = (
    "positionErrorAbs", "sitePositionError", "atomPositionError", "fillingErrorTypical", "fillingErrorWorst",
    "vacancyErrorTypical", "vacancyErrorWorst", "atomLossProbabilityTypical", "atomLossProbabilityWorst",
    "atomCaptureProbabilityTypical", "atomCaptureProbabilityWorst", "atomDetectionErrorFalsePositiveTypical",
    "atomDetectionErrorFalsePositiveWorst", "atomDetectionErrorFalseNegativeTypical",
    "atomDetectionErrorFalseNegativeWorst",
)  # fmt: skip
_RYDBERG = (
    "rabiFrequencyErrorRel", "rabiFrequencyGlobalErrorRel", "rabiFrequencyInhomogeneityRel", "groundDetectionError",
    "rydbergDetectionError", "groundPrepError", "rydbergPrepErrorBest", "rydbergPrepErrorWorst", "T1Single",
    "T1Ensemble", "T2StarSingle", "T2StarEnsemble", "T2EchoSingle", "T2EchoEnsemble", "T2RabiSingle",
    "T2RabiEnsemble", "T2BlockadedRabiSingle", "T2BlockadedRabiEnsemble", "detuningError", "detuningInhomogeneity",
)  # fmt: skip


def iqm() -> dict[str, Any]:
    """Returns a device in the form of IQM's."""
    return capabilities(pairs=tuple((a + 1, b + 1) for a, b in _CHAIN))


def rigetti(joining: str) -> dict[str, Any]:
    """Returns a device in the form of Rigetti's, whose qubits `joining` joins."""
    device = capabilities(native=("rx", "rz", joining), joining=joining.upper(), pairs=_CHAIN)
    for one in device["standardized"]["oneQubitProperties"].values():
        for each in one["oneQubitFidelity"]:
            if each["fidelityType"]["name"].startswith("READOUT_ERROR"):
                each["fidelity"] = 1 - each["fidelity"]
    header = {"name": "braket.device_schema.rigetti.rigetti_device_capabilities", "version": "2"}
    return _made(RigettiDeviceCapabilities, device | {"braketSchemaHeader": header})


def ionq() -> dict[str, Any]:
    """Returns a device in the form of IonQ's: 36 qubits, figures of the device, no standard ones."""
    provider = {
        "braketSchemaHeader": {"name": "braket.device_schema.ionq.ionq_provider_properties", "version": "1"},
        "fidelity": {"1Q": {"mean": 0.9998}, "2Q": {"mean": 0.996}, "spam": {"mean": 0.995}},
        "timing": {"T1": 100.0, "T2": 1.0, "1Q": 1.3e-4, "2Q": 9.7e-4, "readout": 1.5e-4, "reset": 5e-5},
    }
    header = {"name": "braket.device_schema.ionq.ionq_device_capabilities", "version": "1"}
    changed = {"braketSchemaHeader": header, "provider": provider, "standardized": None}
    return _made(IonqDeviceCapabilities, _all_joined(36, ["GPI", "GPI2", "ZZ"]) | changed)


def aqt() -> dict[str, Any]:
    """Returns a device in the form of AQT's: 12 qubits, readout and joining gates as figures of the device."""
    of_device = {"value": 1.0, "standardError": 0.1, "unit": "s"}
    standardized = {
        "braketSchemaHeader": {
            "name": "braket.device_schema.standardized_gate_model_qpu_device_properties",
            "version": "3",
        },
        "oneQubitProperties": {str(label): {"oneQubitFidelity": [_BENCHMARK]} for label in range(12)},
        "T1": of_device,
        "T2": of_device,
        "readoutFidelity": [{"fidelityType": None, "fidelity": 0.997, "unit": "fraction"}],
        "twoQubitGateFidelity": [_BENCHMARK | {"fidelity": 0.98}],
    }
    figure = {"value": 99.9, "uncertainty": 0.05}
    characterisation = {
        "single_qubit_gate_fidelity": {str(label): figure for label in range(12)},
        "mean_two_qubit_gate_fidelity": figure,
        "spam_fidelity_lower_bound": 99.7,
        "t2_coherence_time_s": {"value": 0.35, "uncertainty": 0.1},
        "t1_s": {"value": 1.1, "uncertainty": 0.1},
        "readout_time_micros": 2500,
        "single_qubit_gate_duration_micros": 15,
        "two_qubit_gate_duration_micros": 200,
        "updated_at": "2026-01-02T03:04:05+00:00",
    }
    provider_header = {"name": "braket.device_schema.aqt.aqt_provider_properties", "version": "1"}
    changed = {
        "braketSchemaHeader": {"name": "braket.device_schema.aqt.aqt_device_capabilities", "version": "1"},
        "provider": {"braketSchemaHeader": provider_header, "properties": characterisation},
        "standardized": standardized,
    }
    return _made(AqtDeviceCapabilities, _all_joined(12, ["prx", "xx", "rz"]) | changed)


def _all_joined(qubits: int, native: Sequence[str]) -> dict[str, Any]:
    device = capabilities()
    device["paradigm"] |= {
        "qubitCount": qubits,
        "nativeGateSet": list(native),
        "connectivity": {"fullyConnected": True, "connectivityGraph": {}},
    }
    return device


def _made(form: Any, content: Mapping[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(form.parse_obj(content).json())
    return parsed


def quera() -> dict[str, Any]:
    """Returns a device in the form of QuEra's, which is analog."""
    device = capabilities()
    kept = {name: device[name] for name in ("service", "deviceParameters")}
    header = {"name": "braket.device_schema.quera.quera_device_capabilities", "version": "1"}
    paradigm = {
        "braketSchemaHeader": {"name": "braket.device_schema.quera.quera_ahs_paradigm_properties", "version": "1"},
        "qubitCount": 256,
        "lattice": {
            "area": {"width": 7.5e-5, "height": 7.6e-5},
            "geometry": {"spacingRadialMin": 4e-6, "spacingVerticalMin": 4e-6, "positionResolution": 1e-7,
                         "numberSitesMax": 256},
        },
        "rydberg": {
            "c6Coefficient": 5.42e-24,
            "rydbergGlobal": {
                "rabiFrequencyRange": [0.0, 15800000.0], "rabiFrequencyResolution": 400.0,
                "rabiFrequencySlewRateMax": 250000000000000.0, "detuningRange": [-125000000.0, 125000000.0],
                "detuningResolution": 0.2, "detuningSlewRateMax": 2500000000000000.0, "phaseRange": [-99.0, 99.0],
                "phaseResolution": 5e-07, "timeResolution": 1e-9, "timeDeltaMin": 5e-8, "timeMin": 0.0,
                "timeMax": 4e-06,
            },
        },
        "performance": {
            "lattice": dict.fromkeys(_LATTICE, 0.01),
            "rydberg": {"rydbergGlobal": dict.fromkeys(_RYDBERG, 0.01) | {"rabiAmplitudeRampCorrection": []}},
        },
    }  # fmt: skip
    action = {"braket.ir.ahs.program": {"actionType": "braket.ir.ahs.program", "version": ["1"]}}
    return kept | {"braketSchemaHeader": header, "paradigm": paradigm, "action": action}
