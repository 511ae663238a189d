"""Every exception and warning of the hub, under one root.

::

    QRNGError
    ├── ConfigError (ValueError)                a run file, a setting or an option is wrong
    ├── RequestError (ValueError)               a request that nothing could satisfy as asked
    │   ├── BackendLimitError                   more qubits, shots or circuits than the backend takes
    │   ├── UnsupportedCircuitError             a gate or a coupling the backend does not have
    │   ├── WrongTypeError (TypeError)          a fraction, a text or a bool where a whole number is wanted
    │   ├── StatelessError (TypeError)          numbers that come from a source have no state to seed, save or copy
    │   ├── SamplesError                        samples that an estimate is not defined for
    │   └── MissingExtraError (ImportError)     it needs an optional package that is not installed
    ├── UnknownNameError (LookupError)          no adapter, protocol or example of that name
    │   └── UnknownBackendError                 no backend of that address
    ├── AdapterError                            the code for a vendor cannot be used
    │   ├── AdapterUnavailableError (ImportError)   its SDK is not installed
    │   └── AdapterConflictError                two installed adapters claim one name
    ├── VendorError                             a vendor answered something that is not understood
    │   ├── BackendOfflineError                 the backend does not take jobs now
    │   ├── AuthenticationError (PermissionError)   the vendor refused the credentials
    │   ├── QuotaError                          a limit of the account is reached
    │   ├── RateLimitedError                    too many requests; try again later
    │   │   └── QueueFullError                  the account may have no further job waiting
    │   ├── ServiceUnreachableError (ConnectionError)   no answer from the vendor's service
    │   └── JobError                            a job at the vendor
    │       ├── JobFailedError                  the vendor says that it failed
    │       ├── JobCancelledError               it was cancelled
    │       ├── JobTimeoutError (TimeoutError)  it did not end in the time allowed
    │       └── JobNotFoundError (LookupError)  the vendor does not know it
    ├── EntropyError                            outcomes that may not be used as asked
    │   ├── ReconstructedMeasurementsError      shots rebuilt from counts or probabilities
    │   ├── HealthTestError                     shots that do not look as their claimed entropy would have them
    │   ├── InsufficientEntropyError            less entropy than the output needs
    │   │   └── CertificateMissedError          a run did not reach the threshold fixed for it
    │   └── ExtractionError                     an extraction whose arithmetic was not exact
    ├── PolicyStopError                         the policy allows no further candidate
    ├── BudgetExceededError                     the cost is above what is allowed, or unknown
    ├── InfeasiblePlanError                     no plan keeps every limit; it says which is in the way
    ├── RunInterruptedError                     the caller stopped the run; the ledger says where it was
    ├── DiskFullError (OSError)                 a file cannot be written for want of space; what was there before stays
    ├── LedgerError                             the ledger cannot be opened, read or written
    │   └── LedgerSchemaError                   it was written by a newer release
    ├── ReceiptError                            a receipt does not hold, or cannot be read
    │   └── ReceiptKeyError                     the key that signs receipts is unsafe, damaged or cannot be made
    └── PoolError                               a pool of bytes cannot be opened, read or written
        ├── PoolEmptyError                      fewer bytes are left than were asked for
        ├── PoolKeyError                        its key is missing, unsafe or cannot be kept
        ├── PoolIntegrityError                  a file of it is missing or altered, or the key is another's
        └── PoolFormatError                     it was written by another release

    UserWarning
    ├── SimulatedFallbackWarning                hardware was asked for, something else delivered
    ├── NetworkFolderWarning                    a ledger or a pool is where locks of files may not hold
    └── BudgetWarning                           little of a budget is left
"""


class QRNGError(Exception):
    """The root of every error the hub raises."""


class ConfigError(QRNGError, ValueError):
    """A run file, a setting or an option is wrong."""


class RequestError(QRNGError, ValueError):
    """A request that no backend could satisfy as asked."""


class BackendLimitError(RequestError):
    """More qubits, shots or circuits than the backend takes."""


class UnsupportedCircuitError(RequestError):
    """A gate or a coupling that the backend does not have."""


class WrongTypeError(RequestError, TypeError):
    """A fraction, a text or a bool where a whole number is wanted."""


class StatelessError(RequestError, NotImplementedError, TypeError):
    """Numbers that come from a source have no state to seed, save, copy or pickle.

    It is what callers of the standard library catch: `random.SystemRandom` raises NotImplementedError for its
    state, and `copy` and `pickle` raise TypeError.
    """


class SamplesError(RequestError):
    """Samples that an estimate is not defined for: too few, of a wrong kind, or out of range."""


