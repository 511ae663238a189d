"""Which receipts are signed at delivery: those that speak of hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qrng_hub.records import Origin, Receipt, Request

#: Signs a receipt, or returns None for one that the chain of events alone binds.
Sign = Callable[[Receipt], dict[str, Any] | None]


def signer_for(request: Request) -> Sign:
    """Gets the key ready if hardware may be drawn from: what is paid for can then be signed.

    To sign takes cryptography, which a draw from simulators does not wait for; nothing is credited to those. Raises
    `ReceiptKeyError` or `ConfigError` if the key cannot be used.
    """
    if all(candidate.origin is not Origin.HARDWARE for candidate in request.candidates):
        return _unsigned
    from qrng_hub.signing import receipt_keys, signed  # loads cryptography

    key = receipt_keys().current()

    def sign(receipt: Receipt) -> dict[str, Any] | None:
        if receipt.origin not in ("hardware", "mixed"):
            return None
        return signed(receipt.model_dump_json(), key).signature.model_dump(mode="json")

    return sign


def _unsigned(_receipt: Receipt) -> None:
    """Signs nothing."""
