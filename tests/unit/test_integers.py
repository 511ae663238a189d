"""numpy's whole numbers are taken wherever Python's are; a bool, a fraction or a text nowhere."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pools import a_pool, known_bytes
from qrng_hub import Circuit, Hub
from qrng_hub.delivery.drbg import Drbg
from qrng_hub.delivery.source_generator import SourceGenerator
from qrng_hub.delivery.source_random import SourceRandom
from qrng_hub.delivery.tokens import Secrets
from qrng_hub.errors import QRNGError


def taken(count: Any, folder: Path) -> bytes:
    pool = a_pool(folder)
    pool.add(known_bytes(64), draw_id="known", origin="simulator", credited_bits=0)
    return bytes(pool.take(count))


#: what takes a 3, and how long is what it gives
CALLS: dict[str, tuple[Callable[[Any, Hub, Path], Any], int]] = {
    "Hub.draw": (lambda n, hub, _: hub.draw(n).data, 3),
    "Hub.random_bytes": (lambda n, hub, _: hub.random_bytes(n), 3),
    "Hub.pieces": (lambda n, hub, _: next(hub.pieces(n)).data, 3),
    "Hub.raw": (lambda n, hub, _: hub.raw("local:stim", Circuit().h(0).measure(0), n)[0].outcomes, 3),
    "Hub.jobs": (lambda n, hub, _: "abc" if hub.jobs(n) == () else "", 3),
    "Pool.take": (lambda n, _, folder: taken(n, folder), 3),
    "Secrets.token_bytes": (lambda n, *_: Secrets(os.urandom).token_bytes(n), 3),
    "Secrets.token_hex": (lambda n, *_: Secrets(os.urandom).token_hex(n), 6),
    "Secrets.randbits": (lambda n, *_: range(Secrets(os.urandom).randbits(n), 8)[:0], 0),
    "Secrets.randbelow": (lambda n, *_: range(3)[Secrets(os.urandom).randbelow(n) :][:0], 0),
    "SourceRandom.getrandbits": (lambda n, *_: range(SourceRandom(os.urandom).getrandbits(n), 8)[:0], 0),
    "SourceRandom.randbytes": (lambda n, *_: SourceRandom(os.urandom).randbytes(n), 3),
    "SourceGenerator.bytes": (lambda n, *_: SourceGenerator(os.urandom).bytes(n), 3),
    "SourceGenerator.integers": (lambda n, *_: SourceGenerator(os.urandom).integers(n, 9, size=2), 2),
    "Drbg.random_bytes": (lambda n, *_: Drbg(os.urandom).random_bytes(n), 3),
    "Drbg": (lambda n, *_: Drbg(os.urandom, reseed_interval=n).random_bytes(1), 1),
    "Circuit": (lambda n, *_: Circuit().h(n).measure(n).measured, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_whole_numbers_are_python_s_or_numpy_s(name: str, tmp_path: Path) -> None:
    call, length = CALLS[name]
    with Hub.open() as hub:
        number: Any
        for number in (3, np.int64(3), np.uint8(3), np.int32(3)):
            tmp_path = tmp_path / "next"
            tmp_path.mkdir()
            assert len(call(number, hub, tmp_path)) == length
        for number in (True, np.bool_(True), 3.0, np.float64(3), "3", [3], np.array([3, 4])):
            with pytest.raises(QRNGError) as raised:
                call(number, hub, tmp_path)
            assert "\n" not in str(raised.value) and "pydantic" not in str(raised.value)


def test_a_run_file_given_as_a_mapping_takes_numpy_s_numbers() -> None:
    backend = [{"address": "local:stim", "qubits": [np.int64(0), np.int64(3)], "shots": np.uint32(4096)}]
    with Hub.open({"version": 1, "request": {"bytes": np.int64(3)}, "backend": backend}) as hub:
        assert len(hub.run().data) == 3
