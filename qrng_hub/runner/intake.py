"""What becomes of a job's outcomes: credited, conditioned, kept if asked for, deleted at the vendor if asked for."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from qrng_hub.adapter import Adapter
from qrng_hub.errors import InsufficientEntropyError, VendorError
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
    _digests: set[str] = field(default_factory=set)

    def take(self, outcome: Outcome, tally: SourceTally) -> bytes:
        """Returns the bytes that a job gives; counts it, and keeps its outcomes if the request says so.

        Raises `VendorError` for outcomes that another job of the request gave, on whatever backend.
        """
        tally.add(outcome)
        output = bytearray()
        for block in outcome.blocks:
            self._require_new(block)
            credit = self.protocol.credit(block)
            tally.add_block(block, credit)
            output += _conditioned(block, credit)
            if self.request.retain_raw:
                retain(block, self.raw_folder)
        return bytes(output)

    def _require_new(self, block: RawBlock) -> None:
        if block.sha256 in self._digests:
            raise VendorError(
                f"job {block.vendor_id} on {block.address} gave outcomes that an earlier job of this draw gave, bit by"
                " bit: they are not new, and nothing of them is used"
            )
        self._digests.add(block.sha256)

    def finish(self, adapter: Adapter, tally: SourceTally) -> None:
        """Deletes the outcomes of all jobs counted, if the request says so; until then a draw may need them."""
        if self.request.purge_at_vendor:
            for job in tally.jobs:
                tally.add_purge(self._purge(adapter, job))

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
