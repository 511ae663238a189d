"""What a backend can run, and what to say of what it cannot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches

from qrng_hub.circuits import Circuit
from qrng_hub.errors import (
    BackendLimitError,
    ServiceUnreachableError,
    UnknownBackendError,
    UnsupportedCircuitError,
)
from qrng_hub.records import Backend, JobSpec


def require_supported(backend: Backend, spec: JobSpec) -> None:
    """Raises `BackendLimitError` or `UnsupportedCircuitError` unless `backend` can run `spec`."""
    address = backend.address
    if not spec.circuits or (backend.max_circuits or len(spec.circuits)) < len(spec.circuits):
        limit = f"1 to {backend.max_circuits}" if backend.max_circuits else "at least 1"
        raise BackendLimitError(f"{address} takes {limit} circuits a job, not {len(spec.circuits)}")
    if spec.shots < backend.min_shots or (backend.max_shots or spec.shots) < spec.shots:
        least, most = f"{backend.min_shots:,}", backend.max_shots
        limit = f"{least} to {most:,}" if most else f"at least {least}"
        raise BackendLimitError(f"{address} takes {limit} shots, not {spec.shots:,}: set shots within that range")
    for circuit in set(spec.circuits):
        _require_circuit(backend, circuit)


def require_in_time(spec: JobSpec, now: datetime) -> None:
    """Raises `ServiceUnreachableError`, before the request that makes a job, once it is too late for it."""
    if spec.submit_by_utc is not None and now > spec.submit_by_utc:
        late = ServiceUnreachableError(
            f"job {spec.key} on {spec.address} was not submitted: until {spec.submit_by_utc:%H:%M:%S} UTC the vendor"
            " had not answered what is asked first"
        )
        late.may_have_happened = False
        raise late


def _require_circuit(backend: Backend, circuit: Circuit) -> None:
    address = backend.address
    if not circuit.measured:
        raise UnsupportedCircuitError(f"a circuit for {address} measures no qubit; add measure(...)")
    if circuit.qubits[-1] >= backend.qubits:
        raise BackendLimitError(
            f"{address} has {backend.qubits} qubits (0 to {backend.qubits - 1}) and no qubit {circuit.qubits[-1]}:"
            " ask for fewer qubits"
        )
    if faulty := sorted(set(circuit.qubits).intersection(backend.faulty)):
        raise BackendLimitError(f"qubits of {address} are out of use: {', '.join(map(str, faulty))}; choose others")
    if missing := sorted(circuit.gate_names.difference(backend.gates)):
        raise UnsupportedCircuitError(
            f"{address} cannot run the gate(s) {', '.join(missing)}; it runs {', '.join(backend.gates)}."
            " cirq:simulator, ibm:aer and braket:braket_sv run every gate"
        )
    joined = {frozenset(gate.qubits) for gate in circuit.gates if len(gate.qubits) == 2}
    if joined and backend.coupling is not None:
        for pair in joined.difference(map(frozenset, backend.coupling)):
            raise UnsupportedCircuitError(f"{address} does not couple qubits {' and '.join(map(str, sorted(pair)))}")


def unknown_backend(adapter: str, name: str, names: Iterable[str]) -> UnknownBackendError:
    """Makes the error for a name that the adapter does not have; gives the nearest it has, or them all."""
    listed = list(names)
    near = get_close_matches(name, listed, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has: {', '.join(listed)}"
    return UnknownBackendError(f"{adapter} has no backend {name!r}; {hint}")
