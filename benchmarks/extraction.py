"""Toeplitz extraction: Mbit/s of input at m = n / 2, against one transform of all the bits, and memory. Prints JSON.

The peer is what a textbook writes: the whole input as floats, one `scipy.fft.rfft` of it and of a seed as
long, here at 1,000,000 bits. Both start from packed bytes and end with packed bytes.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
from measuring import PYTHON, machine, paired, wall_seconds
from scipy import fft

from qrng_hub.bits import Bits, Packed
from qrng_hub.extractors import toeplitz
from qrng_hub.extractors.toeplitz import BLOCK_BITS

EPSILON = 2.0**-40
PEER_BITS = 1_000_000
#: input bits, rounds
LENGTHS = ((1_000_000, 31), (10_000_000, 11), (100_000_000, 5))
LONGEST_BITS = 1_000_000_000
_WHOLE_FILE = """
import resource, sys
import numpy as np
from qrng_hub.extractors import toeplitz
source, seed = np.memmap(sys.argv[1], np.uint8, "r"), np.memmap(sys.argv[2], np.uint8, "r")
done = toeplitz(source, seed, min_entropy_per_bit=0.5, epsilon=1e-10)
with open(sys.argv[3], "wb") as file:
    for piece in done.pieces:
        file.write(piece)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def extract(source: Packed, seed: Packed) -> int:
    """Extracts half of the bits of each block, and returns how many bytes there are of it."""
    blocks = 8 * source.size // BLOCK_BITS
    spent = math.ceil(2 * math.log2(blocks / EPSILON)) - 2
    per_bit = Fraction(BLOCK_BITS // 2 + spent, BLOCK_BITS)
    done = toeplitz(source, seed, min_entropy_per_bit=per_bit, epsilon=EPSILON)
    assert done.extraction.output_bits_per_block == BLOCK_BITS // 2
    return sum(len(piece) for piece in done.pieces)


def one_shot(source: Packed, seed: Packed) -> bytes:
    """Extracts half of the bits by one transform."""
    n = 8 * source.size
    m = n // 2
    x, s = np.unpackbits(source).astype(np.float64), np.unpackbits(seed)[: n + m - 1].astype(np.float64)
    length = fft.next_fast_len(n + m - 1, real=True)
    sums = fft.irfft(fft.rfft(s, length) * fft.rfft(x, length), length)[n - 1 : n + m - 1]
    return Bits.from_array(np.rint(sums).astype(np.int64) & 1).data


def rate(bits: int, rounds: int, run: Callable[[], object]) -> dict[str, object]:
    """Returns the median Mbit/s of input, after one round that is not counted."""
    run()
    rates = [bits / 1e6 / wall_seconds(run) for _ in range(rounds)]
    return {
        "input_bits": bits,
        "rounds": rounds,
        "mbit_s": round(statistics.median(rates), 1),
        "mbit_s_lowest": round(min(rates), 1),
    }


def peak_bytes(bits: int, generator: np.random.Generator) -> dict[str, object]:
    """Extracts from a file in a process of its own; its pages of the mapped file count as its memory."""
    with tempfile.TemporaryDirectory() as folder:
        source, seed, output = (Path(folder) / name for name in ("source", "seed", "output"))
        source.write_bytes(generator.bytes(bits // 8))
        seed.write_bytes(generator.bytes(BLOCK_BITS // 4))
        command = [PYTHON, "-c", _WHOLE_FILE, str(source), str(seed), str(output)]
        done: list[subprocess.CompletedProcess[str]] = []
        seconds = wall_seconds(lambda: done.append(subprocess.run(command, check=True, capture_output=True, text=True)))
    return {
        "input_bits": bits,
        "peak_bytes": int(done[0].stdout),
        "mbit_s_of_the_process": round(bits / 1e6 / seconds, 1),
    }


def main() -> None:
    """Measures and prints."""
    generator = np.random.default_rng(1)
    source = np.frombuffer(generator.bytes(LENGTHS[-1][0] // 8), np.uint8)
    seed = np.frombuffer(generator.bytes(PEER_BITS // 4), np.uint8)
    rows = [rate(bits, rounds, partial(extract, source[: bits // 8], seed)) for bits, rounds in LENGTHS]
    part = source[: PEER_BITS // 8]
    pairs = paired(31, lambda: extract(part, seed), lambda: one_shot(part, seed))
    peer = {
        "input_bits": PEER_BITS,
        "hub_mbit_s": round(PEER_BITS / 1e6 / pairs["hub_seconds"], 1),
        "one_shot_mbit_s": round(PEER_BITS / 1e6 / pairs["sdk_seconds"], 1),
        "times_as_fast": round(1 / pairs["ratio"], 1),
    }
    document = {
        "benchmark": "extraction",
        "machine": machine(),
        "block_bits": BLOCK_BITS,
        "rows": rows,
        "against_one_transform": peer,
        "memory": peak_bytes(LONGEST_BITS, generator),
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
