"""What Qiskit, Aer and IBM's client raise, in the hub's words.

An error of the service that does not say what became of a job stays a `VendorError`: it must not be
taken for a failed job. The client wraps what happened on the way there, twice at times, so the answer's
status and the broken connection are looked for in the whole chain of an exception's causes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qrng_hub.adapter import VendorErrors, named, refuses
from qrng_hub.errors import (
    AdapterUnavailableError,
    AuthenticationError,
    ConfigError,
    JobError,
    JobFailedError,
    JobNotFoundError,
    JobTimeoutError,
    QRNGError,
    RateLimitedError,
    ServiceUnreachableError,
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

_CONNECTION: dict[str, type[QRNGError]] = {
    "requests.exceptions.ConnectionError": ServiceUnreachableError,
    "requests.exceptions.Timeout": ServiceUnreachableError,
    "requests.exceptions.RetryError": ServiceUnreachableError,
    "requests.exceptions.ChunkedEncodingError": ServiceUnreachableError,
    "requests.exceptions.ConnectTimeout": ServiceUnreachableError,
    "requests.exceptions.ReadTimeout": ServiceUnreachableError,
    "requests.exceptions.ProxyError": ServiceUnreachableError,
    "requests.exceptions.SSLError": ServiceUnreachableError,
    "urllib3.exceptions.HTTPError": ServiceUnreachableError,
}
_TRANSPORT: dict[str, type[QRNGError]] = {
    "requests.exceptions.RequestException": VendorError,
    "requests.exceptions.HTTPError": VendorError,
    "requests.exceptions.ContentDecodingError": VendorError,
    "requests.exceptions.InvalidJSONError": VendorError,
    "requests.exceptions.JSONDecodeError": VendorError,
    "json.decoder.JSONDecodeError": VendorError,
    "requests.exceptions.StreamConsumedError": VendorError,
    "requests.exceptions.TooManyRedirects": VendorError,
    "requests.exceptions.UnrewindableBodyError": VendorError,
    "requests.exceptions.InvalidHeader": ConfigError,
    "requests.exceptions.InvalidProxyURL": ConfigError,
    "requests.exceptions.InvalidSchema": ConfigError,
    "requests.exceptions.InvalidURL": ConfigError,
    "requests.exceptions.MissingSchema": ConfigError,
    "requests.exceptions.URLRequired": ConfigError,
    "requests.exceptions.RequestsWarning": VendorError,
    "requests.exceptions.FileModeWarning": VendorError,
    "requests.exceptions.RequestsDependencyWarning": VendorError,
    "ibm_cloud_sdk_core.api_exception.ApiException": VendorError,
}
_STATUS: dict[int, type[QRNGError]] = {401: AuthenticationError, 403: AuthenticationError, 429: RateLimitedError}


class _IBMErrors(VendorErrors):
    """Looks at the status and the connection first, then at the class."""

    def kind_of(self, error: Exception) -> type[QRNGError]:
        kinds = (kind for one in _chain(error) if (kind := self._kind(one)))
        return next(kinds, None) or super().kind_of(error)

    def cure_of(self, error: Exception, kind: type[QRNGError]) -> str:
        if kind is AuthenticationError:
            return "check the API key in the variable that adapters.ibm.token_env names, and what it may do"
        if type(error).__name__ == "IBMInputValueError":
            return "set adapters.ibm.instance to the name or the CRN of an instance that the API key may use"
        return ""

    def was_refused(self, error: Exception) -> bool:
        return refuses(status_of(error))

    def headers_of(self, error: Exception) -> Mapping[str, str]:
        answers = (getattr(one, "response", None) for one in _chain(error))
        return next((_lower(answer.headers) for answer in answers if answer is not None), {})

    def _kind(self, error: BaseException) -> type[QRNGError] | None:
        status = _status(error)
        if status is None:
            return named(_CONNECTION, error)
        if status == 400 and type(error).__name__ == "ApiException":  # IBM's identity service about a wrong key
            return AuthenticationError
        return ServiceUnreachableError if status >= 500 else _STATUS.get(status)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def codes_of(error: BaseException) -> set[int]:
    """Finds the codes of IBM's own in the answer that an exception of the client comes from; empty if it has none."""
    answers = (getattr(one, "response", None) for one in _chain(error))
    return {code for answer in answers if answer is not None for code in _codes(answer)}


def _codes(answer: Any) -> Iterator[int]:
    """Reads the codes of an answer, which has one error or a list of them."""
    try:
        content = answer.json()
    except ValueError:
        return
    if isinstance(content, dict):
        several = content.get("errors")
        for one in [content.get("error"), *(several if isinstance(several, list) else ())]:
            if isinstance(one, dict) and str(one.get("code")).isdecimal():
                yield int(one["code"])


def status_of(error: BaseException) -> int | None:
    """Finds the HTTP status that an exception of the client comes from, or None if there was no answer."""
    return next((status for one in _chain(error) if (status := _status(one)) is not None), None)


def _status(error: BaseException) -> int | None:
    """Reads the status of one exception; the client writes -1 where it has none."""
    places = error, getattr(error, "response", None)
    found = (getattr(place, "status_code", None) for place in places)
    return next((status for status in found if isinstance(status, int) and status >= 100), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an exception and what it was raised from, or during; each once, for a chain may be a circle."""
    at: BaseException | None = error
    seen: set[int] = set()
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


ERRORS = _IBMErrors("IBM", _QISKIT | _AER | _RUNTIME | _CONNECTION | _TRANSPORT)
