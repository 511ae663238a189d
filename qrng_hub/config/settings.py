"""The tables of a run file.

Adapters' own settings and a backend's options are opaque here; the hub checks them against the
models that the adapters declare. A file holds no secrets, only names of environment variables.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, JsonValue, StrictBool, model_validator

from qrng_hub.errors import ConfigError
from qrng_hub.integers import as_python
from qrng_hub.records import (
    NO_BOOL,
    WHOLE,
    Amount,
    CertificateOptions,
    ChshOptions,
    Fallback,
    MerminOptions,
    Record,
    SourceIndependentOptions,
)
from qrng_hub.validation import validated

MAX_DRAW_BYTES = 2**30
_CERTIFIED: dict[str, type[SourceIndependentOptions | ChshOptions | MerminOptions]] = {
    "source-independent": SourceIndependentOptions,
    "chsh": ChshOptions,
    "mermin": MerminOptions,
}
SortKey = Literal["entropy", "cost", "time"]

PositiveInt = Annotated[int, Field(ge=1, strict=True), WHOLE]
Seconds = Annotated[Amount, Field(le=10**9)]
Dollars = Annotated[Amount, Field(le=10**9)]


def _qubits(value: object) -> object:
    """Reads how many qubits to use, or which; the latter are sorted."""
    value = as_python(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    value = [as_python(one) for one in value] if isinstance(value, list | tuple) else []
    if not value or not all(type(one) is int and one >= 0 for one in value):
        raise ValueError("must be a number of qubits, 1 or more, or a list of physical ones, such as [0, 3, 17]")
    if len(set(value)) < len(value):
        raise ValueError(f"{value} names a qubit twice")
    return tuple(sorted(value))


Physical = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
Qubits = Annotated[PositiveInt | Physical, BeforeValidator(_qubits)]


class SeedSettings(Record):
    """`[request.seed]`: an earlier draw whose bytes are the seeds of the extractions, each once."""

    draw: Annotated[str, Field(min_length=1)]
    """The id of the draw, as its receipt has it."""
    file: Annotated[str, Field(min_length=1)]
    """The file that holds its bytes as such, from the working folder."""


class RequestSettings(Record):
    """`[request]`: what is wanted."""

    bytes: Annotated[int, Field(ge=1, le=MAX_DRAW_BYTES, strict=True), WHOLE] = 64
    """Bytes to deliver; more than 1 GiB is drawn in several runs."""
    mode: Literal["first", "each", "plan"] = "first"
    """first: the backends are an ordered fallback chain. each: all must deliver, outputs are XORed.
    plan: who runs what is chosen by cost or time, within the budget."""
    objective: Literal["cost", "time"] = "cost"
    """What a plan makes as small as it can."""
    protocol: Literal["superposition", "source-independent", "chsh", "mermin"] = "superposition"
    certificate: dict[str, JsonValue] = Field(default_factory=dict)
    """`[request.certificate]`: options of a certified protocol, see docs/certificates.md."""
    epsilon: Annotated[float, Field(gt=0, lt=1, ge=2.0**-512), NO_BOOL] = 2.0**-64
    """How far the output may be from uniform, in all, if no bound on the outcomes is wrong (2^-32 a job)."""
    health_alpha: Annotated[float, Field(gt=0, le=2.0**-20, ge=2.0**-100), NO_BOOL] = 2.0**-30
    """The false-alarm rate of one health test of a block of up to a megabit; the receipt says that of all."""
    calibrate: StrictBool = False
    """Run two more circuits in every job, which count the readout errors, and credit only what they leave."""
    seed: SeedSettings | None = None
    """By default the seeds are the operating system's."""
    mix_os_entropy: StrictBool = True
    """XOR the output with bytes of the operating system's generator."""
    retain_raw: StrictBool = False
    """Keep the raw outcomes, which are secrets, and the seeds, as files of mode 0600 in the state folder."""
    purge_at_vendor: StrictBool = False
    """Delete the outcomes at the vendor, who can read them there, once they are used."""

    @cached_property
    def options(self) -> CertificateOptions | None:
        """What a certified protocol is to do; None for superposition. Raises `ConfigError` for what none takes."""
        model = _CERTIFIED.get(self.protocol)
        return None if model is None else validated(model, self.certificate, "request.certificate")

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        """Refuses options without a certified protocol, and what certified runs do not heed."""
        if self.protocol == "superposition":
            if self.certificate:
                raise ValueError("certificate: superposition certifies nothing; set protocol to a certified one")
            return self
        if "protocol" in self.certificate:
            raise ValueError("certificate.protocol: unknown key; the protocol is set by request.protocol")
        try:
            _ = self.options
        except ConfigError as error:
            raise ValueError(str(error)) from None
        if self.mode == "plan":
            raise ValueError(
                'mode: a certified run has a size fixed before it, which no plan parts: set mode = "first" or "each"'
            )
        if self.calibrate:
            raise ValueError("calibrate: a certified run has no circuits that calibrate its readout")
        if self.seed is not None and self.protocol == "mermin":
            raise ValueError("seed: a mermin run is extracted with bits of its weak source, and takes no seed")
        return self


