"""How long the health tests of a block take, and how much memory beside it. Prints JSON."""

from __future__ import annotations

import json
import statistics
import tracemalloc

import numpy as np
from measuring import machine, wall_seconds

from qrng_hub.health import check_health
from qrng_hub.records import Origin, RawBlock, ShotOrder

QUBITS, ROUNDS = 156, 9


def main() -> None:
    """Measures and prints."""
    medians = {}
    for shots in (4096, 100_000):
        block = fair(shots)
        seconds = statistics.median(wall_seconds(lambda block=block: check_health(block, 0.95)) for _ in range(ROUNDS))
        tracemalloc.start()
        report = check_health(block, 0.95)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        medians[f"{QUBITS}x{shots}"] = {
            "seconds": round(seconds, 3),
            "mbit_s": round(block.raw_bits / 1e6 / seconds, 1),
            "peak_mb_beside_the_block": round(peak / 1e6, 1),
            "false_alarm_rate": report.false_alarm_rate,
        }
    print(json.dumps({"benchmark": "health", "machine": machine(), "medians": medians}, indent=2))


def fair(shots: int) -> RawBlock:
    """Makes a block of fair outcomes, seeded."""
    outcomes = np.random.default_rng(1).integers(0, 256, (shots, -(-QUBITS // 8)), dtype=np.uint8)
    outcomes[:, -1] &= 0xF0
    return RawBlock(
        address="local:stim",
        vendor_id="",
        origin=Origin.SIMULATOR,
        source="numpy",
        shot_order=ShotOrder.MEASURED,
        qubits=tuple(range(QUBITS)),
        outcomes=outcomes,
    )


if __name__ == "__main__":
    main()
