"""How long each estimator of SP 800-90B takes on NIST's own sample files, once compiled. Prints JSON.

`ratio_to_bz2` compares a whole assessment, on one thread, with the compression of the same bytes by bz2 at its
highest level, measured in the same run. `first_seconds` is the first assessment of a fresh process with nothing
compiled, on 10,000 samples; `next_seconds` the same once the machine code is on disk.
"""

from __future__ import annotations

import bz2
import gzip
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from measuring import PYTHON, machine, median_each, wall_seconds

from qrng_hub.bits import unpack_shots
from qrng_hub.estimators import ESTIMATES, Samples, assess, estimate

VECTORS = Path(__file__).parents[1] / "tests" / "vectors" / "nist-sp800-90b"
FILES = {"truerand_1bit": 1, "rand4_short": 4, "truerand_8bit": 8, "normal": 8}
ROUNDS = 5
BINARY_ONLY = ("Collision", "Markov", "Compression")


def sample_file(name: str) -> npt.NDArray[np.uint8]:
    """Reads one of the sample files: a symbol to the byte."""
    return np.frombuffer(gzip.decompress((VECTORS / f"{name}.bin.gz").read_bytes()), np.uint8)


def seconds_of_each(samples: Samples) -> dict[str, float]:
    """Times the estimators one by one; t-Tuple and LRS share a count, which is the first one's here."""

    def once(name: str) -> float:
        fresh = Samples(samples.symbols, samples.alphabet)
        if name == "LRS":
            estimate("t-Tuple", fresh)
        return wall_seconds(lambda: estimate(name, fresh))

    names = [name for name in ESTIMATES if samples.alphabet == 2 or name not in BINARY_ONLY]
    medians = median_each(ROUNDS, **{name: (lambda name=name: once(name)) for name in names})
    return {name: round(value, 4) for name, value in medians.items()}


def of_file(name: str, bits: int) -> dict[str, object]:
    """Times one file: each estimator, the whole assessment, and bz2."""
    symbols = sample_file(name)
    found: dict[str, object] = {"samples": symbols.size, "literal_seconds": seconds_of_each(Samples.of(symbols))}
    if bits > 1:
        bit_string = unpack_shots((symbols << np.uint8(8 - bits))[:, None], bits).ravel()
        found["bitstring_seconds"] = seconds_of_each(Samples.of(bit_string))
    whole = median_each(
        ROUNDS,
        assessment_seconds=lambda: wall_seconds(lambda: assess(symbols, bits)),
        bz2_seconds=lambda: wall_seconds(lambda: bz2.compress(symbols.tobytes(), 9)),
    )
    ratio = whole["assessment_seconds"] / whole["bz2_seconds"]
    return found | {key: round(value, 4) for key, value in whole.items()} | {"ratio_to_bz2": round(ratio, 1)}


def compilation() -> dict[str, float]:
    """Times two processes that assess little, the first with nothing compiled."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples"
        path.write_bytes(sample_file("rand4_short").tobytes())
        command = [PYTHON, "-m", "qrng_hub", "assess", str(path), "--bits-per-symbol", "4", "--json"]
        environment = os.environ | {"NUMBA_CACHE_DIR": str(Path(folder) / "compiled")}

        def run() -> None:
            subprocess.run(command, check=True, capture_output=True, env=environment)

        return {"first_seconds": round(wall_seconds(run), 2), "next_seconds": round(wall_seconds(run), 2)}


def main() -> None:
    """Measures and prints."""
    files = {name: of_file(name, bits) for name, bits in FILES.items()}
    document = {"benchmark": "estimators", "machine": machine(), "compilation": compilation(), "files": files}
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
