"""Start-up: CPU seconds of an import and of `qrng --version`, wall seconds to the first bytes. Prints JSON."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from measuring import PYTHON, cpu_seconds, machine, median_each, wall_seconds

ROUNDS = 15
FIRST_BYTES = "from qrng_hub import Hub\nwith Hub.open() as hub: hub.random_bytes(32)"


def main() -> None:
    """Measures and prints."""
    qrng = str(Path(PYTHON).with_name("qrng"))
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"QRNG_STATE_DIR": folder}
        run = [PYTHON, "-c", FIRST_BYTES]

        def first_bytes() -> float:
            return wall_seconds(lambda: cpu_seconds(run, environment))

        def very_first_bytes() -> float:
            with tempfile.TemporaryDirectory() as empty:
                return wall_seconds(lambda: cpu_seconds(run, os.environ | {"QRNG_STATE_DIR": empty}))

        medians = median_each(
            ROUNDS,
            import_nothing_cpu_seconds=lambda: cpu_seconds([PYTHON, "-c", "pass"]),
            import_pydantic_cpu_seconds=lambda: cpu_seconds([PYTHON, "-c", "import pydantic"]),
            import_qrng_hub_cpu_seconds=lambda: cpu_seconds([PYTHON, "-c", "import qrng_hub"]),
            qrng_version_cpu_seconds=lambda: cpu_seconds([qrng, "--version"]),
            open_and_32_bytes_wall_seconds=first_bytes,
            open_and_32_bytes_new_ledger_wall_seconds=very_first_bytes,
        )
    print(json.dumps({"benchmark": "startup", "machine": machine(), "medians": medians}, indent=2))


if __name__ == "__main__":
    main()
