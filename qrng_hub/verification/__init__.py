"""Verifies signed receipts offline: the signature, the form, what agrees with what, and the file it speaks of."""

from qrng_hub.verification.consistency import contradictions
from qrng_hub.verification.data import FileDigest, digest_of, digests_of
from qrng_hub.verification.key_receipt import VerifiedKey, is_key_receipt, verify_key
from qrng_hub.verification.output_receipt import VerifiedOutput, is_output_receipt, verify_output
from qrng_hub.verification.schema import signed_receipt_schema
from qrng_hub.verification.verify import Verified, bytes_said, trusted_fingerprint, verify

__all__ = [
    "FileDigest",
    "Verified",
    "VerifiedKey",
    "VerifiedOutput",
    "bytes_said",
    "contradictions",
    "digest_of",
    "digests_of",
    "is_key_receipt",
    "is_output_receipt",
    "signed_receipt_schema",
    "trusted_fingerprint",
    "verify",
    "verify_key",
    "verify_output",
]
