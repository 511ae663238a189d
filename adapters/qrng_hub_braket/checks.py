"""The pre-flight check of Braket's cloud: credentials, region, devices, prices, spending limits, bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from qrng_hub.errors import QRNGError
from qrng_hub.pricing import check_price
from qrng_hub.records import Availability, Backend, Check, Origin
from qrng_hub_braket.bills import price_of


def preflight(aws: Any, names: Sequence[str], today: date) -> Iterator[Check]:
    """Checks line by line, and stops where nothing further could be found out."""
    credentials = _checked("braket credentials", lambda: f"account {aws.account()}")
    yield credentials
    if credentials.verdict == "failed":
        return
    yield _checked("braket region", lambda: ", ".join(aws.regions()))
    regions: set[str] = set()
    for name in names:
        try:
            device = aws.open(name)
        except QRNGError as error:
            yield Check(subject=f"braket:{name}", verdict="failed", detail=str(error))
            continue
        regions.add(device.region)
        yield _device(device)
        yield check_price(device.backend.address, price_of(device.arn), today)
        if device.backend.origin is Origin.HARDWARE:
            yield _spending_limit(aws, device)
    for region in sorted(regions):
        yield _checked(f"braket results of {region}", partial(aws.require_bucket, region))


def _checked(subject: str, look: Callable[[], str]) -> Check:
    try:
        return Check(subject=subject, verdict="ok", detail=look())
    except QRNGError as error:
        return Check(subject=subject, verdict="failed", detail=str(error))


def _device(device: Any) -> Check:
    backend: Backend = device.backend
    subject = backend.address
    if not backend.gates:
        return Check(subject=subject, verdict="failed", detail="it has no gates that circuits could be written in")
    if backend.availability is not Availability.ONLINE:
        return Check(subject=subject, verdict="warning", detail=backend.status_message)
    more = "more than " if backend.pending_jobs_is_lower_bound else ""
    waiting = "unknown" if backend.pending_jobs is None else f"{more}{backend.pending_jobs:,}"
    return Check(subject=subject, verdict="ok", detail=f"online in {device.region}; tasks waiting: {waiting}")


def _spending_limit(aws: Any, device: Any) -> Check:
    """Checks what is left of the spending limits that the account's owner has set on a device."""
    subject = f"spending limit of {device.backend.address}"
    try:
        limits = aws.spending_limits(device.arn, device.region)
    except QRNGError as error:
        return Check(subject=subject, verdict="warning", detail=f"cannot be read: {error}")
    spent = [limit for limit in limits if _left(limit) <= 0]
    shown = [f"{_left(limit)} of {limit['spendingLimit']} USD left until {_end(limit)}" for limit in limits]
    return Check(subject=subject, verdict="failed" if spent else "ok", detail="; ".join(shown) or "none is set")


def _left(limit: Mapping[str, Any]) -> Decimal:
    return Decimal(limit["spendingLimit"]) - Decimal(limit["totalSpend"]) - Decimal(limit["queuedSpend"])


def _end(limit: Mapping[str, Any]) -> str:
    return f"{limit['timePeriod']['endAt']:%Y-%m-%d}"
