"""What every record is made of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

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
    """Where outcomes come from."""

    HARDWARE = "hardware"
    SIMULATOR = "simulator"


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Adds amounts of money; unknown if one of them is."""
    known = list(amounts)
    return None if None in known else sum((a for a in known if a is not None), Decimal(0))
