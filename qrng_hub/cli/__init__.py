"""The command `qrng`: parses, calls the hub, prints, and turns errors into exit codes.

0 done, 1 the run failed, 2 bad usage or a bad run file, 3 done and something else stood in for hardware, 130
interrupted by Ctrl-C, 129 by SIGHUP and 143 by SIGTERM.
"""

from __future__ import annotations

import importlib
import io
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from qrng_hub import __version__
from qrng_hub.cli.interrupting import ending_in_order
from qrng_hub.cli.printable import printable_lines
from qrng_hub.errors import ConfigError, QRNGError, RequestError, SimulatedFallbackWarning, UnknownNameError
from qrng_hub.files import reason

#: Modules are imported when their command is called, so that `qrng --version` loads none of them.
_COMMANDS = {
    "bytes": "draw",
    "run": "draw",
    "plan": "plan",
    "compare": "compare",
    "replay": "replay",
    "extract": "extract",
    "certify": "certify",
    "backends": "backends",
    "jobs": "jobs",
    "pool": "pool",
    "keygen": "keygen",
    "config": "config",
    "report": "report",
    "receipt": "receipts",
    "verify": "verify",
    "keys": "receipts",
    "check": "check",
    "assess": "assess",
}
_INTERRUPTED = 128 + signal.SIGINT
#: The warnings that something else stood in for hardware in the command that is run.
_simulated: list[SimulatedFallbackWarning] = []
_USAGE_ERRORS = (ConfigError, RequestError, UnknownNameError)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"qrng_hub.cli.{_COMMANDS[name]}"), f"{name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command named; for a misspelt one it offers the nearest."""
        if not ctx.resilient_parsing and args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            from qrng_hub.validation import nearest  # loads pydantic

            ctx.fail(f"No such command {args[0]!r}{nearest(args[0], _COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="qrng")
def cli() -> None:
    """Random numbers from any quantum computer, with the provenance of every byte."""


def main() -> NoReturn:
    """Runs the command line and exits with its code."""
    _simulated.clear()
    warnings.showwarning = _show_warning
    logging.getLogger("qrng_hub").addHandler(_Said())
    warnings.simplefilter("always", SimulatedFallbackWarning)  # whatever filters say: the exit code depends on it
    if sys.stdout is None:  # closed by whoever started this
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process runs
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a bar or a dash that the encoding lacks ends nothing
    with ending_in_order() as signals:
        code = _exit_code(lambda: cli.main(prog_name="qrng", standalone_mode=False))
    if signals and code == _INTERRUPTED:
        code = 128 + signals[0]
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            code = _complain(f"the output cannot be written: {reason(error)}", 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        run()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _complain("interrupted; what was run is in the ledger: `qrng jobs`", _INTERRUPTED)
    except QRNGError as error:  # some are OSErrors as well
        return _complain(str(error), 2 if isinstance(error, _USAGE_ERRORS) else 1)
    except BrokenPipeError:
        return 1
    except MemoryError as error:
        return _complain(f"there is not enough memory: {error or 'ask for less at once'}", 1)
    except OSError as error:
        return _complain(f"the output cannot be written: {reason(error)}", 1)
    return 3 if _simulated else 0


def _complain(message: str, code: int) -> int:
    click.echo(printable_lines(f"qrng: {message}"), err=True)
    return code


class _Said(logging.Handler):
    """Says on stderr what the library logs, such as what it waits for."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(printable_lines(f"qrng: {record.getMessage()}"), err=True)


def _show_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    if isinstance(message, SimulatedFallbackWarning):
        _simulated.append(message)
    click.echo(printable_lines(f"qrng: warning: {message}"), err=True)
