"""Draws docs/quickstart.svg: what `qrng run configs/quickstart.toml` prints, from a real run."""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME

from qrng_hub import Hub
from qrng_hub.cli.tables import show_draw

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Runs and draws."""
    console = Console(record=True, width=150, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QRNG_STATE_DIR"] = folder
        with Hub.open(ROOT / "configs" / "quickstart.toml") as hub:
            draw = hub.run()
    path = Path("~/.local/state/qrng_hub/receipts") / f"{draw.receipt.draw_id}.json"
    show_draw(draw.receipt, draw.data.hex(), path, console)
    picture = console.export_svg(title="qrng run configs/quickstart.toml", theme=DEFAULT_TERMINAL_THEME)
    # rich names fonts on a server; a picture must not ask for anything when it is shown
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    (ROOT / "docs" / "quickstart.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
