"""`make fuzz COUNT=1000 SEED=1`: damaged inputs through every command; ONLY=receipt:17 runs one case again."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.fuzz
def test_no_damaged_input_ends_in_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    from fuzz.corpus import kinds  # loads the vendors' packages
    from fuzz.running import fuzz, summary

    count, seed = (int(os.environ.get(f"QRNG_FUZZ_{name}", "1000")) for name in ("COUNT", "SEED"))
    finds = Path(os.environ.get("QRNG_FUZZ_FINDS", "build/fuzz.txt"))
    began, cases = time.monotonic(), []
    with capfd.disabled():
        print(f"\nseed {seed}, {count:,} cases", flush=True)  # noqa: T201
        for case in fuzz(kinds(), count, seed, os.environ.get("QRNG_FUZZ_ONLY", "")):
            cases.append(case)
            if case.is_find:
                finds.parent.mkdir(exist_ok=True)
                with finds.open("a") as file:
                    file.write(f"== {case.outcome} {case.kind}:{case.number}, seed {seed}\n{case.detail}\n")
        seconds = time.monotonic() - began
        print(summary(cases), flush=True)  # noqa: T201
        print(f"{len(cases):,} cases in {seconds:,.0f} s", file=sys.stdout, flush=True)  # noqa: T201
    found = [case for case in cases if case.is_find]
    assert not found, f"{len(found)} finds: see {finds}"
