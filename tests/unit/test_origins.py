"""Entropy is credited to hardware's outcomes alone, wherever an origin is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pools import a_pool
from qrng_hub import Hub
from qrng_hub.delivery.keys import Seed, make_key
from qrng_hub.errors import InsufficientEntropyError, RequestError, SimulatedFallbackWarning
from qrng_hub.protocols.origins import NOT_CREDITED
from qrng_hub.records import JobState, Origin
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter
from qrng_hub.verification import contradictions

OTHERS = [origin for origin in Origin if origin is not Origin.HARDWARE]


def _hub(scripts: dict[str, Script], **sections: Any) -> Hub:
    clock = FrozenClock()
    run_file = {"version": 1, "backend": [{"address": f"scripted:{name}"} for name in scripts]}
    run_file |= {"budget": {"usd": 10, "usd_per_job": 1}} | sections
    return Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter(scripts, clock)])


def test_every_origin_but_hardware_says_why_it_is_not_credited() -> None:
    assert set(NOT_CREDITED) == set(OTHERS)


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize("mode", ["first", "plan"])
def test_only_hardware_is_credited(origin: Origin, mode: str) -> None:
    with _hub({"other": Script(origin=origin)}, request={"mode": mode}) as hub:
        receipt = hub.draw(64).receipt
    (source,) = receipt.sources
    assert (receipt.origin, source.origin, receipt.credit.bits, source.credited_bits) == (origin, origin, 0, 0)
    assert source.bound_bits > 0
    assert source.assumptions == (NOT_CREDITED[origin].assumption,)
    assert list(contradictions(receipt)) == []
    claimed = receipt.model_copy(update={"sources": (source.model_copy(update={"credited_bits": 8.0}),)})
    assert f"of 'scripted:other', 8 bits are credited to {origin.noun}" in list(contradictions(claimed))


@pytest.mark.parametrize("origin", OTHERS)
def test_no_key_is_made_and_no_pool_credited_of_others_than_hardware(origin: Origin, tmp_path: Path) -> None:
    with _hub({"other": Script(origin=origin)}) as hub:
        draw = hub.draw(32)
        with pytest.raises(InsufficientEntropyError, match=f"made of {origin.noun}'s output"):
            hub.keygen("aes-256")
    with pytest.raises(InsufficientEntropyError, match=f"its seed is {origin.noun}'s output"):
        make_key("aes-256", Seed.of_draw(draw))
    with pytest.raises(RequestError, match=f"bytes of {origin.noun} are credited with no bits"):
        a_pool(tmp_path).add(b"12", draw_id="draw", origin=origin.value, credited_bits=1)


@pytest.mark.parametrize("origin", OTHERS)
def test_what_stands_in_for_hardware_is_named(origin: Origin) -> None:
    scripts = {"device": Script(ends=JobState.FAILED), "other": Script(origin=origin)}
    named = rf"scripted:device did not deliver.*scripted:other did, which is {origin.noun}"
    with _hub(scripts) as hub, pytest.warns(SimulatedFallbackWarning, match=named):
        assert hub.draw(32).receipt.origin == origin


@pytest.mark.parametrize("origin", OTHERS)
def test_hardware_only_means_hardware(origin: Origin) -> None:
    with (
        _hub({"other": Script(origin=origin)}, policy={"fallback": "hardware-only"}) as hub,
        pytest.raises(Exception, match="hardware-only"),
    ):
        hub.draw(32)
