"""The devices of the loopback Braket, their capabilities made with the SDK's own schema classes.

"Garnet" has Test-6Q's capabilities, see `vectors.braket_devices`, which is MADE UP FOR TESTS; "Ring-6"
is the same without program sets, and the simulators have SV1's and DM1's forms.
"""

from __future__ import annotations

import json
from typing import Any

from braket.device_schema.iqm import IqmDeviceCapabilities
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities

from vectors.braket_devices import WINDOW, capabilities

ACCOUNT = "123456789012"
SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
DM1 = "arn:aws:braket:::device/quantum-simulator/amazon/dm1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
RING = "arn:aws:braket:us-east-1::device/qpu/test/Ring-6"
FORTE = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"
IBEX = "arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1"
EMERALD = "arn:aws:braket:eu-north-1::device/qpu/iqm/Emerald"
CEPHEUS = "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q"
ANKAA = "arn:aws:braket:us-west-1::device/qpu/rigetti/Ankaa-3"
AQUILA = "arn:aws:braket:us-east-1::device/qpu/quera/Aquila"
_OPENQASM = "braket.ir.openqasm.program"
_PROGRAM_SET = "braket.ir.openqasm.program_set"
_SIMULATOR_REGIONS = ("us-east-1", "us-west-1", "us-west-2", "eu-west-2")


class ServiceError(Exception):
    """A refusal of the service, with its status and its code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Catalogue:
    """The devices, by ARN; a test may change what stands in `capabilities`, `status` and `queue`."""

    def __init__(self) -> None:
        self.capabilities = {
            SV1: _simulator(34),
            DM1: _simulator(17),
            GARNET: _with_program_sets(capabilities()),
            RING: capabilities(),
        }
        self.status = dict.fromkeys(self.capabilities, "ONLINE")
        self.queue = dict.fromkeys(self.capabilities, "3")
        self.spent: dict[str, str] = {}
        """What was spent on a device of the 100 USD that its spending limit allows; no limit on the others."""
        self.limits: dict[str, str] = {}
        """The spending limits that were set with CreateSpendingLimit."""

    def add(self, arn: str, device: dict[str, Any]) -> None:
        """Adds a device with its capabilities, or changes them."""
        self.capabilities[arn] = device
        self.status[arn], self.queue[arn] = "ONLINE", "3"

    def spending_limit(self, arn: str) -> dict[str, Any]:
        """Describes the spending limit of a device, as SearchSpendingLimits does."""
        region = arn.split(":")[3]
        return {
            "spendingLimitArn": f"arn:aws:braket:{region}:{ACCOUNT}:spending-limit/one",
            "deviceArn": arn,
            "timePeriod": {"startAt": 1_790_000_000, "endAt": 1_798_675_200},
            "spendingLimit": self.limits.get(arn, "100.00"),
            "queuedSpend": "0.30",
            "totalSpend": self.spent.get(arn, "0.00"),
            "createdAt": "2026-09-21T14:13:20Z",
            "updatedAt": "2026-09-21T14:13:20Z",
        }

    def listed(self, region: str) -> list[dict[str, str]]:
        """Lists the devices of a region, as SearchDevices does."""
        return [self._summary(arn) for arn in self.capabilities if _is_in(arn, region)]

    def device(self, arn: str, region: str) -> dict[str, Any]:
        """Describes a device, as GetDevice does."""
        if arn not in self.capabilities or not _is_in(arn, region):
            raise ServiceError(404, "ResourceNotFoundException", f"Device {arn} is not found.")
        queues = [("QUANTUM_TASKS_QUEUE", "Normal", self.queue[arn]), ("QUANTUM_TASKS_QUEUE", "Priority", "0")]
        return self._summary(arn) | {
            "deviceCapabilities": json.dumps(self.capabilities[arn]),
            "deviceQueueInfo": [{"queue": q, "queuePriority": p, "queueSize": size} for q, p, size in queues]
            + [{"queue": "JOBS_QUEUE", "queueSize": "0"}],
        }

    def _summary(self, arn: str) -> dict[str, str]:
        return {
            "deviceArn": arn,
            "deviceName": arn.rpartition("/")[2],
            "providerName": arn.split("/")[-2],
            "deviceType": "SIMULATOR" if "simulator" in arn else "QPU",
            "deviceStatus": self.status[arn],
        }


def _is_in(arn: str, region: str) -> bool:
    home = arn.split(":")[3]
    return home == region if home else region in _SIMULATOR_REGIONS


def _with_program_sets(device: dict[str, Any]) -> dict[str, Any]:
    device["action"][_PROGRAM_SET] = {
        "actionType": _PROGRAM_SET,
        "version": ["1"],
        "maximumExecutables": 100,
        "maximumTotalShots": 200_000,
    }
    parsed: dict[str, Any] = json.loads(IqmDeviceCapabilities.parse_obj(device).json())
    return parsed


def _simulator(qubits: int) -> dict[str, Any]:
    made = GateModelSimulatorDeviceCapabilities.parse_obj(
        {
            "service": {"executionWindows": [WINDOW], "shotsRange": [0, 100_000]},
            "action": {_OPENQASM: {"actionType": _OPENQASM, "version": ["1"], "supportedOperations": ["h", "x"]}},
            "paradigm": {"qubitCount": qubits},
            "deviceParameters": {},
        }
    )
    parsed: dict[str, Any] = json.loads(made.json())
    return parsed
