"""What Qiskit, Aer and IBM's client raise, in the hub's words.

An error of the service that does not say what became of a job stays a `VendorError`: it must not be
taken for a failed job.
"""

from qrng_hub.adapter import VendorErrors
from qrng_hub.errors import (
    AdapterUnavailableError,
    AuthenticationError,
    ConfigError,
    JobError,
    JobFailedError,
    JobNotFoundError,
    JobTimeoutError,
    QRNGError,
    UnknownBackendError,
    UnsupportedCircuitError,
    VendorError,
)

_QISKIT: dict[str, type[QRNGError]] = {
    "qiskit.exceptions.QiskitError": VendorError,
    "qiskit.exceptions.QiskitUserConfigError": ConfigError,
    "qiskit.exceptions.MissingOptionalLibraryError": AdapterUnavailableError,
    "qiskit.exceptions.InvalidFileError": VendorError,
    "qiskit.exceptions.QiskitWarning": VendorError,
    "qiskit.exceptions.OptionalDependencyImportWarning": VendorError,
    "qiskit.exceptions.ExperimentalWarning": VendorError,
    "qiskit.circuit.exceptions.CircuitError": UnsupportedCircuitError,
    "qiskit.passmanager.exceptions.PassManagerError": UnsupportedCircuitError,
    "qiskit.transpiler.exceptions.TranspilerAccessError": UnsupportedCircuitError,
    "qiskit.transpiler.exceptions.TranspilerError": UnsupportedCircuitError,
    "qiskit.transpiler.exceptions.CouplingError": UnsupportedCircuitError,
    "qiskit.transpiler.exceptions.LayoutError": UnsupportedCircuitError,
    "qiskit.transpiler.exceptions.CircuitTooWideForTarget": UnsupportedCircuitError,
    "qiskit.transpiler.exceptions.InvalidLayoutError": UnsupportedCircuitError,
    "qiskit.providers.exceptions.JobError": JobError,
    "qiskit.providers.exceptions.JobTimeoutError": JobTimeoutError,
    "qiskit.providers.exceptions.QiskitBackendNotFoundError": UnknownBackendError,
    "qiskit.result.exceptions.ResultError": VendorError,
}
_AER: dict[str, type[QRNGError]] = {
    "builtins.MemoryError": JobFailedError,
    "qiskit_aer.aererror.AerError": JobFailedError,
    "qiskit_aer.noise.noiseerror.NoiseError": JobFailedError,
}
_RUNTIME: dict[str, type[QRNGError]] = {
    "qiskit_ibm_runtime.exceptions.IBMError": VendorError,
    "qiskit_ibm_runtime.exceptions.IBMAccountError": AuthenticationError,
    "qiskit_ibm_runtime.exceptions.IBMBackendError": VendorError,
    "qiskit_ibm_runtime.exceptions.IBMBackendApiProtocolError": VendorError,
    "qiskit_ibm_runtime.exceptions.IBMBackendValueError": VendorError,
    "qiskit_ibm_runtime.exceptions.IBMBackendApiError": VendorError,
    "qiskit_ibm_runtime.exceptions.IBMInputValueError": ConfigError,
    "qiskit_ibm_runtime.exceptions.IBMNotAuthorizedError": AuthenticationError,
    "qiskit_ibm_runtime.exceptions.IBMApiError": VendorError,
    "qiskit_ibm_runtime.exceptions.IBMRuntimeError": VendorError,
    "qiskit_ibm_runtime.exceptions.RuntimeProgramNotFound": VendorError,
    "qiskit_ibm_runtime.exceptions.RuntimeJobFailureError": JobFailedError,
    "qiskit_ibm_runtime.exceptions.RuntimeJobNotFound": JobNotFoundError,
    "qiskit_ibm_runtime.exceptions.RuntimeInvalidStateError": VendorError,
    "qiskit_ibm_runtime.exceptions.RuntimeJobTimeoutError": JobTimeoutError,
    "qiskit_ibm_runtime.exceptions.RuntimeJobMaxTimeoutError": JobFailedError,
    "qiskit_ibm_runtime.api.exceptions.ApiError": VendorError,
    "qiskit_ibm_runtime.api.exceptions.RequestsApiError": VendorError,
    "qiskit_ibm_runtime.api.exceptions.AuthenticationLicenseError": AuthenticationError,
    "qiskit_ibm_runtime.api.exceptions.ApiIBMProtocolError": VendorError,
    "qiskit_ibm_runtime.api.exceptions.UserTimeoutExceededError": JobTimeoutError,
    "qiskit_ibm_runtime.accounts.exceptions.AccountsError": AuthenticationError,
    "qiskit_ibm_runtime.accounts.exceptions.InvalidAccountError": AuthenticationError,
    "qiskit_ibm_runtime.accounts.exceptions.AccountNotFoundError": AuthenticationError,
    "qiskit_ibm_runtime.accounts.exceptions.AccountAlreadyExistsError": ConfigError,
    "qiskit_ibm_runtime.accounts.exceptions.CloudResourceNameResolutionError": VendorError,
    "qiskit_ibm_runtime.models.exceptions.BackendPropertyError": VendorError,
    "qiskit_ibm_runtime.models.exceptions.BackendConfigurationError": VendorError,
}

ERRORS = VendorErrors("IBM", _QISKIT | _AER | _RUNTIME)
