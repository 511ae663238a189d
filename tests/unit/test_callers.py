"""Warnings point at the line that called the library, whichever way it was called."""

import inspect
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.delivery.pool import KeyFile, Pool
from qrng_hub.errors import BudgetWarning, SimulatedFallbackWarning
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter

CALLS: dict[str, Callable[[Hub], Any]] = {
    "draw": lambda hub: hub.draw(8),
    "random_bytes": lambda hub: hub.random_bytes(8),
    "run": lambda hub: hub.run(),
    "keygen": lambda hub: hub.keygen("aes-256", allow_simulated=True, allow_low_credit=True),
    "pieces": lambda hub: list(hub.pieces(8)),
    "pieces of a generator": lambda hub: list(hub.pieces(8, source="drbg")),
    "secrets": lambda hub: hub.secrets.token_hex(),
    "secrets.choice": lambda hub: hub.secrets.choice("abc"),
    "random": lambda hub: hub.random().random(),
    "random.shuffle": lambda hub: hub.random().shuffle([1, 2, 3]),
    "numpy": lambda hub: hub.numpy(),
    "numpy_raw": lambda hub: hub.numpy_raw().integers(6),
}


def failing_hub(**sections: Any) -> Hub:
    clock = FrozenClock()
    values = {"version": 1, "backend": [{"address": "scripted:a"}], "budget": {"usd_per_job": Decimal(1)}}
    return Hub.open(values | sections, clock=clock, adapters=[ScriptedAdapter({"a": Script(offline=True)}, clock)])


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_stand_in_is_warned_of_where_the_library_was_called(name: str) -> None:
    call = CALLS[name]
    with failing_hub() as hub, pytest.warns(SimulatedFallbackWarning) as caught:
        call(hub)
    line = inspect.getsourcelines(call)[1]
    assert {(one.filename, one.lineno) for one in caught} == {(__file__, line)}


def test_a_refill_in_the_background_warns_where_the_pool_was_needed(tmp_path: Path) -> None:
    pool = {"folder": str(tmp_path / "pool"), "key_file": str(tmp_path / "key"), "low_water_bytes": 64}
    call = CALLS["secrets"]
    hub = failing_hub(pool=pool | {"high_water_bytes": 128, "wait_seconds": 60})
    with hub, pytest.warns(SimulatedFallbackWarning) as caught:
        call(hub)
    assert {(one.filename, one.lineno) for one in caught} == {(__file__, inspect.getsourcelines(call)[1])}
    assert Pool.open_existing(tmp_path / "pool", key_source=KeyFile(tmp_path / "key"))


def test_a_budget_is_warned_of_where_the_library_was_called_although_another_thread_finds_it() -> None:
    clock = FrozenClock()
    values = {
        "version": 1,
        "backend": [{"address": "scripted:a"}],
        "budget": {"usd_per_job": Decimal(1), "usd_per_month": Decimal("0.5"), "warn_at": 0.01},
    }
    adapter = ScriptedAdapter({"a": Script()}, clock)
    call = CALLS["draw"]
    with Hub.open(values, clock=clock, adapters=[adapter]) as hub, pytest.warns(BudgetWarning) as caught:
        call(hub)
    assert {(one.filename, one.lineno) for one in caught} == {(__file__, inspect.getsourcelines(call)[1])}


def test_a_line_is_warned_of_once_by_default() -> None:
    with failing_hub() as hub, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(2):
            hub.draw(8)
    assert len([one for one in caught if one.category is SimulatedFallbackWarning]) == 1
