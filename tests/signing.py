"""Keys and receipts to sign with: known keys, and the receipts of real draws in every mode."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from qrng_hub import Hub
from qrng_hub.records import Draw, Origin
from qrng_hub.signing import SignedReceipt, SigningKey, signed
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

#: the secret key of RFC 8032, section 7.1, test 1
KEY = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))


def drawn(count: int, mode: str, *origins: Origin) -> Draw:
    """Draws from scripted backends of these origins, of 4 qubits each."""
    clock = FrozenClock()
    scripts = {f"b{number}": Script(origin=origin) for number, origin in enumerate(origins)}
    run_file = {
        "version": 1,
        "request": {"bytes": count, "mode": mode},
        "policy": {"vendors_min": 1},
        "budget": {"usd": Decimal(20), "usd_per_job": Decimal(1)},
        "backend": [{"address": f"scripted:{name}", "qubits": 4, "shots": 4096} for name in scripts],
    }
    with Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter(scripts, clock)]) as hub:
        return hub.run()


def resigned(receipt: dict[str, Any], key: SigningKey = KEY) -> bytes:
    """Signs what may be no receipt, as whoever has the key can."""
    return signed(json.dumps(receipt), key).text()


def a_signed_receipt(count: int = 64) -> SignedReceipt:
    """Signs the receipt of a draw from a device and a simulator."""
    draw = drawn(count, "each", Origin.HARDWARE, Origin.SIMULATOR)
    return signed(draw.receipt.model_dump_json(), KEY)
