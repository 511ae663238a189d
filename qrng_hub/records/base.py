"""What every record is made of."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """A frozen value; an unknown field is an error. No error quotes a value: it may be a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


#: An amount of money; never negative, never NaN.
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class Origin(StrEnum):
    """Where outcomes come from."""

    HARDWARE = "hardware"
    SIMULATOR = "simulator"


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Adds amounts of money; unknown if one of them is."""
    known = list(amounts)
    return None if None in known else sum((a for a in known if a is not None), Decimal(0))
