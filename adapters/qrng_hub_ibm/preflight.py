"""What is looked at before a run on IBM's devices; spends nothing and raises nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from qrng_hub.errors import QRNGError
from qrng_hub.pricing import check_price
from qrng_hub.records import Availability, Backend, Check
from qrng_hub_ibm import costs
from qrng_hub_ibm.connection import Connection


def checks(connection: Connection, today: date) -> Iterator[Check]:
    """Checks the key, the instance with its plan and its price, and the time that is left."""
    try:
        instance, usage = connection.ask("checking the account", lambda client: (client.instance, client.usage()))
    except QRNGError as error:
        yield Check(subject="IBM account", verdict="failed", detail=str(error))
        return
    yield Check(subject="IBM account", verdict="ok", detail=f"the key in {connection.settings.token_env} is accepted")
    detail = f"{instance['name']}, plan {instance['plan']} ({instance['pricing_type']})"
    yield Check(subject="IBM instance", verdict="ok", detail=detail)
    yield check_price(f"IBM's plan {instance['plan']}", costs.price_of(instance), today)
    yield _time_left(usage)


def _time_left(usage: Mapping[str, Any]) -> Check:
    used, left = usage.get("usage_consumed_seconds", 0), usage.get("usage_remaining_seconds")
    if usage.get("usage_limit_reached"):
        detail = f"{used} s used and none left: wait for the next period or raise the limit"
        return Check(subject="IBM usage", verdict="failed", detail=detail)
    known = f"{used} s used" if left is None else f"{used} s used, {left} s left"
    return Check(subject="IBM usage", verdict="ok" if left is None or left > 0 else "warning", detail=known)


def device(backend: Backend) -> Check:
    """Checks that a device runs jobs now."""
    if backend.availability is Availability.ONLINE:
        waiting = "an unknown number of" if backend.pending_jobs is None else backend.pending_jobs
        detail = f"{backend.description}: online, {waiting} jobs waiting"
        return Check(subject=backend.address, verdict="ok", detail=detail)
    return Check(subject=backend.address, verdict="failed", detail=f"does not run jobs now: {backend.status_message}")
