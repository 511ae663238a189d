"""What the Braket SDK and AWS raise, in the hub's words.

In this process a wrong value is a failed job. At AWS it is an answer that is not understood: the
job's fate is unknown, and no error of a call is ever taken for a failed job.
"""

from __future__ import annotations

from collections.abc import Mapping

from qrng_hub.adapter import VendorErrors, refuses
from qrng_hub.errors import (
    AuthenticationError,
    BackendOfflineError,
    ConfigError,
    JobFailedError,
    JobNotFoundError,
    QRNGError,
    QuotaError,
    RateLimitedError,
    RequestError,
    ServiceUnreachableError,
    UnsupportedCircuitError,
    VendorError,
)

_SDK: dict[str, type[QRNGError]] = {
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
}
_BOTO: dict[str, type[QRNGError]] = {
    "boto3.exceptions.Boto3Error": VendorError,
    "botocore.exceptions.ConfigNotFound": ConfigError,
    "botocore.exceptions.ConfigParseError": ConfigError,
    "botocore.exceptions.CredentialRetrievalError": AuthenticationError,
    "botocore.exceptions.InvalidConfigError": ConfigError,
    "botocore.exceptions.InvalidRegionError": ConfigError,
    "botocore.exceptions.LoginError": AuthenticationError,
    "botocore.exceptions.NoAuthTokenError": AuthenticationError,
    "botocore.exceptions.NoCredentialsError": AuthenticationError,
    "botocore.exceptions.NoRegionError": ConfigError,
    "botocore.exceptions.ParamValidationError": RequestError,
    "botocore.exceptions.PartialCredentialsError": AuthenticationError,
    "botocore.exceptions.ProfileNotFound": ConfigError,
    "botocore.exceptions.SSOError": AuthenticationError,
    "botocore.exceptions.TokenRetrievalError": AuthenticationError,
    "botocore.exceptions.UndefinedModelAttributeError": VendorError,
}
#: The code of an AWS error -> the hub's error.
CODES: dict[str, type[QRNGError]] = {
    "403": AuthenticationError,
    "404": JobNotFoundError,
    "AccessDenied": AuthenticationError,
    "AccessDeniedException": AuthenticationError,
    "DeviceOfflineException": BackendOfflineError,
    "DeviceRetiredException": BackendOfflineError,
    "ExpiredToken": AuthenticationError,
    "ExpiredTokenException": AuthenticationError,
    "InternalError": ServiceUnreachableError,
    "InternalServiceException": ServiceUnreachableError,
    "InvalidAccessKeyId": AuthenticationError,
    "InvalidClientTokenId": AuthenticationError,
    "InvalidSignatureException": AuthenticationError,
    "NoSuchBucket": JobNotFoundError,
    "NoSuchKey": JobNotFoundError,
    "RequestExpired": AuthenticationError,
    "RequestLimitExceeded": RateLimitedError,
    "RequestTimeTooSkewed": AuthenticationError,
    "ResourceNotFoundException": JobNotFoundError,
    "ServiceQuotaExceededException": QuotaError,
    "ServiceUnavailable": ServiceUnreachableError,
    "SignatureDoesNotMatch": AuthenticationError,
    "SlowDown": RateLimitedError,
    "Throttling": RateLimitedError,
    "ThrottlingException": RateLimitedError,
    "TooManyRequestsException": RateLimitedError,
    "UnrecognizedClientException": AuthenticationError,
    "ValidationException": RequestError,
}


_SIGNATURE = "check the secret key, and that the clock of this machine is right: AWS refuses a signature minutes off"
_PERMISSION = "give these credentials the permissions braket:* and, on the bucket of adapters.braket.s3, s3:*Object*"
_KEY = "check AWS_ACCESS_KEY_ID, or the profile of adapters.braket.profile"
_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or make a profile (`aws configure`) and name it in"
    " adapters.braket.profile"
)
_CURES = {
    "AccessDenied": _PERMISSION,
    "AccessDeniedException": _PERMISSION,
    "ExpiredToken": "renew the credentials",
    "ExpiredTokenException": "renew the credentials",
    "InvalidAccessKeyId": _KEY,
    "InvalidClientTokenId": _KEY,
    "InvalidSignatureException": _SIGNATURE,
    "NoAuthTokenError": _CREDENTIALS,
    "NoCredentialsError": _CREDENTIALS,
    "NoRegionError": "set adapters.braket.region, or AWS_DEFAULT_REGION",
    "NoSuchBucket": "set adapters.braket.s3 to a bucket that exists, in the region of the device",
    "PartialCredentialsError": _CREDENTIALS,
    "RequestExpired": _SIGNATURE,
    "RequestTimeTooSkewed": _SIGNATURE,
    "SignatureDoesNotMatch": _SIGNATURE,
    "UnrecognizedClientException": _KEY,
}


def code_of(error: BaseException | None) -> str:
    """Returns the code of an AWS error, or an empty string for any other."""
    response = getattr(error, "response", None)
    details = response.get("Error", {}) if isinstance(response, dict) else {}
    return str(details.get("Code", ""))


class AwsErrors(VendorErrors):
    """Goes by the code of an AWS error, and by the class of any other."""

    def was_refused(self, error: Exception) -> bool:
        """Goes by the status of AWS's answer."""
        response = getattr(error, "response", None) or {}
        return refuses(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))

    def kind_of(self, error: Exception) -> type[QRNGError]:
        """Chooses the hub's error; AWS has no code for a spending limit that is reached."""
        if code_of(error) == "ValidationException" and "spending limit" in str(error).lower():
            return QuotaError
        return CODES.get(code_of(error)) or super().kind_of(error)

    def cure_of(self, error: Exception, kind: type[QRNGError]) -> str:
        """Says what to do about AWS's codes, and credentials that are missing, which leave it open."""
        return _CURES.get(code_of(error)) or _CURES.get(type(error).__name__, "")

    def headers_of(self, error: Exception) -> Mapping[str, str]:
        """Returns the headers of AWS's answer; botocore writes their names in lower case."""
        response = getattr(error, "response", None) or {}
        return dict(response.get("ResponseMetadata", {}).get("HTTPHeaders", {}))


ERRORS = VendorErrors(
    "braket",
    {
        **_SDK,
        "builtins.MemoryError": JobFailedError,
        "builtins.NotImplementedError": UnsupportedCircuitError,
        "builtins.TypeError": JobFailedError,
        "builtins.ValueError": JobFailedError,
    },
)
CLOUD_ERRORS = AwsErrors("braket", {**_SDK, **_BOTO})
