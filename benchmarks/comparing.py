"""How long a comparison of 16 offline backends takes, its peak memory, and the hub's own share; prints JSON.

The hub's share is what the page says; beside it all that is not the vendors' work, with the start of Python, what the
vendors' packages take to import, and the page.

With an argument, so many raw Mbit of each backend, in five repeats; without, configs/compare.toml as it is. The
emulated device is made up for tests.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

from measuring import PYTHON, machine

ROOT = Path(__file__).parents[1]
REPEATS = 5
WITHIN = """
import json, sys
from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.hub.comparing import Place
from qrng_hub.reports.comparison_files import save_comparison
from pathlib import Path
with Hub.open(run_file_from(json.loads(sys.argv[1]))) as hub:
    made = hub.compare(place=Place(Path("results")))
save_comparison(made, sys.argv[1], Path("results"))
"""


def main() -> None:
    """Compares in a process of its own and prints what it took."""
    values = run_file(float(sys.argv[1]) if len(sys.argv) > 1 else None)
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "braket-test-6q.json"
        link.symlink_to(ROOT / "tests" / "vectors" / "braket-test-6q.json")
        environment = os.environ | {"QRNG_STATE_DIR": folder}
        began = time.perf_counter()
        subprocess.run([PYTHON, "-c", WITHIN, json.dumps(values)], check=True, cwd=folder, env=environment)
        wall = time.perf_counter() - began
        document = json.loads((Path(folder) / "results" / "comparison.json").read_text(encoding="utf-8"))
        page = (Path(folder) / "results" / "report.html").stat().st_size
    print(json.dumps(told(document, wall) | {"page_bytes": page, "machine": machine()}, indent=2))


def run_file(mbit: float | None) -> dict[str, Any]:
    """Returns the run file: each backend's shots are such that it gives so many raw Mbit."""
    values = tomllib.loads((ROOT / "configs" / "compare.toml").read_text(encoding="utf-8"))
    values["backend"].append({"address": "braket:emulator/braket-test-6q", "qubits": 6})
    if mbit is not None:
        values["compare"]["repeats"] = REPEATS
        for backend in values["backend"]:
            most = 20_000 if "emulator" in backend["address"] else 10**9  # what the emulated device takes
            backend["shots"] = min(most, round(mbit * 1e6 / backend["qubits"] / REPEATS))
    return values


def told(document: dict[str, Any], wall: float) -> dict[str, object]:
    """Sums up what a comparison took."""
    rows = document["backends"]
    hub, vendors = document["hub_seconds"], document["vendor_seconds"]
    return {
        "backends": len(rows),
        "failed": [row["failure"] for row in rows if row["failure"]],
        "raw_mbit_each": sorted({round((row["totals"] or {}).get("raw_bits", 0) / 1e6, 2) for row in rows}),
        "wall_seconds": round(wall, 1),
        "vendor_seconds": round(vendors, 1),
        "hub_seconds": round(hub, 1),
        "hub_share": round(hub / (hub + vendors), 3),
        "start_imports_and_page_seconds": round(wall - hub - vendors, 1),
        "share_of_all_but_the_vendors": round(1 - vendors / wall, 3),
        "peak_mbyte": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
        "seconds_of_each": {row["address"]: round((row["totals"] or {}).get("run_seconds") or 0, 1) for row in rows},
    }


if __name__ == "__main__":
    main()
