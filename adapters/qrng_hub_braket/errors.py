"""What the Braket SDK raises, in the hub's words."""

from qrng_hub.adapter import VendorErrors
from qrng_hub.errors import JobFailedError, ServiceUnreachableError, UnsupportedCircuitError, VendorError

ERRORS = VendorErrors(
    "braket",
    {
        "braket.ahs.discretization_types.DiscretizationError": UnsupportedCircuitError,
        "braket.default_simulator.openqasm.parser.openqasm_parser.QASM3ParsingError": UnsupportedCircuitError,
        "braket.default_simulator.openqasm.program_context._BreakSignal": VendorError,
        "braket.default_simulator.openqasm.program_context._ContinueSignal": VendorError,
        "braket.emulation.pass_manager.EmulatorValidationError": UnsupportedCircuitError,
        "braket.experimental_capabilities.experimental_capability_context.ExperimentalCapabilityContextError": (
            UnsupportedCircuitError
        ),
        "braket.jobs.metrics_data.exceptions.MetricsRetrievalError": VendorError,
        "botocore.exceptions.BotoCoreError": ServiceUnreachableError,
        "botocore.exceptions.ClientError": VendorError,
        "builtins.MemoryError": JobFailedError,
        "builtins.NotImplementedError": UnsupportedCircuitError,
        "builtins.TypeError": JobFailedError,
        "builtins.ValueError": JobFailedError,
    },
)
