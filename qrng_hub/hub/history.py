"""What a hub's ledger tells: jobs, costs, budgets, queues, runs, receipts and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from qrng_hub.clock import Clock
from qrng_hub.errors import RequestError
from qrng_hub.integers import whole
from qrng_hub.ledger import Budget, ChainedEvent, Ledger, LedgerJob, Run, head
from qrng_hub.records import LedgerEvent, Receipt
from qrng_hub.reports import CostLine, Grouping, QueueLine, costs, queue_times

if TYPE_CHECKING:
    from qrng_hub.signing import SignedReceipt


class History:
    """The reading side of a hub; asks no vendor."""

    _ledger: Ledger
    _clock: Clock

    def audit(self, against: str | None = None) -> tuple[str, ...]:
        """Says what in the ledger does not fit together; nothing if all does.

        With a head of its chain from `chain_head`, also whether the chain goes on from there, or an end was cut off.
        Raises `RequestError` for what is no head.
        """
        return self._ledger.audit(against)

    def chain_head(self) -> str:
        """Names how far the chain of events is, as COUNT:HASH; keep it elsewhere, to audit against it later."""
        return head(self._ledger.chain())

    def undigested(self) -> tuple[str, ...]:
        """Lists the draws of earlier releases, of whose receipts there is no digest of that time to audit them by."""
        return self._ledger.undigested()

    def chain(self) -> tuple[ChainedEvent, ...]:
        """Lists every event of the ledger with its hash, which covers the event and the hash before it."""
        return self._ledger.chain()

    def runs(self) -> tuple[Run, ...]:
        """Lists the draws that may have jobs at vendors, newest first: what each spent, whether it was delivered."""
        return self._ledger.runs()

    def jobs(self, limit: int = 100) -> tuple[LedgerJob, ...]:
        """Lists the newest jobs of the ledger, newest first; raises `RequestError` for a limit that is no number."""
        return self._ledger.jobs(
            whole(limit, "a number of jobs is 0 or more", 0, 2**63 - 1, "; `Hub.job` reads one job")
        )

    def job(self, name: str) -> LedgerJob:
        """Reads a job of the ledger by its key or its vendor's id, or the beginning of either."""
        return self._ledger.ledger_job(name)

    def job_events(self, name: str) -> tuple[LedgerEvent, ...]:
        """Lists what happened to a job that was at a vendor, in order."""
        return self._ledger.events(self.job(name).key)

    def costs(self, by: Grouping = "backend") -> tuple[CostLine, ...]:
        """Adds up what was estimated, billed and credited, by backend, by day or by run; raises `RequestError`."""
        if by not in get_args(Grouping):
            raise RequestError(f"costs are added up by {', '.join(get_args(Grouping))}, not by {by!r}")
        return costs(self._ledger.jobs(limit=None), self._ledger.receipts(), by)

    def budgets(self) -> tuple[Budget, ...]:
        """Lists the budgets of the ledger, with what is spent or reserved of each."""
        return self._ledger.budgets()

    def queue_times(self) -> tuple[QueueLine, ...]:
        """Sums up how long jobs queued at each backend, and what to expect now."""
        return queue_times((job for job in self._ledger.jobs(limit=None) if job.is_remote), self._clock.now())

    def receipts(self) -> tuple[Receipt, ...]:
        """Lists the receipts of every draw in the ledger, oldest first."""
        return self._ledger.receipts()

    def receipt(self, draw_id: str) -> Receipt:
        """Reads the receipt of an earlier draw; raises `LedgerError` if the ledger has none of that id."""
        return self._ledger.receipt(draw_id)

    def signed_receipt(self, draw_id: str) -> SignedReceipt:
        """Returns it as it was signed at delivery; signs with the key of this user and host what was not signed then.

        Raises `LedgerError` besides if it is not what was delivered, or does not fit its jobs, and `ReceiptKeyError` if
        that key is unsafe.
        """
        from qrng_hub.signing import receipt_keys, signed, with_signature  # loads cryptography, which few draws need

        self.receipt(draw_id)
        text, said = self._ledger.receipt_to_sign(draw_id)
        if (signature := said.get("signature")) is not None:
            return with_signature(text, signature)
        return signed(text, receipt_keys().current())
