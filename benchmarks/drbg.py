"""The DRBG in requests of 64 KiB, beside the operating system's generator and the bare keystream. Prints JSON."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from measuring import machine, median_each, wall_seconds

from qrng_hub.delivery.ctr_drbg import MAX_REQUEST_BYTES, CtrDrbg
from qrng_hub.delivery.drbg import Drbg
from qrng_hub.delivery.source_generator import SourceGenerator
from qrng_hub.delivery.source_random import SourceRandom

REQUESTS, CALLS, ROUNDS = 500, 20_000, 15
_ZEROS = bytes(MAX_REQUEST_BYTES)


def megabytes_per_second(request: Callable[[], object]) -> Callable[[], float]:
    """Makes a run of requests of 64 KiB that returns its rate, 1 MB being 10^6 bytes."""
    return lambda: REQUESTS * MAX_REQUEST_BYTES / 1e6 / wall_seconds(lambda: [request() for _ in range(REQUESTS)])


def microseconds(call: Callable[[], object]) -> Callable[[], float]:
    """Makes a run of small calls that returns the time of one."""
    return lambda: wall_seconds(lambda: [call() for _ in range(CALLS)]) / CALLS * 1e6


def main() -> None:
    """Measures in turn, and prints."""
    drbg, mechanism = Drbg(os.urandom), CtrDrbg(os.urandom(48))
    keystream = Cipher(AES(os.urandom(32)), CTR(os.urandom(16))).encryptor()
    resistant = Drbg(os.urandom, prediction_resistance=True)
    raw = SourceGenerator(drbg.random_bytes)
    rates = median_each(
        ROUNDS,
        drbg=megabytes_per_second(lambda: drbg.random_bytes(MAX_REQUEST_BYTES)),
        mechanism=megabytes_per_second(lambda: mechanism.generate(MAX_REQUEST_BYTES)),
        prediction_resistance=megabytes_per_second(lambda: resistant.random_bytes(MAX_REQUEST_BYTES)),
        keystream=megabytes_per_second(lambda: keystream.update(_ZEROS)),
        os_urandom=megabytes_per_second(lambda: os.urandom(MAX_REQUEST_BYTES)),
        numpy_raw_random=megabytes_per_second(lambda: raw.random(MAX_REQUEST_BYTES // 8)),
    )
    times = median_each(
        ROUNDS,
        token_of_32_bytes=microseconds(lambda: drbg.random_bytes(32)),
        os_urandom_of_32_bytes=microseconds(lambda: os.urandom(32)),
        random=microseconds(SourceRandom(drbg.random_bytes).random),
        system_random=microseconds(random.SystemRandom().random),
    )
    result = {
        "benchmark": "drbg",
        "machine": machine(),
        "request_bytes": MAX_REQUEST_BYTES,
        "medians_mb_s": {name: round(rate) for name, rate in rates.items()},
        "ratio_to_os_urandom": round(rates["drbg"] / rates["os_urandom"], 2),
        "ratio_to_keystream": round(rates["drbg"] / rates["keystream"], 2),
        "medians_microseconds": {name: round(time, 2) for name, time in times.items()},
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
