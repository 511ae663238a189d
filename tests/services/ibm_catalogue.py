"""What the loopback IBM service has: an instance with its plan and its usage, and devices."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from qiskit_ibm_runtime import fake_provider

API = "/api/v1"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef:11111111-2222-3333-4444-555555555555::"
OTHER_CRN = CRN.replace("5555::", "6666::")
#: the plan's id in the catalogue -> what the catalogue says of it
PLANS = {
    "plan-open": ("Open", "free"),
    "plan-paygo": ("Pay-As-You-Go", "paygo"),
    "plan-premium": ("Premium", "paid"),
    "plan-dedicated": ("Dedicated", "paid"),
}
_SNAPSHOTS = {"ibm_guadalupe": fake_provider.FakeGuadalupeV2, "ibm_fez": fake_provider.FakeFez}


class Catalogue:
    """The instances, by CRN, with name and plan; the devices, with the state and the queue of each."""

    def __init__(self) -> None:
        self.owned = {CRN: ("hub-tests", "plan-paygo")}
        self.queues: dict[str, Any] = {"ibm_guadalupe": 3, "ibm_fez": 7}
        self.altered: dict[str, Callable[[dict[str, Any]], object]] = {}
        """What is done to a file that is published of a device, by its path, "ibm_fez/properties" say."""
        self.offline: dict[str, str] = {}
        """Why a device does not run jobs."""
        self.paused: set[str] = set()
        """Devices that are listed as online and do not run what they are given."""
        self.usage_reached = False
        self.usage: dict[str, Any] = {"usage_consumed_seconds": 100, "usage_limit_seconds": 600}

    def instances(self) -> list[dict[str, Any]]:
        """Lists the instances as the global search does."""
        return [
            {
                "crn": crn,
                "name": name,
                "service_plan_unique_id": plan,
                "tags": [],
                "doc": {"extensions": {"backends": "all"}},
            }
            for crn, (name, plan) in self.owned.items()
        ]

    def plan(self, plan: str) -> dict[str, Any]:
        """Describes a plan as the global catalogue does."""
        name, pricing = PLANS[plan]
        return {"overview_ui": {"en": {"display_name": name}}, "metadata": {"pricing": {"type": pricing}}}

    def reply(self, parts: list[str]) -> object:
        """Answers what the path asks for; None if there is no such thing."""
        match parts:
            case ["backends"]:
                return {"devices": [*map(self._listed, self.queues), _MOCK]}
            case ["backends", name, "configuration" | "properties" as file] if name in self.queues:
                return self._file(name, file)
            case ["backends", name, "status"] if name in self.queues:
                return self._status(name)
            case ["instances", "usage"]:
                return {"instance_id": CRN, "usage_limit_reached": self.usage_reached, **self.usage}
        return None

    def _file(self, name: str, file: str) -> dict[str, Any]:
        content = deepcopy(_published(name, file))
        self.altered.get(f"{name}/{file}", bool)(content)
        return content

    def _listed(self, name: str) -> dict[str, Any]:
        state = {"name": "offline" if name in self.offline else "online"}
        qubits = _published(name, "configuration")["n_qubits"]
        return {"name": name, "status": state, "queue_length": self.queues[name], "qubits": qubits, "class": "qpu"}

    def _status(self, name: str) -> dict[str, Any]:
        why = self.offline.get(name) or ("internal" if name in self.paused else None)
        state = {"state": why is None, "status": why or "active"}
        return {**state, "length_queue": self.queues[name], "backend_version": "1.0.0"}


_MOCK = {"name": "mock_fez", "status": {"name": "online"}, "queue_length": 0, "qubits": 156, "class": "mock"}


@cache
def _published(name: str, file: str) -> dict[str, Any]:
    """Reads what IBM published of a device, from the snapshots in its client."""
    snapshot: Any = _SNAPSHOTS[name]
    path = {"configuration": snapshot.conf_filename, "properties": snapshot.props_filename}[file]
    content: dict[str, Any] = json.loads((Path(snapshot.dirname) / path).read_text())
    return content | {"backend_name": name}
