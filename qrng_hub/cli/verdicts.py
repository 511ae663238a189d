"""The table of devices with known faults: what is true of each, and what was made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from qrng_hub.cli.grid import Grid, console_of

if TYPE_CHECKING:
    from qrng_hub.testing.trial import Verdict


def show_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Prints one row a device, of the qubits that its fault concerns, then where more is bounded than there is."""
    table = Grid.of("device", ">faulty qubits", ">true h/shot", ">bound h/shot", "bound", "~found", "~fault")
    for one in verdicts:
        bound = Text("too much", "red") if one.is_exceeded else Text("holds", "green")
        figures = str(len(one.qubits)), f"{one.min_entropy_bits:.2f}", f"{one.bound_bits:.2f}"
        table.add_row(one.address, *figures, bound, ", ".join(one.found) or "nothing", one.fault)
    console = console_of()
    table.show(console)
    missed = [one.address for one in verdicts if one.is_exceeded]
    verdict = f"more is bounded than there is: {', '.join(missed)}" if missed else "no bound is above what is there"
    console.print(f"of {len(verdicts)} devices with known faults: {verdict}", soft_wrap=True)
