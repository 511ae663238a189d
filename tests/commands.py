"""Runs the command `qrng` in this process, as `qrng_hub.cli.main` does it: fast enough for many calls."""

import sys
import warnings
from dataclasses import dataclass

import pytest

from qrng_hub.cli import main


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def qrng(capsys: pytest.CaptureFixture[str], *arguments: str) -> Done:
    """Runs `qrng` with these arguments and returns what it printed."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["qrng", *arguments])
        patch.setattr(warnings, "showwarning", warnings.showwarning)  # `main` sets its own
        with pytest.raises(SystemExit) as ended:
            main()
    printed = capsys.readouterr()
    return Done(int(str(ended.value.code)), printed.out, printed.err)
