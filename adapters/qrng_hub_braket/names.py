"""Names of Braket devices: full ARNs and short names, and what can be told from one without asking AWS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qrng_hub.records import Origin

_SIMULATORS = frozenset({"sv1", "dm1", "tn1"})
_SIMULATOR_PATH = "device/quantum-simulator/"


def short_name(arn: str) -> str:
    """Returns the name of a device after the adapter's, for example `garnet` or `sv1`.

    >>> short_name("arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet")
    'garnet'
    """
    return price_name(arn).lower()


def price_name(name: str) -> str:
    """Returns the name under which the price book lists a device, of its ARN or its short name."""
    return name.rpartition("/")[2]


def is_among(arn: str, names: Iterable[str]) -> bool:
    """Whether a device is named by its ARN or its short name, in whatever case."""
    return bool({arn.lower(), short_name(arn)}.intersection(map(str.lower, names)))


def is_arn(name: str) -> bool:
    """Whether a name is a full ARN."""
    return name.startswith("arn:")


def region_of(arn: str) -> str:
    """Returns the region that an ARN names; simulators name none."""
    return (arn.split(":") + [""] * 4)[3]


def origin_of(name: str) -> Origin:
    """Tells hardware from simulator."""
    simulated = _SIMULATOR_PATH in name or name in _SIMULATORS
    return Origin.SIMULATOR if simulated else Origin.HARDWARE


def listed(labels: Sequence[int]) -> str:
    """Writes ascending labels for a reader."""
    if len(labels) > 1 and labels[-1] - labels[0] == len(labels) - 1:
        return f"{labels[0]} to {labels[-1]}"
    return ", ".join(map(str, labels))
