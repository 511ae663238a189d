"""The JSON Schema of a signed receipt, for whoever reads one without this package."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from qrng_hub.records import Receipt
from qrng_hub.signing import Signature


def signed_receipt_schema() -> dict[str, Any]:
    """Makes the JSON Schema of a signed receipt, as this release writes it."""
    references, schema = models_json_schema([(Receipt, "serialization"), (Signature, "serialization")])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "SignedReceipt",
        "description": "A receipt of a draw, and the signature of its canonical form.",
        "type": "object",
        "properties": {
            "receipt": references[Receipt, "serialization"],
            "signature": references[Signature, "serialization"],
        },
        "required": ["receipt", "signature"],
        "additionalProperties": False,
        "$defs": schema["$defs"],
    }
