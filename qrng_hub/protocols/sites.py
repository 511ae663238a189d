"""Which qubits play together: pairs and triples that a device couples, none used twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import combinations

from qrng_hub.errors import BackendLimitError
from qrng_hub.records import Backend, Candidate

Site = tuple[int, ...]


def sites_of(backend: Backend, candidate: Candidate, parts: int) -> tuple[Site, ...]:
    """Chooses sites of `parts` qubits, of which the middle one is coupled to the others, with the best readout first.

    As many as the candidate's number of qubits holds, or the backend's usual number. Raises `BackendLimitError` if
    the backend has fewer, or if that number holds none.
    """
    wanted = (candidate.qubit_count or backend.default_qubits) // parts
    among = set(backend.usable_qubits if candidate.chosen_qubits is None else candidate.chosen_qubits)
    require_there(backend, among)
    found: list[Site] = []
    used: set[int] = set()
    for site in sorted(_possible(backend, parts, among), key=lambda site: (_error(backend, site), site)):
        if len(found) < wanted and used.isdisjoint(site):
            found.append(site)
            used.update(site)
    if not found or (candidate.qubit_count and len(found) < wanted):
        room = f"ask for {parts} to {parts * len(found)} qubits" if found else "choose another backend, or other qubits"
        raise BackendLimitError(
            f"{backend.address} has room for {len(found)} set(s) of {parts} coupled qubits, and not {wanted}: {room}"
        )
    return tuple(sorted(found))


def require_there(backend: Backend, qubits: Collection[int]) -> None:
    """Raises `BackendLimitError` if a backend has not these physical qubits."""
    if (most := max(qubits, default=-1)) >= backend.qubits:
        raise BackendLimitError(f"{backend.address} has the qubits 0 to {backend.qubits - 1}, and no {most}")
    if faulty := sorted(set(qubits) & set(backend.faulty)):
        raise BackendLimitError(f"qubits of {backend.address} are out of use: {listed(faulty)}; choose others")


def readout_error(backend: Backend, qubit: int) -> float:
    """Returns P(1 | 0) + P(0 | 1) of a qubit as its vendor published it, or the worst of the device where it did not.

    It is 0 on a device of which nothing is published.
    """
    errors = {one.qubit: one.flip_0_to_1 + one.flip_1_to_0 for one in backend.calibration}
    return errors.get(qubit, max(errors.values(), default=0.0))


def listed(qubits: Collection[int]) -> str:
    """Lists qubits for a message."""
    return ", ".join(map(str, qubits))


def _error(backend: Backend, site: Site) -> float:
    return sum(readout_error(backend, qubit) for qubit in site) if backend.calibration else 0.0


def _possible(backend: Backend, parts: int, among: Collection[int]) -> Iterator[Site]:
    """Lists sites, which may overlap, of some qubits; without couplings neighbours in number are taken."""
    if parts == 1:
        yield from ((qubit,) for qubit in among)
        return
    if backend.coupling is None:
        row = sorted(among)
        yield from (tuple(row[start : start + parts]) for start in range(0, len(row) - parts + 1, parts))
        return
    near: dict[int, set[int]] = {}
    for one, other in backend.coupling:
        if one in among and other in among:
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
    for middle, others in near.items():
        for chosen in combinations(sorted(others), parts - 1):
            yield (chosen[0], middle, *chosen[1:])
