"""Draws docs/compare.png: the top of report.html, from a real comparison of configs/compare.toml and an emulator.

Chromium takes the picture; the emulated device is made up for tests (tests/vectors/braket-test-6q.json).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.reports.comparison_page import page

ROOT = Path(__file__).parents[1]
SIZE = "1240,1300"


def main() -> None:
    """Compares and draws."""
    chromium = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not chromium:
        sys.exit("Chromium is needed (Debian: apt-get install chromium)")
    values = tomllib.loads((ROOT / "configs" / "compare.toml").read_text(encoding="utf-8"))
    values["backend"].append({"address": "braket:emulator/braket-test-6q"})
    os.chdir(ROOT / "tests" / "vectors")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["QRNG_STATE_DIR"] = folder
        with Hub.open(run_file_from(values)) as hub:
            comparison = hub.compare()
        report = Path(folder) / "report.html"
        report.write_text(page(comparison), encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE}"]
        picture = f"--screenshot={ROOT / 'docs' / 'compare.png'}"
        subprocess.run(
            [chromium, *flags, f"--user-data-dir={folder}/profile", picture, report.as_uri()],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
