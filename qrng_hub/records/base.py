"""What every record is made of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A frozen value; an unknown field is an error. No error quotes a value: it may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def _written_out(amount: Decimal) -> Decimal:
    """Writes 0E+54 as 0 and 3E+2 as 300; what nobody has is left as it is."""
    exponent = amount.as_tuple().exponent
    return amount.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 and amount < 10**24 else amount


#: An amount of money; never negative, never NaN, and shown without a power of ten.
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False), AfterValidator(_written_out)]


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
