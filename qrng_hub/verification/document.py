"""What every signed document has in common: it can be read in one way only, and its signature is looked at."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import ValidationError

from qrng_hub.errors import ReceiptError
from qrng_hub.signing import Domain, SignedReceipt, read_json, require_signature
from qrng_hub.validation import first_problem


def signed_document(text: bytes) -> dict[str, Any]:
    """Reads what looks like a signed receipt; raises `ReceiptError` if it does not."""
    try:
        found = read_json(text)
    except ValueError as error:
        raise ReceiptError(f"it cannot be read as a receipt: {error}") from None
    document: dict[str, Any] = found if isinstance(found, dict) else {}
    receipt = document.get("receipt", document)
    if not isinstance(receipt, dict) or not {"draw_id", "required_bits", "mechanism"} & receipt.keys():
        raise ReceiptError("it is JSON, and no receipt: `qrng receipt ID` prints one")
    if receipt is document or "signature" not in document:
        raise ReceiptError("it is a receipt without a signature: `qrng receipt ID` prints it with one")
    return document


def require_known_version(receipt: dict[str, Any], newest: int) -> None:
    """Raises `ReceiptError` for a receipt of a later release."""
    version = receipt.get("version")
    if isinstance(version, int) and version > newest:
        raise ReceiptError(f"it is a receipt of version {version}, and this release reads {newest}: upgrade qrng-hub")


def signature_problems(
    document: dict[str, Any], domain: Domain, host: Collection[str], named: str | None
) -> Iterator[str]:
    """Says why the signature does not hold, if it does not; `host` and `named` as of `verify`."""
    try:
        signed = SignedReceipt.model_validate_json(json.dumps(document), strict=True)
        require_signature(signed, domain)
    except ValidationError as error:
        yield first_problem(error)
        return
    except ReceiptError as error:
        yield str(error)
        return
    found = signed.signature.fingerprint
    if named is not None and found != named:
        yield f"it is signed with the key {found}, not with {named}, which was named"
    elif named is None and found not in host:
        yield (
            f"it is signed with the key {found}, which is none of this host's, and anybody can sign with a key of"
            " their own: if it was made elsewhere, ask its maker for the fingerprint and give that with --key"
        )


def whose(named: str | None) -> str:
    """Says what the signature does not prove of whoever made it."""
    if named is None:
        return "anything to others: whoever runs programs under this account can sign with its key"
    return "whose key that is, unless its fingerprint came to you by a way that you trust"
