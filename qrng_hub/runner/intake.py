"""What becomes of a job's outcomes: credited, conditioned, kept if asked for, deleted at the vendor if asked for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qrng_hub.adapter import Adapter
from qrng_hub.errors import InsufficientEntropyError
from qrng_hub.extractors import condition, shots_per_output
from qrng_hub.files import write_private
from qrng_hub.ledger import Ledger
from qrng_hub.protocols import Superposition
from qrng_hub.purging import PURGE_DEFERRED, purge
from qrng_hub.receipts import SourceTally
from qrng_hub.records import EntropyCredit, Job, Outcome, RawBlock, Request


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes the outcomes of jobs for one request."""

    protocol: Superposition
    ledger: Ledger
    raw_folder: Path
    request: Request

    def take(self, adapter: Adapter, outcome: Outcome, tally: SourceTally) -> bytes:
        """Returns the bytes that a job gives; counts it, keeps and deletes its outcomes as the request says."""
        tally.add(outcome)
        output = bytearray()
        for block in outcome.blocks:
            credit = self.protocol.credit(block)
            tally.add_block(block, credit)
            output += _conditioned(block, credit)
            if self.request.retain_raw:
                retain(block, self.raw_folder)
        if self.request.purge_at_vendor:
            tally.add_purge(self._purge(adapter, outcome.job))
        return bytes(output)

    def _purge(self, adapter: Adapter, job: Job) -> bool:
        """Deletes a job's outcomes at the vendor, unless that would delete a bill that is still to come.

        Reconciling deletes them once the bill is known. A failure does not undo the draw.
        """
        if job.bill_is_pending:
            self.ledger.record_event(PURGE_DEFERRED, job.spec.key, {"reason": "the bill is still to come"})
            return False
        return purge(adapter, self.ledger, job)


def retain(block: RawBlock, folder: Path) -> Path:
    """Writes a block's packed outcomes, which are secrets, to a .npy file of mode 0600 named by its SHA-256."""
    file = io.BytesIO()
    np.save(file, block.outcomes, allow_pickle=False)
    return write_private(folder / f"{block.sha256}.npy", file.getvalue())


def _conditioned(block: RawBlock, credit: EntropyCredit) -> bytes:
    """Hashes a block down; raises `InsufficientEntropyError` if it does not even give one output."""
    output = condition(block.outcomes, shots_per_output(credit.estimated_bits_per_shot))
    if not output:
        carried = credit.estimated_bits_per_shot * block.shots
        raise InsufficientEntropyError(
            f"{block.address}: {block.shots} shots of {len(block.qubits)} qubits carry {carried:.0f} estimated bits,"
            " and an output needs 576 in whole shots; ask for more shots or more qubits"
        )
    return output