class PolicySettings(Record):
    """`[policy]`: what may happen when a backend does not deliver."""

    fallback: Fallback = Fallback.SIMULATE_ON_FAILURE
    max_wait_seconds: Annotated[float, Field(gt=0, le=366 * 86_400), NO_BOOL] = 86_400.0
    """How long a job may stay queued and running before the run stops waiting for it."""
    hedge: StrictBool = False
    """Whether another backend that costs money may be used while a job of the first may still be billed."""
    vendors_min: PositiveInt = 1
    """How many vendors a plan must draw from at least."""
    max_attempts: Annotated[int, Field(ge=1, le=100, strict=True), WHOLE] = 3
    """How often a request that the vendor did not take is sent, in all."""


class BudgetSettings(Record):
    """`[budget]`: what may be spent; nothing unless this says so."""

    usd: Dollars | None = None
    """The most that a draw may be estimated to cost, all its jobs together; without it, a plan may cost nothing."""
    project: Annotated[str, Field(min_length=1, max_length=100)] = "default"
    """Which runs share `usd_per_month`: those of one project in one ledger."""
    usd_per_month: Dollars | None = None
    """The most that all runs of the project may be estimated to cost in a month (UTC)."""
    warn_at: Annotated[float, Field(gt=0, le=1), NO_BOOL] = 0.8
    """The share of `usd_per_month` from which its use is warned of."""
    usd_per_job: Dollars | None = None
    """The most that one job may be estimated to cost; by default as much as `usd` allows.

    A draw takes as many jobs as its bytes need; `usd` bounds the whole.
    """
    deadline_utc: AwareDatetime | None = None
    """When a plan must be expected to be done."""
    usd_per_hour: Dollars = Decimal(0)
    """What an hour of waiting is worth to a plan, beside the cost."""
    unknown_price: Literal["refuse", "accept"] = "refuse"
    """Whether a plan may use a backend whose price nobody knows."""

    @property
    def most_per_job(self) -> Decimal:
        """The most that one job may be estimated to cost."""
        return self.usd_per_job if self.usd_per_job is not None else self.usd or Decimal(0)

    @property
    def may_spend(self) -> bool:
        """Whether a draw may cost anything."""
        return self.most_per_job > 0 or self.unknown_price == "accept"


