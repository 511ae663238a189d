"""What an ordinary receipt says of entropy is reckoned anew from its counts, whoever signed it."""

import copy
import functools
from collections.abc import Callable
from typing import Any

import pytest

from qrng_hub import Hub
from qrng_hub.errors import ReceiptError
from qrng_hub.records import Origin, Receipt
from qrng_hub.testing import FrozenClock, Script, ScriptedAdapter
from qrng_hub.verification import verify
from signing import KEY, drawn, resigned

Fields = dict[str, Any]


@functools.cache
def _one_block() -> Receipt:
    return drawn(64, "each", Origin.HARDWARE, Origin.HARDWARE).receipt


@functools.cache
def _several_blocks() -> Receipt:
    clock = FrozenClock()
    run_file = {
        "version": 1,
        "request": {"bytes": 4096},
        "budget": {"usd": 20, "usd_per_job": 1},
        "backend": [{"address": "scripted:device", "qubits": 4, "shots": 4096}],
    }
    with Hub.open(run_file, clock=clock, adapters=[ScriptedAdapter({"device": Script()}, clock)]) as hub:
        return hub.run().receipt


def problems(receipt: Fields) -> tuple[str, ...]:
    try:
        verify(resigned(receipt), host=(KEY.fingerprint,))
    except ReceiptError as error:
        return error.problems
    return ()


def _source(**values: Any) -> Callable[[Fields], None]:
    return lambda receipt: receipt["sources"][0].update(values)


def _extraction(**values: Any) -> Callable[[Fields], None]:
    return lambda receipt: receipt["sources"][0]["extraction"].update(values)


def _more_counted(receipt: Fields) -> None:
    receipt["sources"][0]["counted_bits_per_qubit"][1] *= 1.001


def _more_bounded(receipt: Fields) -> None:
    receipt["sources"][0]["bound_bits_per_qubit"] = [1.0] * 4


def _stuck(receipt: Fields) -> None:
    receipt["sources"][0]["p_one"][2] = 1.0


def _all_credited(receipt: Fields) -> None:
    receipt["sources"][0]["credited_bits"] = float(receipt["sources"][0]["raw_bits"])


def _all_extracted(receipt: Fields) -> None:
    receipt["sources"][0]["extraction"]["output_bits"] = receipt["sources"][0]["raw_bits"]


def _sum_of_xored(receipt: Fields) -> None:
    for source in receipt["sources"]:
        source["credited_bits"] = 300.0


EDITS: list[tuple[Callable[[Fields], None], str]] = [
    (_more_counted, "bits a shot are counted, and"),
    (_more_bounded, "bits a shot are bounded, and"),
    (_stuck, "of qubit 2 "),
    (_source(bound_bits=16384.0), "16,384.0 bits are bounded, and those of its qubits are"),
    (_all_credited, "bits are credited, and"),
    (_source(bound_epsilon=None), "no probability that its bound is wrong"),
    (_source(extraction=None), "there is no extraction"),
    (_source(counted_bits_per_qubit=[]), "there is not one bound a qubit"),
    (_source(block_sha256=[]), "it names no outcomes"),
    (_all_extracted, "bits are extracted, and"),
    (_extraction(output_bits=504), "bits are delivered, and 504.0 are extracted"),
    (_extraction(epsilon=0.5), "its epsilon is"),
    (_extraction(blocks=0), "its extraction has no blocks"),
    (_extraction(input_bits_dropped=16384), "more bits are extracted from than"),
    (lambda receipt: receipt.update(epsilon=1e-30), "and extracting it makes it"),
    (lambda receipt: receipt.update(version=2, code_version="9.0.0"), "release 9.0.0 wrote no receipts of version 2"),
]


@pytest.mark.parametrize("made", [_one_block, _several_blocks])
def test_real_receipts_hold(made: Callable[[], Receipt]) -> None:
    assert problems(made().model_dump(mode="json")) == ()


@pytest.mark.parametrize(("edit", "says"), EDITS)
@pytest.mark.parametrize("made", [_one_block, _several_blocks])
def test_what_the_counts_do_not_allow_does_not_hold(
    made: Callable[[], Receipt], edit: Callable[[Fields], None], says: str
) -> None:
    receipt = copy.deepcopy(made().model_dump(mode="json"))
    edit(receipt)
    if made is _several_blocks and edit is _more_counted:
        receipt["sources"][0]["counted_bits_per_qubit"][1] = 1.0
    found = problems(receipt)
    assert any(says in problem for problem in found), found


def test_an_xor_is_credited_as_the_best_of_its_sources_and_not_as_their_sum() -> None:
    receipt = copy.deepcopy(_one_block().model_dump(mode="json"))
    _sum_of_xored(receipt)
    (said,) = problems(receipt)
    assert said == "its credit of 512 bits is above the 300 bits credited to the best of its hardware sources"
