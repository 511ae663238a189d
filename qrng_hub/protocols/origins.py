"""Why outcomes that are not hardware's are credited nothing, origin by origin."""

from __future__ import annotations

from dataclasses import dataclass

from qrng_hub.records import Origin


@dataclass(frozen=True, slots=True)
class Doubt:
    """What others may know of such outcomes, and why nothing is credited to them."""

    side_information: str
    assumption: str


NOT_CREDITED = {
    Origin.SIMULATOR: Doubt(
        "everything: the seed is known to this machine",
        "a simulator's outcomes come from a deterministic generator: they carry no quantum entropy",
    ),
    Origin.RECORDED: Doubt(
        "everything: whoever made the record, or has a copy, knows the outcomes",
        "a record's outcomes are as its maker says: nobody here saw a device measure them",
    ),
    Origin.REPORTED: Doubt(
        "everything: the service knows the outcomes",
        "a service's outcomes are as it says: nobody here saw a device measure them",
    ),
}
"""Every origin but hardware."""
