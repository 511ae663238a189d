"""What stim raises, in the hub's words; stim has no exception classes of its own."""

from qrng_hub.adapter import VendorErrors
from qrng_hub.errors import JobFailedError

ERRORS = VendorErrors("stim", {"builtins.ValueError": JobFailedError, "builtins.MemoryError": JobFailedError})
