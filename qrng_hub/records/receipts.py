"""What outlives the process: receipts and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, JsonValue, PrivateAttr

from qrng_hub.errors import RequestError
from qrng_hub.records.base import CommonOrigin, Origin, Record
from qrng_hub.records.certificates import Bound, CertifiedRun
from qrng_hub.records.health import HealthTest
from qrng_hub.records.shown import draw_html


class Substitution(Record):
    """One backend that did not deliver, what was used in its place, and why."""

    failed: str
    used: str | None
    reason: str


class HealthSummary(Record):
    """The health tests that every block of a source passed, and of each kind the one that came nearest to failing."""

    alpha: float
    blocks: int
    false_alarm_rate: float
    """The probability that blocks as good as claimed are refused, at most."""
    tests: tuple[HealthTest, ...]


class ExtractionSummary(Record):
    """The extractions of a source, one a job, added up."""

    method: str
    blocks: int
    input_bits_used: int
    input_bits_dropped: int
    output_bits: int
    epsilon: float
    """How far all of their output is from uniform, at most, what was not delivered of it included."""
    seed_origin: str
    seed_sha256: tuple[str, ...]


class SourceReceipt(Record):
    """What one backend gave to a draw."""

    address: str
    origin: Origin
    source: str
    job_keys: tuple[str, ...]
    vendor_ids: tuple[str, ...]
    block_sha256: tuple[str, ...]
    qubits: tuple[int, ...]
    shots: int
    raw_bits: int
    p_one: tuple[float, ...]
    """The share of ones of each qubit, in the order of `qubits`."""
    estimated_bits_per_qubit: tuple[float, ...]
    """What the most common value of each qubit suggests; no bound."""
    bound_bits_per_qubit: tuple[float, ...] = ()
    """What is bounded of each qubit, and extracted, in bits a shot, whether or not it is hardware's."""
    counted_bits_per_qubit: tuple[float, ...] = ()
    """The bound from how often each qubit gave a one."""
    calibrated_bits_per_qubit: tuple[float, ...] | None = None
    """The bound when an adversary knows the readout noise; None where the readout was not calibrated."""
    bound_bits: float = 0.0
    bound_epsilon: float | None = None
    """The probability that any bound on any qubit in any job is wrong."""
    credited_bits: float
    claimed_bits: float = 0.0
    """What somebody vouches for of the raw bits, beside what is bounded and credited; 0 where nobody does."""
    claimed_by: str = ""
    """Who does."""
    health: HealthSummary | None = None
    extraction: ExtractionSummary | None = None
    certified: tuple[CertifiedRun, ...] = ()
    """The certified runs, with their terms and counts; empty where nothing is certified."""
    method: str
    side_information: str
    assumptions: tuple[str, ...]
    bytes_delivered: int
    cost_estimated_low: Decimal | None
    cost_estimated_high: Decimal | None
    cost_billed: Decimal | None
    currency: str
    queue_seconds: float | None
    run_seconds: float | None
    purged_at_vendor: bool | None = None
    """Whether every job's outcomes were deleted at the vendor; None if that was not asked for."""

    @property
    def bound_bits_per_raw_bit(self) -> float:
        """The bounded min-entropy per raw bit."""
        return self.bound_bits / max(self.raw_bits, 1)

    @property
    def credited_bits_per_raw_bit(self) -> float:
        """The credited min-entropy per raw bit."""
        return self.credited_bits / max(self.raw_bits, 1)

    @property
    def claimed_bits_per_raw_bit(self) -> float:
        """The claimed min-entropy per raw bit."""
        return self.claimed_bits / max(self.raw_bits, 1)


def names_of(names: Iterable[str]) -> str:
    """Lists names, each once, for a sentence."""
    return " and ".join(dict.fromkeys(names))


def claim_of(sources: Sequence[SourceReceipt], output_bits: int, mode: str) -> tuple[float, str]:
    """Returns what is claimed of an output of these sources, in bits, and by whom.

    As credit is: of the parts of a plan each for itself, of an XOR the most, and never more than the output has.
    """
    claimed = [one for one in sources if one.claimed_bits]
    if mode == "plan":
        bits = sum(min(one.claimed_bits, 8.0 * one.bytes_delivered) for one in claimed)
    else:
        claimed = sorted(claimed, key=lambda one: -one.claimed_bits)[:1]
        bits = claimed[0].claimed_bits if claimed else 0.0
    return min(bits, float(output_bits)), names_of(one.claimed_by for one in claimed)


class Credit(Record):
    """How many bits of min-entropy are credited to an output, and in one sentence why."""

    bits: float
    reason: str


class Receipt(Record):
    """The provenance of a draw, in a form that outlives the process."""

    version: Literal[1, 2, 3, 4] = 4
    """Version 1 has neither bounds nor health tests nor extractions, 2 no certified runs, and 3 no claims."""
    draw_id: str
    created_utc: datetime
    code_version: str
    bytes: int
    sha256: str | None
    """The digest of the output; None under 32 bytes, where it would reveal it."""
    origin: CommonOrigin
    mode: str
    """How the sources make the output: first, one; each, their XOR; plan, one part each, in their order."""
    protocol: str
    conditioning: str
    epsilon: float | None = None
    """How far the output is from uniform, at most, if no bound is wrong."""
    mixed_with_os_entropy: bool
    credit: Credit
    claimed_bits: float = 0.0
    """What somebody vouches for of the output: a third figure beside bound and credit, part of neither."""
    claimed_by: str = ""
    """Who does."""
    bound: Bound | None = None
    """What is certified of the outcomes if they came from hardware; None where nothing is."""
    substitutions: tuple[Substitution, ...]
    sources: tuple[SourceReceipt, ...]

    def __repr__(self) -> str:
        sources = ", ".join(source.address for source in self.sources)
        return f"<Receipt {self.draw_id}: {self.bytes} bytes, {self.credit.bits:.0f} bits credited, from {sources}>"


class Draw(Record):
    """Bytes handed to the caller, with their receipt; `repr` never shows the bytes."""

    data: Annotated[bytes, Field(repr=False, exclude=True)]
    receipt: Receipt
    _is_spent: bool = PrivateAttr(default=False)

    @contextmanager
    def spent(self) -> Iterator[None]:
        """Marks the bytes as used once, unless the block fails; raises `RequestError` if they were used before."""
        if self._is_spent:
            raise RequestError(
                f"draw {self.receipt.draw_id} was put into a pool or made a key of before, and its bytes are used once:"
                " draw again"
            )
        self._is_spent = True
        try:
            yield
        except BaseException:
            self._is_spent = False
            raise

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        receipt = self.receipt
        return f"<Draw {receipt.draw_id}: {len(self)} bytes, {receipt.origin}, {receipt.credit.bits:.0f} bits credited>"

    def _repr_html_(self) -> str:
        return draw_html(self)


class LedgerEvent(Record):
    """Something that happened, as the ledger keeps it."""

    at_utc: datetime
    kind: str
    subject: str
    detail: dict[str, JsonValue] = Field(default_factory=dict)
