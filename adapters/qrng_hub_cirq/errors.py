"""What Cirq, cirq_google and the packages below them raise, in the hub's words; qsimcirq has no classes of its own."""

from qrng_hub.adapter import VendorErrors
from qrng_hub.errors import (
    AdapterUnavailableError,
    JobFailedError,
    ServiceUnreachableError,
    UnsupportedCircuitError,
    VendorError,
)

ERRORS = VendorErrors(
    "cirq",
    {
        "builtins.ValueError": JobFailedError,
        "builtins.TypeError": JobFailedError,
        "builtins.RuntimeError": JobFailedError,
        "builtins.NotImplementedError": JobFailedError,
        "builtins.MemoryError": JobFailedError,
        "cirq._compat.DeprecatedModuleImportError": AdapterUnavailableError,
        "cirq.linalg.transformations.EntangledStateError": JobFailedError,
        "cirq_google.engine.engine_client.EngineException": VendorError,
        "cirq_google.engine.stream_manager.StreamError": ServiceUnreachableError,
        "cirq_google.line.placement.sequence.NotFoundError": UnsupportedCircuitError,
        "cirq_google.workflow.qubit_placement.CouldNotPlaceError": UnsupportedCircuitError,
        "duet.impl.TaskStateError": VendorError,
    },
)