class BackendSettings(Record):
    """`[[backend]]`: one backend to use, in the order of the file."""

    address: str
    qubits: Qubits | None = None
    """How many qubits to use, or which physical ones, such as [0, 3, 17]; by default as many as suit the backend."""
    shots: PositiveInt | None = None
    """Shots a job; by default as many as the request needs."""
    max_usd: Dollars | None = None
    """The most that a draw may be estimated to cost on this backend."""
    max_seconds: Seconds | None = None
    """The most seconds that a draw's jobs may run on this backend, as its vendor counts them (IBM: QPU seconds)."""
    max_seconds_per_month: Seconds | None = None
    """Likewise of all runs of the project in a month (UTC), such as the 600 of IBM's open plan."""
    options: dict[str, JsonValue] = Field(default_factory=dict)
    """`[backend.options]`: settings of the adapter's own."""
    sweep: dict[str, Annotated[tuple[JsonValue, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """`[backend.sweep]`: with [compare] only: several values of `shots`, `qubits` or options; a row for each choice."""

    @property
    def is_pattern(self) -> bool:
        """Whether the address stands for every backend that fits it."""
        return "*" in self.address


class CompareSettings(Record):
    """`[compare]`: the same circuits on every backend listed, for `qrng compare`.

    With this table an address may hold `*`, as in `ibm:snapshot/*`: it then stands for every backend that fits.
    """

    shots: Annotated[int, Field(ge=1024, strict=True), WHOLE] = 4096
    """Shots of each repeat, unless a backend says otherwise; the health tests start up with 1024."""
    repeats: Annotated[int, Field(ge=1, le=1000, strict=True), WHOLE] = 3
    """How many jobs each backend runs, one after the other: what changes between them is drift."""
    out: Annotated[str, Field(min_length=1)] | None = None
    """The folder for the results; by default comparisons/ID in the state folder."""
    by: SortKey = "entropy"
    """What the backends are sorted by: bounded bits a shot, cost or seconds of a bounded megabit."""
    alpha: Annotated[float, Field(gt=0, le=0.1), NO_BOOL] = 0.01
    """The chance that anything is found in faultless backends, in all; and that any difference among equal ones is."""


class LedgerSettings(Record):
    """`[ledger]`: where jobs, costs and receipts are kept."""

    url: Annotated[str | None, Field(repr=False)] = None
    """A SQLAlchemy URL, sqlite:///FILE or PostgreSQL; by default ledger.db in the state folder."""
    url_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    """The environment variable that holds the URL instead, if there is a password in it."""


class PoolSettings(Record):
    """`[pool]`: what the hub seeds its generator with and makes keys of comes out of a pool, which draws fill."""

    folder: Annotated[str, Field(min_length=1)] | None = None
    """The pool's folder; by default pool in the state folder."""
    key_file: Annotated[str, Field(min_length=1)] | None = None
    """The file that holds its key; by default the keyring, or a file beside the folder."""
    low_water_bytes: PositiveInt = 4096
    """It is filled in the background when fewer bytes are left."""
    high_water_bytes: Annotated[int, Field(ge=1, le=MAX_DRAW_BYTES, strict=True), WHOLE] = 65_536
    """How far it is filled, by draws as the run file says."""
    wait_seconds: Annotated[float, Field(ge=0, le=366 * 86_400), NO_BOOL] = 60.0
    """How long who finds it empty waits for it to be filled."""
    allow_unmixed: StrictBool = False
    """Heed `request.mix_os_entropy = false` although a restored copy of a pool hands the same bytes out again."""

    @model_validator(mode="after")
    def _marks_are_in_order(self) -> Self:
        if self.low_water_bytes > self.high_water_bytes:
            raise ValueError(
                f"low_water_bytes is {self.low_water_bytes:,}, above high_water_bytes, {self.high_water_bytes:,}"
            )
        return self


class RunFile(Record):
    """A whole run file."""

    version: Literal[1]
    request: RequestSettings = RequestSettings()
    policy: PolicySettings = PolicySettings()
    budget: BudgetSettings = BudgetSettings()
    backends: Annotated[tuple[BackendSettings, ...], Field(alias="backend", min_length=1)] = (
        BackendSettings(address="local:stim"),
    )
    adapters: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    ledger: LedgerSettings = LedgerSettings()
    compare: CompareSettings | None = None
    pool: PoolSettings | None = None

    @model_validator(mode="after")
    def _pool_is_mixed(self) -> Self:
        """Refuses a pool without the operating system's entropy unless that is asked for twice."""
        if self.pool is not None and not self.request.mix_os_entropy and not self.pool.allow_unmixed:
            raise ValueError(
                "request.mix_os_entropy = false: a restored copy of a pool hands the same bytes out again, which the"
                " operating system's entropy keeps apart; if that is meant, set pool.allow_unmixed = true as well"
            )
        return self

    @model_validator(mode="after")
    def _patterns_are_compared(self) -> Self:
        """Refuses a pattern where one backend is to be named."""
        if self.compare is None and (patterns := [one.address for one in self.backends if one.is_pattern]):
            raise ValueError(f"backend.address: {patterns[0]!r} names many backends, which only [compare] allows")
        if self.compare is None and (swept := [one.address for one in self.backends if one.sweep]):
            raise ValueError(f"backend.sweep: {swept[0]!r} is to run at several settings, which only [compare] allows")
        return self

    @model_validator(mode="after")
    def _keys_of_plans(self) -> Self:
        """Refuses what only a plan heeds where there is none: a limit that nobody keeps is worse than none."""
        if self.request.mode == "plan":
            return self._plan_can_be()
        set_here = {
            "request.objective": self.request.objective != "cost",
            "budget.deadline_utc": self.budget.deadline_utc is not None,
            "budget.usd_per_hour": bool(self.budget.usd_per_hour),
            "budget.unknown_price": self.budget.unknown_price != "refuse",
            "policy.vendors_min": self.policy.vendors_min != 1,
        }
        if wrong := [name for name, is_set in set_here.items() if is_set]:
            raise ValueError(f'{", ".join(wrong)}: only heeded with request.mode = "plan"')
        return self

    def _plan_can_be(self) -> Self:
        """Refuses limits that contradict one another whatever the backends ask for."""
        vendors = {one.address.partition(":")[0] for one in self.backends}
        wanted = self.policy.vendors_min
        if wanted > len(vendors):
            raise ValueError(f"policy.vendors_min is {wanted}, and {len(vendors)} vendor(s) are listed")
        if self.request.bytes < wanted:
            raise ValueError(f"request.bytes is {self.request.bytes}, too few for {wanted} vendors to have a part each")
        budget = self.budget
        if budget.usd_per_job is not None and budget.usd_per_job > (budget.usd or 0):
            raise ValueError(f"budget.usd_per_job is {budget.usd_per_job}, more than budget.usd, {budget.usd or 0}")
        return self
