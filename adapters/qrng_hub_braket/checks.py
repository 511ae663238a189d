"""The pre-flight check of Braket's cloud: credentials, region, devices, prices, spending limits, bucket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from qrng_hub.errors import QRNGError
from qrng_hub.pricing import check_price
from qrng_hub.records import Availability, Backend, Check, Origin
from qrng_hub_braket.bills import price_of
from qrng_hub_braket.names import is_among, listed
from qrng_hub_braket.tasks import KEY_TAG


def preflight(aws: Any, names: Sequence[str], accepted: Collection[str], today: date) -> Iterator[Check]:
    """Checks line by line, and stops where nothing further could be found out.

    `accepted` are the devices that may answer with probabilities only.
    """
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
        if device.gives_probabilities:
            yield _shots(device, accepted)
        yield check_price(device.backend.address, price_of(device.arn), today)
        if device.backend.origin is Origin.HARDWARE:
            yield _spending_limit(aws, device)
    for region in sorted(regions):
        yield _listing(aws, region)
        yield _checked(f"braket results of {region}", partial(aws.require_bucket, region))


def _checked(subject: str, look: Callable[[], str]) -> Check:
    try:
        return Check(subject=subject, verdict="ok", detail=look())
    except QRNGError as error:
        return Check(subject=subject, verdict="failed", detail=str(error))


def _device(device: Any) -> Check:
    backend: Backend = device.backend
    subject = backend.address
    if device.problem:
        return Check(subject=subject, verdict="failed", detail=f"it takes no circuits of the hub: {device.problem}")
    if backend.availability is not Availability.ONLINE:
        return Check(subject=subject, verdict="warning", detail=backend.status_message)
    more = "more than " if backend.pending_jobs_is_lower_bound else ""
    waiting = "unknown" if backend.pending_jobs is None else f"{more}{backend.pending_jobs:,}"
    return Check(
        subject=subject, verdict="ok", detail=f"online in {device.region}; tasks waiting: {waiting}{_without(device)}"
    )


def _without(device: Any) -> str:
    dead = device.published.dead if device.published else ()
    return f"; its qubits {listed(dead)} are out of order and left out" if dead else ""


def _shots(device: Any, accepted: Collection[str]) -> Check:
    allowed = is_among(device.arn, accepted)
    then = "accepted by" if allowed else "jobs are refused, before they are paid, unless it is named in"
    detail = f"it may answer with probabilities and no shots; {then} adapters.braket.accept_probabilities"
    return Check(subject=f"shots of {device.backend.address}", verdict="warning", detail=detail)


def _listing(aws: Any, region: str) -> Check:
    """Tries the permission to list tasks, by which many jobs are polled at once and lost ones are found."""
    subject = f"braket tasks of {region}"
    try:
        list(aws.search(region, f"tags:{KEY_TAG}", ["none"]))
    except QRNGError as error:
        detail = f"cannot be listed: jobs are looked at one by one, and none is found by its key: {error}"
        return Check(subject=subject, verdict="warning", detail=detail)
    return Check(subject=subject, verdict="ok", detail="can be listed")


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
