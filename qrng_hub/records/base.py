"""What every record is made of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from qrng_hub.integers import as_python


class Record(BaseModel):
    """A frozen value; an unknown field is an error. No error quotes a value: it may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


#: more than any arithmetic here leaves
_MOST_PLACES = 60


def _written_out(amount: Decimal) -> Decimal:
    """Writes 0E+54 as 0 and 3E+2 as 300; what nobody has is left as it is, and refused with too many places."""
    exponent = cast("int", amount.as_tuple().exponent)
    if exponent < -_MOST_PLACES and amount:
        raise ValueError(f"must be an amount with at most {_MOST_PLACES} decimal places")
    if exponent < -_MOST_PLACES or (exponent > 0 and amount < 10**24):
        return amount.quantize(Decimal(1))
    return amount


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


#: Refuses a bool, which would stand for 0 or 1.
NO_BOOL = BeforeValidator(_no_bool)

#: An amount of money; never negative, never NaN, and shown without a power of ten.
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), AfterValidator(_written_out), NO_BOOL]


#: Takes numpy's whole numbers where a field is a strict `int`.
WHOLE = BeforeValidator(as_python)


class Origin(StrEnum):
    """Where outcomes come from; entropy is credited to hardware's alone."""

    HARDWARE = "hardware"
    SIMULATOR = "simulator"
    RECORDED = "recorded"
    """Somebody's record of what a device gave them."""
    REPORTED = "reported"
    """What a service says that its device gave."""

    @property
    def noun(self) -> str:
        """What gives such outcomes, for sentences."""
        return {"hardware": "hardware", "simulator": "a simulator", "recorded": "a record", "reported": "a service"}[
            self
        ]

    @property
    def adjective(self) -> str:
        """What such outcomes are, for sentences."""
        return "simulated" if self is Origin.SIMULATOR else str(self)


#: The origin of what was made of outcomes: theirs, or mixed if it is not the same for all.
CommonOrigin = Literal["hardware", "simulator", "recorded", "reported", "mixed"]


def common_origin(origins: Iterable[CommonOrigin | Origin]) -> CommonOrigin:
    """Returns the origin that all of these are of, or mixed.

    >>> common_origin(["hardware", "hardware"]), common_origin(["recorded", "simulator"])
    ('hardware', 'mixed')
    """
    different = {str(origin) for origin in origins}
    return cast("CommonOrigin", different.pop()) if len(different) == 1 else "mixed"


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Adds amounts of money; unknown if one of them is."""
    known = list(amounts)
    return None if None in known else sum((a for a in known if a is not None), Decimal(0))
