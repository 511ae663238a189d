"""What Cirq, cirq_google and the packages below them raise, in the hub's words; qsimcirq has no classes of its own.

An error of Google's service that does not say what became of a job stays a `VendorError`: it must not be
taken for a failed job. The SDK wraps what the service answered, so the answer is looked for in the whole
chain of an exception's causes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from qrng_hub.adapter import VendorErrors, named, refuses
from qrng_hub.errors import (
    AdapterUnavailableError,
    AuthenticationError,
    ConfigError,
    JobFailedError,
    JobNotFoundError,
    QRNGError,
    QuotaError,
    RateLimitedError,
    ServiceUnreachableError,
    UnsupportedCircuitError,
    VendorError,
)

_SDK: dict[str, type[QRNGError]] = {
    "cirq._compat.DeprecatedModuleImportError": AdapterUnavailableError,
    "cirq.linalg.transformations.EntangledStateError": JobFailedError,
    "cirq_google.engine.engine_client.EngineException": VendorError,
    "cirq_google.engine.stream_manager.StreamError": ServiceUnreachableError,
    "cirq_google.line.placement.sequence.NotFoundError": UnsupportedCircuitError,
    "cirq_google.workflow.qubit_placement.CouldNotPlaceError": UnsupportedCircuitError,
    "duet.impl.TaskStateError": VendorError,
}
_IN_PROCESS: dict[str, type[QRNGError]] = {
    "builtins.ValueError": JobFailedError,
    "builtins.TypeError": JobFailedError,
    "builtins.RuntimeError": JobFailedError,
    # what runs in this process is over when it raises: nothing of the job's fate is left open
    "builtins.NotImplementedError": JobFailedError,
    "builtins.MemoryError": JobFailedError,
}
ERRORS = VendorErrors("cirq", _SDK | _IN_PROCESS)

_API = {
    "Aborted": ServiceUnreachableError,
    "AlreadyExists": VendorError,
    "AsyncRestUnsupportedParameterError": VendorError,
    "BadGateway": ServiceUnreachableError,
    "BadRequest": VendorError,
    "Cancelled": VendorError,
    "ClientError": VendorError,
    "Conflict": VendorError,
    "DataLoss": VendorError,
    "DeadlineExceeded": ServiceUnreachableError,
    "DuplicateCredentialArgs": ConfigError,
    "FailedPrecondition": VendorError,
    "Forbidden": AuthenticationError,
    "GatewayTimeout": ServiceUnreachableError,
    "GoogleAPICallError": VendorError,
    "GoogleAPIError": VendorError,
    "InternalServerError": ServiceUnreachableError,
    "InvalidArgument": VendorError,
    "LengthRequired": VendorError,
    "MethodNotAllowed": VendorError,
    "MethodNotImplemented": VendorError,
    "MissingStatusHeaderError": VendorError,
    "MovedPermanently": VendorError,
    "NotFound": JobNotFoundError,
    "NotModified": VendorError,
    "OutOfRange": VendorError,
    "PermissionDenied": AuthenticationError,
    "PreconditionFailed": VendorError,
    "Redirection": VendorError,
    "RequestRangeNotSatisfiable": VendorError,
    "ResourceExhausted": RateLimitedError,
    "ResumableTransferError": VendorError,
    "ResumeIncomplete": VendorError,
    "RetryError": ServiceUnreachableError,
    "ServerError": ServiceUnreachableError,
    "ServiceUnavailable": ServiceUnreachableError,
    "TemporaryRedirect": VendorError,
    "TooManyRequests": RateLimitedError,
    "TransferStalledError": VendorError,
    "Unauthenticated": AuthenticationError,
    "Unauthorized": AuthenticationError,
    "Unknown": VendorError,
    "UnseekableStreamError": VendorError,
    "UploadCancelledError": VendorError,
}
_AUTH = {
    "ClientCertError": AuthenticationError,
    "DefaultCredentialsError": AuthenticationError,
    "GoogleAuthError": AuthenticationError,
    "InvalidOperation": AuthenticationError,
    "InvalidResource": AuthenticationError,
    "InvalidType": AuthenticationError,
    "InvalidValue": AuthenticationError,
    "MalformedError": AuthenticationError,
    "MutualTLSChannelError": AuthenticationError,
    "OAuthError": AuthenticationError,
    "OSError": AuthenticationError,
    "ReauthFailError": AuthenticationError,
    "ReauthSamlChallengeFailError": AuthenticationError,
    "RefreshError": AuthenticationError,
    "ResponseError": VendorError,
    "TimeoutError": ServiceUnreachableError,
    "TransportError": ServiceUnreachableError,
    "UserAccessTokenError": AuthenticationError,
}
#: what an exception of one of these classes says is taken over; `EngineException` only wraps them
_SERVICE: dict[str, type[QRNGError]] = {
    **{f"google.api_core.exceptions.{name}": error for name, error in _API.items()},
    **{f"google.auth.exceptions.{name}": error for name, error in _AUTH.items()},
    "builtins.TimeoutError": ServiceUnreachableError,
    "grpc.RpcError": ServiceUnreachableError,
}
#: what Google's token service answers about credentials that it does not take; the SDK makes a time-out of it
_REFUSED = re.compile(r"invalid_grant|invalid_client|reauth", re.IGNORECASE)
_SHORT_LIMIT = re.compile(r"per (minute|second)", re.IGNORECASE)
#: statuses below 500 that leave it open whether the request was carried out: ABORTED or ALREADY_EXISTS, and CANCELLED
_LEAVE_OPEN = (409, 499)


class _EngineErrors(VendorErrors):
    """Looks at what the service answered first, then at the class."""

    def kind_of(self, error: Exception) -> type[QRNGError]:
        if _REFUSED.search(str(error)):
            return AuthenticationError
        answers = (kind for one in _chain(error) if (kind := named(_SERVICE, one)))
        kind = next(answers, None) or super().kind_of(error)
        if kind is RateLimitedError and "quota" in str(error).lower() and not _SHORT_LIMIT.search(str(error)):
            return QuotaError
        return kind

    def was_refused(self, error: Exception) -> bool:
        codes = (getattr(one, "code", None) for one in _chain(error))  # gRPC's own class has a method of that name
        status = next((code for code in codes if isinstance(code, int)), None)
        return refuses(status) and status not in _LEAVE_OPEN

    def headers_of(self, error: Exception) -> Mapping[str, str]:
        found = (getattr(one, "details", None) for one in _chain(error))  # gRPC's own class has a method of that name
        details = (detail for one in found if isinstance(one, list) for detail in one)
        delays = (detail.retry_delay for detail in details if hasattr(detail, "retry_delay"))
        delay = next(delays, None)
        return {} if delay is None else {"retry-after": str(math.ceil(delay.ToTimedelta().total_seconds()))}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an exception and what it was raised from, or during."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


ENGINE_ERRORS = _EngineErrors("Google", _SDK | _SERVICE)