class MissingExtraError(RequestError, ImportError):
    """What was asked for needs an optional package that is not installed; the message says how to install it."""


class UnknownNameError(QRNGError, LookupError):
    """No adapter, protocol or example of that name."""


class UnknownBackendError(UnknownNameError):
    """No backend of that address."""


class AdapterError(QRNGError):
    """The code for a vendor cannot be used."""


class AdapterUnavailableError(AdapterError, ImportError):
    """The vendor's SDK is not installed."""


class AdapterConflictError(AdapterError):
    """Two installed adapters claim one name."""


class VendorError(QRNGError):
    """A vendor answered something that is not understood; the job's fate may be unknown."""

    may_have_happened = True
    """Whether the vendor may have done what it was asked for; False for a refusal, or if it was never asked."""


class BackendOfflineError(VendorError):
    """The backend does not take jobs now."""

    may_have_happened = False


class AuthenticationError(VendorError, PermissionError):
    """The vendor refused the credentials."""

    may_have_happened = False


class QuotaError(VendorError):
    """A limit of the account is reached."""

    may_have_happened = False


class RateLimitedError(VendorError):
    """Too many requests; the vendor asks to try again later, after `retry_after_seconds` if it says so."""

    may_have_happened = False

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class QueueFullError(RateLimitedError):
    """The account has as many jobs waiting as it may have: the job was not taken, and may be once one has ended."""


class ServiceUnreachableError(VendorError, ConnectionError):
    """No answer from the vendor's service."""


class JobError(VendorError):
    """A job at the vendor did not deliver."""


class JobFailedError(JobError):
    """The vendor says that the job failed."""


class JobCancelledError(JobError):
    """The job was cancelled."""


class JobTimeoutError(JobError, TimeoutError):
    """The job did not end in the time allowed."""


class JobNotFoundError(JobError, LookupError):
    """The vendor does not know the job."""


class EntropyError(QRNGError):
    """Outcomes that may not be used as asked."""


class ReconstructedMeasurementsError(EntropyError):
    """The shots were rebuilt from counts or probabilities, so their order carries no entropy."""


class HealthTestError(EntropyError):
    """A block failed a health test: nothing of it may be used; `qubits` are those that failed, if single ones did."""

    def __init__(self, message: str, qubits: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.qubits = qubits


class InsufficientEntropyError(EntropyError):
    """The outcomes carry less entropy than the output needs."""


class CertificateMissedError(InsufficientEntropyError):
    """A certified run that did not reach the threshold fixed for it: it certifies nothing, and is not repeated."""


class ExtractionError(EntropyError):
    """The arithmetic of an extraction was not exact, so that nothing of its output may be used."""


class PolicyStopError(QRNGError):
    """The policy allows no further candidate; the message lists each one with its reason."""


class BudgetExceededError(QRNGError):
    """The cost of a job is above what is allowed, or unknown and not accepted."""


class InfeasiblePlanError(QRNGError):
    """No plan keeps every limit; the message says which is in the way, and by how much."""


class RunInterruptedError(QRNGError):
    """The caller stopped the run; jobs at a vendor stay in the ledger as they were last seen."""


class DiskFullError(QRNGError, OSError):
    """A file cannot be written: the disk is full, a quota used up, or the file too large; it says what was kept."""


class LedgerError(QRNGError):
    """The ledger cannot be opened, read or written."""


class LedgerSchemaError(LedgerError):
    """The ledger was written by a newer release."""


class ReceiptError(QRNGError):
    """A receipt is none, or does not hold; `problems` says why, a sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ReceiptKeyError(ReceiptError):
    """The key that signs receipts may be used by others, is damaged, or cannot be made."""


class PoolError(QRNGError):
    """A pool of bytes cannot be opened, read or written."""


class PoolEmptyError(PoolError):
    """A pool has fewer bytes left, `bytes_left`, than were asked for; none was handed out."""

    def __init__(self, message: str, bytes_left: int) -> None:
        super().__init__(message)
        self.bytes_left = bytes_left


class PoolKeyError(PoolError):
    """The key of a pool is missing, may be read by others, or cannot be kept."""


class PoolIntegrityError(PoolError):
    """A file of a pool is missing or was altered, or the key is another pool's; none of its bytes was handed out."""


class PoolFormatError(PoolError):
    """A pool was written by another release, in a format that this one does not read."""


class SimulatedFallbackWarning(UserWarning):
    """Hardware was asked for and something else delivered, a simulator say: its bits carry no credited entropy."""


class NetworkFolderWarning(UserWarning):
    """A ledger or a pool is on a network file system, where locks and durable writes may not hold."""


class BudgetWarning(UserWarning):
    """Little of a budget that several runs share is left."""
