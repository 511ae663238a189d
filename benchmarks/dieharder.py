"""Runs some of dieharder's tests on the generator and on extracted outcomes of a noisy virtual machine. Prints JSON.

A sanity check of the plumbing, such as bit order and repetition, and nothing more: it proves nothing about entropy, for
a generator without any passes. Needs the program `dieharder` (Debian: apt install dieharder).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from measuring import machine

from qrng_hub import Hub

#: by number; of extracted bytes, which are slow to make, with so few samples that none is used twice
TESTS = {"diehard_birthdays": 0, "diehard_rank_32x32": 2, "sts_monobit": 100, "sts_runs": 101}
_NOISY = "cirq:qvm/willow_pink"


def verdicts(arguments: list[str]) -> Counter[str]:
    """Runs the tests on what the arguments name, and counts the verdicts."""
    counted: Counter[str] = Counter()
    for number in TESTS.values():
        done = subprocess.run(
            [str(shutil.which("dieharder")), "-d", str(number), *arguments], capture_output=True, check=True
        )
        for line in done.stdout.decode().splitlines():
            if line.count("|") == 5 and not line.lstrip().startswith("test_name"):
                counted[line.split("|")[5].strip()] += 1
    return counted


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bytes", type=int, default=2_000_000, help="of extracted output")
    options = parser.parse_args()
    if not shutil.which("dieharder"):
        sys.exit("the program dieharder is not installed: apt install dieharder")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QRNG_STATE_DIR"] = folder
        with Hub.open({"version": 1, "request": {"mix_os_entropy": False}, "backend": [{"address": _NOISY}]}) as hub:
            extracted = Path(folder) / "extracted"
            extracted.write_bytes(hub.random_bytes(options.bytes))
        with Hub.open() as hub:
            stream = Path(folder) / "stream"
            stream.write_bytes(hub.secrets.token_bytes(200_000_000))
        found = {
            "generator": verdicts(["-g", "201", "-f", str(stream)]),
            f"extracted from {_NOISY}": verdicts(["-g", "201", "-f", str(extracted), "-p", "10", "-t", "1000"]),
        }
    print(
        json.dumps({"benchmark": "dieharder", "machine": machine(), "tests": list(TESTS), "verdicts": found}, indent=2)
    )


if __name__ == "__main__":
    main()
