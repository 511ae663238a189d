"""Splits a circuit into parts that no gate joins, since a simulation's cost doubles with each qubit.

Qubits that no gate joins are independent, and so is their noise: parts that are simulated apart,
each with a seed of its own, have the joint distribution of the whole circuit.
"""

from __future__ import annotations

import os

from qrng_hub.circuits import Circuit
from qrng_hub.errors import BackendLimitError

_MEMORY_IF_UNKNOWN = 8 * 2**30


def split(circuit: Circuit, width: int, most: int) -> tuple[Circuit, ...]:
    """Returns circuits that together measure what `circuit` does, in ascending order of their first qubit.

    Joined qubits stay together; sets of them share a part as long as it has at most `width` qubits.
    Raises `BackendLimitError` if gates join more than `most` qubits.
    """
    groups: list[set[int]] = []
    for joined in _joined(circuit):
        if len(joined) > most:
            raise BackendLimitError(
                f"gates join {len(joined)} qubits of the circuit and at most {most} fit in this machine's"
                " memory: entangle fewer; any number may be measured that no gate joins"
            )
        if groups and len(groups[-1]) + len(joined) <= width:
            groups[-1] |= joined
        else:
            groups.append(joined)
    return tuple(_restricted(circuit, group) for group in groups)


def _joined(circuit: Circuit) -> list[set[int]]:
    """Lists the sets of qubits that gates join, as far as one of them is measured."""
    of = {qubit: {qubit} for qubit in circuit.qubits}
    for gate in circuit.gates:
        first, last = of[gate.qubits[0]], of[gate.qubits[-1]]
        if first is not last:
            first |= last
            of.update(dict.fromkeys(last, first))
    sets = {id(joined): joined for joined in of.values()}
    return [joined for joined in sets.values() if not joined.isdisjoint(circuit.measured)]


def _restricted(circuit: Circuit, qubits: set[int]) -> Circuit:
    gates = tuple(gate for gate in circuit.gates if gate.qubits[0] in qubits)
    return Circuit(gates, tuple(qubit for qubit in circuit.measured if qubit in qubits))


def most_qubits(bytes_per_amplitude: int, amplitudes_per_qubit: int, at_most: int) -> int:
    """Returns how many qubits half of this machine's memory can simulate, and no more than `at_most`."""
    room = memory_bytes() // 2 // bytes_per_amplitude
    return next((n for n in range(at_most, 1, -1) if amplitudes_per_qubit**n <= room), 1)


def memory_bytes() -> int:
    """Returns the size of this machine's memory, or 8 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _MEMORY_IF_UNKNOWN
