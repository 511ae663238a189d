"""What is asked of `cirq_google.Engine`, in the SDK's own objects; the only module that imports its client."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

import cirq_google
from cirq_google.engine import engine_client
from cirq_google.engine.asyncio_executor import AsyncioExecutor
from google.api_core.exceptions import AlreadyExists

from qrng_hub.adapter import unknown_backend
from qrng_hub.records import Backend, JobSpec
from qrng_hub_cirq.entries import HUB_LABEL, id_of, labels_of
from qrng_hub_cirq.outcomes import shot_table
from qrng_hub_cirq.processors import Grid
from qrng_hub_cirq.status import ENGINE, status_of

_NOT_FOUND = 404
#: A job may have at most these, says the SDK's own check of a program.
_MAX_SHOTS = cirq_google.engine.engine_validator.MAX_TOTAL_REPETITIONS
_RETRIES_SHARE = 8  # the pauses between retries add up to some quarter of the timeout


def open_engine(project_id: str, timeout_seconds: float, service_args: dict[str, Any] | None = None) -> Any:
    """Opens the engine of a project; credentials are looked for at the first question.

    Without streaming: over the stream a job is submitted when its outcomes are asked for, with no
    answer before that. The client by itself would retry for two hours and print to stderr.
    `service_args` are those of the SDK's gRPC client, for a service elsewhere.
    """
    longest_pause = timeout_seconds / _RETRIES_SHARE
    client = engine_client.EngineClient(service_args, verbose=False, max_retry_delay_seconds=longest_pause)
    context = cirq_google.engine.engine.EngineContext(client=client, enable_streaming=False)
    return cirq_google.Engine(project_id, context=context)


class Processor:
    """A processor as it is now: its qubits, whether it runs jobs, and under which configuration."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry
        self.grid = _grid(entry.device_spec.value)

    def backend(self, name: str, calibration: Any = None) -> Backend:
        """Describes the processor."""
        return self.grid.backend(
            address=f"cirq:{name}",
            max_shots=_MAX_SHOTS,
            max_circuits=1,
            calibration=calibration,
            **status_of(self.entry),
        )


class Client:
    """Asks one engine; a program and its only job have the same id, which follows from the job's key."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self._project: str = engine.project_id
        self._service = engine.context.client

    # processors

    def processor_ids(self) -> list[str]:
        """Lists the processors that the project may see."""
        return sorted(processor.processor_id for processor in self._engine.list_processors())

    def processor(self, processor_id: str) -> Processor:
        """Looks at a processor; raises `UnknownBackendError`."""
        try:
            return Processor(self._service.get_processor(self._project, processor_id))
        except engine_client.EngineException as error:
            if error.code != _NOT_FOUND:
                raise
        known = [ENGINE + known for known in self.processor_ids()]
        raise unknown_backend("cirq", ENGINE + processor_id, known)

    def describe(self, name: str, processor_id: str) -> Backend:
        """Describes a processor with its current calibration, if it has one."""
        processor = self.processor(processor_id)
        return processor.backend(name, self._engine.get_processor(processor_id).get_current_calibration())

    # jobs

    def run(self, spec: JobSpec, processor_id: str, processor: Processor) -> tuple[str, datetime]:
        """Makes the program, unless it is there, and the job, under the processor's default configuration.

        Returns the name of the job's resource and when it was made.
        """
        identity, configuration = id_of(spec.key), processor.entry.default_device_config_key
        job = self._program(spec, processor).run_sweep(
            job_id=identity,
            processor_id=processor_id,
            repetitions=spec.shots,
            labels=labels_of(spec.key),
            run_name=configuration.run,
            snapshot_id=configuration.snapshot_id,
            device_config_name=configuration.config_alias,
        )
        return f"projects/{self._project}/programs/{identity}/jobs/{identity}", job.create_time()

    def _program(self, spec: JobSpec, processor: Processor) -> Any:
        """Makes the program, or returns the one that is there; `Engine.run_sweep` would take ABORTED for that."""
        identity, circuit = id_of(spec.key), processor.grid.program(spec.circuits[0])
        try:
            return self._engine.create_program(circuit, identity, labels=labels_of(spec.key))
        except engine_client.EngineException as error:
            if not isinstance(error.__cause__, AlreadyExists):
                raise
            return self._engine.get_program(identity)

    def job(self, key: str) -> Any:
        """Returns a job's entry (a `QuantumJob`), or None if there is no such job."""
        try:
            return self._service.get_job(self._project, id_of(key), id_of(key), False)
        except engine_client.EngineException as error:
            if error.code != _NOT_FOUND:
                raise
            return None

    def jobs(self, since: datetime | None) -> list[Any]:
        """Lists the entries of the hub's jobs that were made since a time."""
        return self._service.list_jobs(self._project, created_after=since, has_labels={HUB_LABEL: "*"})

    def outcomes(self, spec: JobSpec) -> Any:
        """Fetches a finished job's outcomes, packed, and checks them against the program and the number of shots."""
        identity = id_of(spec.key)
        program = self._engine.get_program(identity).get_circuit()
        result = self._service.get_job_results(self._project, identity, identity).result
        return shot_table(result, program, spec)

    def cancel(self, key: str) -> None:
        """Asks to stop a job."""
        self._service.cancel_job(self._project, id_of(key), id_of(key))

    def delete(self, key: str) -> None:
        """Deletes a program with its job and the outcomes."""
        self._service.delete_program(self._project, id_of(key), delete_jobs=True)

    def close(self) -> None:
        """Closes the channel, if it was ever opened, where it lives: in the SDK's event loop."""
        if "grpc_client" in vars(self._service):
            AsyncioExecutor.instance().submit(self._service.grpc_client.transport.close).result()


@lru_cache(maxsize=16)
def _grid(specification: bytes) -> Grid:
    """Reads a device's specification, which is large and seldom changes."""
    proto = cirq_google.api.v2.device_pb2.DeviceSpecification.FromString(specification)
    return Grid(cirq_google.GridDevice.from_proto(proto).metadata)
