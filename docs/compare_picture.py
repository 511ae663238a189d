"""Draws docs/compare.png: parts of report.html, from a real comparison of configs/compare.toml and an emulator.

Chromium takes the picture, of the summary, the bias of every backend, and what is drawn of one device; nothing in them
is altered. The emulated device is made up for tests (tests/vectors/braket-test-6q.json). `make compare-picture` runs it
with the tests' folder on the path, whose browser it takes.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import tomllib
from pathlib import Path

from browser.chromium import Tab, chromium, found
from qrng_hub import Hub
from qrng_hub.config import run_file_from
from qrng_hub.reports.comparison_page import page

ROOT = Path(__file__).parents[1]
WIDTH, TALLEST = 1080, 6000
DEVICE = "ibm:snapshot/cusco"
#: the titles of the charts that are shown
SHOWN = (
    "Bias of each qubit, a strip a backend", f"Estimates of min-entropy, {DEVICE}", f"Bias on {DEVICE}",
    f"Bounded min-entropy on {DEVICE}", f"Min-entropy of each qubit of {DEVICE}",
)  # fmt: skip
#: leaves the title, the summary and the charts that are shown, in two columns; returns how many they are
CUT = """
(titles => {
  const main = document.querySelector('main'), charts = document.createElement('div');
  charts.className = 'charts';
  const every = [...document.querySelectorAll('figure')];
  const shown = titles.flatMap(title => every.filter(one => one.querySelector('h3').textContent === title));
  charts.append(...shown);
  shown.forEach(one => one.querySelector('details').remove());
  main.replaceChildren(document.querySelector('h1'), ...document.querySelectorAll('.summary'), charts);
  return shown.length;
})(%s)
"""


def main() -> None:
    """Compares and draws."""
    path = found()
    if path is None:
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
        with chromium(path) as tab:
            (ROOT / "docs" / "compare.png").write_bytes(picture(tab, report))


def picture(tab: Tab, report: Path) -> bytes:
    """Returns the parts that are shown, as a PNG."""
    tab.open(report, WIDTH, TALLEST)
    shown = tab.run(CUT % list(SHOWN))
    if shown != len(SHOWN):
        sys.exit(f"{len(SHOWN) - shown} of the charts to show are not on the page")
    height = tab.run("Math.ceil(document.querySelector('main').getBoundingClientRect().bottom)")
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    return base64.b64decode(tab.ask("Page.captureScreenshot", clip=clip)["data"])


if __name__ == "__main__":
    main()
