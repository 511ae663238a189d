"""Throughput of local:stim: raw outcomes into a RawBlock, and through to output bytes. Prints JSON."""

from __future__ import annotations

import json
import os
import statistics
import tempfile

from measuring import machine, wall_seconds

from qrng_hub import Circuit, Hub

QUBITS, SHOTS, ROUNDS = 128, 65_536, 15


def main() -> None:
    """Measures and prints; the raw bits of stim alone stand beside as the limit."""
    import stim

    circuit = Circuit().h(*range(QUBITS)).measure(*range(QUBITS))
    program = stim.Circuit(f"H {' '.join(map(str, range(QUBITS)))}\nM {' '.join(map(str, range(QUBITS)))}")
    raw_megabits = QUBITS * SHOTS / 1e6
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QRNG_STATE_DIR"] = folder
        with Hub.open() as hub:
            rates = {
                "stim_alone_mbit_s": _rate(
                    raw_megabits, lambda: program.compile_sampler().sample(SHOTS, bit_packed=True)
                ),
                "raw_block_mbit_s": _rate(raw_megabits, lambda: hub.raw("local:stim", circuit, SHOTS)),
                **{
                    f"output_of_{size}_bytes_mbit_s": _rate(8 * size / 1e6, lambda size=size: hub.random_bytes(size))
                    for size in (1_000_000, 10_000_000)
                },
            }
    print(json.dumps({"benchmark": "throughput", "machine": machine(), "medians": rates}, indent=2))


def _rate(megabits: float, run: object) -> float:
    assert callable(run)
    run()
    return round(statistics.median(megabits / wall_seconds(run) for _ in range(ROUNDS)), 1)


if __name__ == "__main__":
    main()
