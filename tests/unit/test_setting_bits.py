"""Sources of settings: every bit is used once, and numbers are chosen alike.

The chi-squared tests refuse a fair source in one of a million seeds.
"""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from qrng_hub.errors import RequestError
from qrng_hub.protocols import FileBits, OperatingSystemBits


def file_of(folder: Path, size: int, start: int = 0) -> FileBits:
    path = folder / "bits"
    path.write_bytes(np.random.default_rng(1).bytes(size))
    return FileBits(path, start)


def test_the_bits_of_a_file_come_in_order_and_none_twice(tmp_path: Path) -> None:
    every = np.unpackbits(np.frombuffer(np.random.default_rng(1).bytes(100), np.uint8))
    source = file_of(tmp_path, 100, start=5)
    taken = np.concatenate([source.take(3), source.take(0), source.take(90)])
    aside = source.reserve(21)
    assert np.array_equal(taken, every[5:98])
    assert (aside.start, aside.end, source.used.start, source.used.end) == (98, 119, 5, 119)
    assert np.array_equal(np.unpackbits(aside.read(), count=21), every[98:119])
    assert np.array_equal(source.take(1), every[119:120])


def test_a_file_that_ends_or_that_was_cut_is_refused(tmp_path: Path) -> None:
    source = file_of(tmp_path, 10)
    aside = source.reserve(70)
    with pytest.raises(RequestError, match="has 80 bits, of which 70 are used, and 11 more are needed"):
        source.take(11)
    (tmp_path / "bits").write_bytes(b"short")
    with pytest.raises(RequestError, match="does not hold the bits 0 to 70 any more"):
        aside.read()
    with pytest.raises(RequestError, match="cannot be read"):
        FileBits(tmp_path / "nothing", 0)


def test_whole_numbers_below_a_limit_come_alike(tmp_path: Path) -> None:
    source = file_of(tmp_path, 20_000)
    found = np.bincount([source.below(11) for _ in range(20_000)], minlength=11)
    assert stats.chisquare(found).pvalue > 1e-6
    assert OperatingSystemBits().below(1) == 0


def test_every_set_is_chosen_alike(tmp_path: Path) -> None:
    source = file_of(tmp_path, 20_000)
    orders = dict.fromkeys(permutations(range(5), 2), 0)
    for _ in range(20_000):
        first, second = source.choose(2, 5).tolist()
        orders[first, second] += 1
    assert stats.chisquare(list(orders.values())).pvalue > 1e-6


def test_the_operating_systems_bits_are_fresh() -> None:
    source = OperatingSystemBits()
    assert not np.array_equal(source.take(256), source.take(256))
    assert source.take(100_000).shape == (100_000,)
