"""The pre-flight check of Braket's cloud: credentials, region, devices, bucket, age of the prices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

from qrng_hub.errors import QRNGError
from qrng_hub.records import Availability, Backend, Check
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
        yield _device(aws, name, regions)
        yield _price(name, today)
    for region in sorted(regions):
        yield _checked(f"braket results of {region}", partial(aws.require_bucket, region))


def _checked(subject: str, look: Callable[[], str]) -> Check:
    try:
        return Check(subject=subject, verdict="ok", detail=look())
    except QRNGError as error:
        return Check(subject=subject, verdict="failed", detail=str(error))


def _device(aws: Any, name: str, regions: set[str]) -> Check:
    subject = f"braket:{name}"
    try:
        device = aws.open(name)
    except QRNGError as error:
        return Check(subject=subject, verdict="failed", detail=str(error))
    regions.add(device.region)
    backend: Backend = device.backend
    if not backend.gates:
        return Check(subject=subject, verdict="failed", detail="it has no gates that circuits could be written in")
    if backend.availability is not Availability.ONLINE:
        return Check(subject=subject, verdict="warning", detail=backend.status_message)
    more = "more than " if backend.pending_jobs_is_lower_bound else ""
    waiting = "unknown" if backend.pending_jobs is None else f"{more}{backend.pending_jobs:,}"
    return Check(subject=subject, verdict="ok", detail=f"online in {device.region}; tasks waiting: {waiting}")


def _price(name: str, today: date) -> Check:
    subject = f"price of braket:{name}"
    try:
        price = price_of(name)
    except QRNGError as error:
        return Check(subject=subject, verdict="failed", detail=str(error))
    if price is None:
        return Check(subject=subject, verdict="warning", detail="not in the price book")
    detail = f"{price.source}, {price.dated:%Y-%m-%d}, {(today - price.dated).days} days old"
    return Check(subject=subject, verdict="warning" if price.is_stale(today) else "ok", detail=detail)
