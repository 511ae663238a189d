"""A device of the tests that plays certified protocols as it is told: honestly, or as an adversary built it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qrng_hub import Hub
from qrng_hub.bits import pack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.clock import Clock
from qrng_hub.protocols import Chsh, Mermin
from qrng_hub.records import Backend, Job, Origin, RawBlock
from qrng_hub.testing import Script, ScriptedAdapter

Bits = npt.NDArray[np.uint8]
#: Takes settings (circuits, sites, parts) and the number of shots; gives answers (circuits, shots, sites, parts).
Strategy = Callable[[Bits, int], Bits]


class GameDevice(ScriptedAdapter):
    """Plays CHSH, or Mermin's game with `parts` = 3, on neighbouring qubits by a strategy."""

    def __init__(self, strategy: Strategy, clock: Clock, script: Script | None = None, parts: int = 2) -> None:
        script = script or Script()
        script.p_one = 0.5  # what is measured is not what is answered
        super().__init__({"qpu": script}, clock)
        self._strategy, self._parts = strategy, parts

    def describe(self, name: str) -> Backend:
        """Describes a device that joins any qubits."""
        backend = super().describe(name)
        return backend.model_copy(update={"qubits": 192, "gates": (*backend.gates, "cx")})

    def collect(self, job: Job) -> tuple[RawBlock, ...]:
        """Answers every circuit of a job that is done."""
        blocks = super().collect(job)
        settings = np.array([self._settings(circuit) for circuit in job.spec.circuits], np.uint8)
        answers = self._strategy(settings, job.spec.shots)
        flat = answers.reshape(*answers.shape[:2], -1)
        return tuple(
            RawBlock.model_validate(block.model_dump() | {"outcomes": pack_shots(own)})
            for block, own in zip(blocks, flat, strict=True)
        )

    def _settings(self, circuit: Circuit) -> Any:
        game = Chsh() if self._parts == 2 else Mermin()
        gates: dict[int, list[Any]] = {}
        for gate in circuit.gates:
            for qubit in gate.qubits:
                gates.setdefault(qubit, []).append(gate)
        settings = [game.setting_of(gates[qubit]) for qubit in circuit.measured]
        return np.array(settings).reshape(-1, self._parts)


def winning(share: float, seed: int) -> Strategy:
    """Wins each round of CHSH with this probability, and has fair answers."""
    rng = np.random.default_rng(seed)

    def play(settings: Bits, shots: int) -> Bits:
        shape = len(settings), shots, settings.shape[1]
        a = rng.integers(0, 2, shape, np.uint8)
        lost = (rng.random(shape) >= share).astype(np.uint8)
        return np.stack([a, a ^ lost ^ settings.prod(axis=2)[:, None].astype(np.uint8)], axis=3)

    return play


def never_losing(seed: int) -> Strategy:
    """Wins every round of Mermin's game, and has fair answers otherwise."""
    rng = np.random.default_rng(seed)

    def play(settings: Bits, shots: int) -> Bits:
        shape = len(settings), shots, settings.shape[1]
        a, b, other = (rng.integers(0, 2, shape, np.uint8) for _ in range(3))
        ones = settings.sum(axis=2)[:, None]
        c = np.where(ones == 0, a ^ b, np.where(ones == 2, a ^ b ^ 1, other)).astype(np.uint8)
        return np.stack([a, b, c], axis=3)

    return play


def constant(settings: Bits, shots: int) -> Bits:
    """Always answers 0: local, and wins three of the four pairs of settings."""
    return np.zeros((len(settings), shots, *settings.shape[1:]), np.uint8)


def hub(
    adapters: Sequence[ScriptedAdapter],
    protocol: str,
    options: dict[str, Any],
    backends: Sequence[Any] = (),
    **more: Any,
) -> Hub:
    """Opens a hub whose run file asks for a certified protocol of these devices, for free."""
    simulators = any(adapter.origin(name) is Origin.SIMULATOR for adapter in adapters for name in adapter.names())
    run_file = {
        "version": 1,
        "request": {"bytes": 32, "epsilon": 1e-12, "protocol": protocol, "certificate": options} | more,
        "policy": {"fallback": "simulate-on-failure" if simulators else "hardware-only"},
        "budget": {"usd": 100},
        "backend": list(backends) or [{"address": "scripted:qpu", "qubits": 160}],
    }
    return Hub.open(run_file, clock=adapters[0].clock, adapters=adapters)
