"""Which qubits play together: pairs and triples that a device couples, none used twice."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, Candidate

Site = tuple[int, ...]


def sites_of(backend: Backend, candidate: Candidate, parts: int) -> tuple[Site, ...]:
    """Chooses sites of `parts` qubits, of which the middle one is coupled to the others, with the best readout first.

    As many as the candidate's number of qubits holds, or the backend's usual number. Raises `BackendLimitError` if
    the backend has fewer, or if that number holds none.
    """
    wanted = (candidate.qubits or backend.default_qubits) // parts
    found: list[Site] = []
    used: set[int] = set()
    for site in sorted(_possible(backend, parts), key=lambda site: (_error(backend, site), site)):
        if len(found) < wanted and used.isdisjoint(site):
            found.append(site)
            used.update(site)
    if not found or (candidate.qubits and len(found) < wanted):
        room = f"ask for {parts} to {parts * len(found)} qubits" if found else "choose another backend"
        raise BackendLimitError(
            f"{backend.address} has room for {len(found)} set(s) of {parts} coupled qubits, and not {wanted}: {room}"
        )
    return tuple(sorted(found))


def readout_error(backend: Backend, qubit: int) -> float:
    """Returns P(1 | 0) + P(0 | 1) of a qubit as its vendor published it; 0 where it did not."""
    return next((one.flip_0_to_1 + one.flip_1_to_0 for one in backend.calibration if one.qubit == qubit), 0.0)


def _error(backend: Backend, site: Site) -> float:
    return sum(readout_error(backend, qubit) for qubit in site) if backend.calibration else 0.0


def _possible(backend: Backend, parts: int) -> Iterator[Site]:
    """Lists sites, which may overlap; without couplings neighbours in number are taken."""
    if parts == 1:
        yield from ((qubit,) for qubit in range(backend.qubits))
        return
    if backend.coupling is None:
        starts = range(0, backend.qubits - parts + 1, parts)
        yield from (tuple(range(start, start + parts)) for start in starts)
        return
    near: dict[int, set[int]] = {}
    for one, other in backend.coupling:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    for middle, others in near.items():
        for chosen in combinations(sorted(others), parts - 1):
            yield (chosen[0], middle, *chosen[1:])
