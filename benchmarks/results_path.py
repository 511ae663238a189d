"""From the service's answer to a RawBlock, against the SDK's own result() of the same job, in turn. Prints JSON.

The services are the tests' loopback ones, in a process of their own. Braket's measures on the SDK's
simulator; IBM's sends bits of a generator, written out once, in the form of a device's outcomes. The hub's
side is `adapter.collect`, which asks for the job's state, fetches, checks and packs; the SDK's side is a
job asked for by its id and its `result()`, of a session or a service that is logged in already.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from in_flight import Service, region_of, serving
from measuring import machine, paired

from qrng_hub.adapter import Adapter
from qrng_hub.bits import pack_shots
from qrng_hub.circuits import Circuit
from qrng_hub.records import Job, JobSpec

SHOTS = 100_000
#: address, qubits, rounds
CASES = (("braket:sv1", 20, 5), ("ibm:ibm_fez", 127, 15), ("ibm:ibm_fez", 156, 15))


@dataclass(frozen=True)
class SDK:
    """What an SDK's documentation says to write, and how its result becomes a table of zeros and ones."""

    fetch: Callable[[], Any]
    table: Callable[[Any], Any]


def of_braket(job: Job, service: Service) -> SDK:
    """Prepares Braket's SDK."""
    import boto3
    from braket.aws import AwsQuantumTask, AwsSession

    session = AwsSession(boto_session=boto3.Session(region_name=region_of(job.spec.address)))
    return SDK(lambda: AwsQuantumTask(job.vendor_id, aws_session=session).result(), lambda result: result.measurements)


def of_ibm(job: Job, service: Service) -> SDK:
    """Prepares IBM's client."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    client = QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token=service.environment["QISKIT_IBM_TOKEN"],
        instance=service.settings["instance"],
        url_resolver=lambda *_: service.settings["runtime_url"],
    )
    return SDK(
        lambda: client.job(job.vendor_id).result(), lambda result: result[0].data.meas.to_bool_array(order="little")
    )


def finished(adapter: Adapter, service: Service, spec: JobSpec) -> Job:
    """Submits a job, has the service end it, and sees that it is done."""
    (job,) = adapter.submit([spec])
    service.tell(*(("invent",) if spec.address.startswith("ibm:") else ("move", "done", 1.0)))
    (job,) = adapter.poll([job])
    return job


def measure(address: str, qubits: int, rounds: int) -> dict[str, object]:
    """Measures one case, once it is seen that both sides have the same outcomes."""
    circuit = Circuit().h(*range(qubits)).measure(*range(qubits))
    spec = JobSpec(key=uuid.uuid4().hex, address=address, circuits=(circuit,), shots=SHOTS)
    with serving(address) as service:
        adapter = service.adapter(address)
        job = finished(adapter, service, spec)
        sdk = (of_ibm if address.startswith("ibm:") else of_braket)(job, service)
        service.tell("calls")
        (block,) = adapter.collect(job)
        hub_calls = service.tell("calls")
        theirs = sdk.table(sdk.fetch())
        sdk_calls = service.tell("calls")
        assert np.array_equal(block.outcomes, pack_shots(theirs)), "the two sides have different outcomes"
        result = paired(rounds, lambda: adapter.collect(job), sdk.fetch)
        adapter.close()
    calls = {"hub_calls": hub_calls, "sdk_calls": sdk_calls}
    return {"backend": address, "qubits": qubits, "shots": SHOTS, "rounds": rounds} | result | calls


def main() -> None:
    """Measures and prints."""
    rows = []
    for case in CASES:
        rows.append(measure(*case))
        print(json.dumps(rows[-1]), file=sys.stderr)
    print(json.dumps({"benchmark": "results_path", "machine": machine(), "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
