"""The spending limits that AWS itself keeps on devices, set before the first task where the settings ask for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from qrng_hub.errors import ConfigError
from qrng_hub_braket.names import is_among


def asked_for(settings: Mapping[str, Decimal], arn: str) -> Decimal | None:
    """Returns the lowest limit that the settings have for a device, by its ARN or its short name."""
    return min((usd for name, usd in settings.items() if is_among(arn, [name])), default=None)


def require_spending_limit(aws: Any, device: Any, usd: Decimal, now: datetime) -> None:
    """Sets a limit on a device that has none; raises `ConfigError` if AWS has only higher ones.

    Limits that are there are somebody's, and are not changed.
    """
    limits = aws.spending_limits(device.arn, device.region)
    allowed = [Decimal(one["spendingLimit"]) for one in limits if one["timePeriod"]["endAt"] > now]
    if not allowed:
        most = usd.quantize(Decimal("0.01"), ROUND_DOWN)
        token = hashlib.sha256(f"{device.arn} {most} {now:%Y-%m-%d}".encode()).hexdigest()
        aws.set_spending_limit(device.arn, device.region, most, token)
    elif min(allowed) > usd:
        raise ConfigError(
            f"adapters.braket.spending_limits allows {usd} USD on {device.backend.address}, and the limit that AWS has"
            f" for it is {min(allowed)} USD: lower that one in AWS, or raise the setting"
        )
