import copy
import json
import os
import pickle
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import PCG64DXSM, Generator, Philox, SeedSequence
from numpy.random.bit_generator import ISeedSequence

from byte_streams import constant, given, stream
from qrng_hub.delivery.numpy_seeding import BitGeneratorName, SourceSeed, recorded, replayed, seeded
from qrng_hub.delivery.source_generator import SourceGenerator
from qrng_hub.errors import ConfigError, InsufficientEntropyError, RequestError, StatelessError, VendorError

NAMES: list[BitGeneratorName] = ["PCG64DXSM", "Philox"]


def fails(_count: int) -> bytes:
    raise VendorError("the device is gone")


def test_seed_words_are_the_sources_bytes() -> None:
    data = stream("words")(48)
    seed = SourceSeed(given(data))
    assert isinstance(seed, ISeedSequence)
    assert seed.generate_state(4).tobytes() == data[:16]
    assert seed.generate_state(4, np.uint64).tobytes() == data[16:]
    with pytest.raises(ValueError, match="uint32 or uint64, not int8"):
        seed.generate_state(1, np.int8)


def test_the_whole_state_is_the_sources() -> None:
    """PCG64DXSM takes 256 bits: 128 of its state, 127 of its increment."""
    asked: list[int] = []
    source = stream("state")

    def counted(count: int) -> bytes:
        asked.append(count)
        return source(count)

    generator = seeded(counted)
    assert isinstance(generator.bit_generator, PCG64DXSM)
    assert asked == [32]
    generator.random(1000)
    assert asked == [32]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_give_the_same_stream(name: BitGeneratorName) -> None:
    one, same, other = (seeded(stream(source), name) for source in ("a", "a", "b"))
    assert type(one.bit_generator).__name__ == name
    drawn = one.standard_normal(10).tolist()
    assert drawn == same.standard_normal(10).tolist()
    assert drawn != other.standard_normal(10).tolist()


def test_a_spawned_generator_has_a_seed_of_its_own() -> None:
    source = stream("spawn")
    parent = seeded(source)
    children = [*parent.spawn(2), *parent.spawn(1), *parent.spawn(1)[0].spawn(1)]
    assert all(isinstance(child, Generator) for child in children)
    assert len({one.random() for one in (parent, *children)}) == 5
    assert source(32) == stream("spawn")(7 * 32)[-32:], "six seeds were drawn: the parent's and five children's"


def test_nothing_is_seeded_when_the_source_fails() -> None:
    with pytest.raises(VendorError, match="gone"):
        seeded(fails)


@pytest.mark.parametrize("copying", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301 - ours
def test_a_copied_generator_goes_on_with_the_stream_and_leaves_the_source(copying: Callable[[Any], Any]) -> None:
    generator = seeded(stream("copy"))
    twin = copying(generator)
    assert twin.random() == generator.random()
    with pytest.raises(StatelessError, match="source was not"):
        twin.spawn(1)
    assert len(generator.spawn(1)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_replay_gives_the_stream_again_and_its_children(tmp_path: Path, name: BitGeneratorName) -> None:
    file = tmp_path / "seed.json"
    first = recorded(os.urandom, file, name)
    again, third = replayed(file), replayed(file)
    assert isinstance(again.bit_generator, PCG64DXSM if name == "PCG64DXSM" else Philox)
    expected = first.random(5).tolist()
    assert expected == again.random(5).tolist()
    children = [child.random() for child in first.spawn(3)]
    assert children == [child.random() for child in again.spawn(3)]
    assert [child.random() for child in third.spawn(3)] == children, "whether or not anything was drawn before"
    assert len({*expected, *children}) == 8


def test_two_records_are_of_two_streams(tmp_path: Path) -> None:
    assert recorded(os.urandom, tmp_path / "a").random() != recorded(os.urandom, tmp_path / "b").random()


def test_a_record_holds_the_words_drawn_and_is_the_owners_alone(tmp_path: Path) -> None:
    file, source = tmp_path / "folder" / "seed.json", stream("record")
    recorded(source, file)
    content = json.loads(file.read_text())
    assert content == {
        "version": 1,
        "bit_generator": "PCG64DXSM",
        "words": np.frombuffer(stream("record")(32), np.uint32).tolist(),
        "numpy": np.__version__,
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_record_can_be_replayed_with_numpy_alone(tmp_path: Path) -> None:
    first = recorded(os.urandom, tmp_path / "seed.json")
    words = json.loads((tmp_path / "seed.json").read_text())["words"]
    assert first.random() == Generator(PCG64DXSM(SeedSequence(words, pool_size=8))).random()


def test_every_word_recorded_matters(tmp_path: Path) -> None:
    drawn = set()
    for changed in range(33):
        data = bytes(int(index == changed) for index in range(32))
        drawn.add(recorded(given(data), tmp_path / str(changed)).random())
    assert len(drawn) == 33


def test_a_record_is_not_written_over_and_not_written_without_entropy(tmp_path: Path) -> None:
    file = tmp_path / "seed.json"
    with pytest.raises(VendorError, match="gone"):
        recorded(fails, file)
    assert not file.exists()
    recorded(os.urandom, file)
    before = file.read_bytes()
    with pytest.raises(ConfigError, match="there already"):
        recorded(os.urandom, file)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"words": []}, {"words": [2**32]}, {"words": [-1]}, {"bit_generator": "MT19937"}]
)
def test_refuses_a_record_that_it_does_not_know(tmp_path: Path, change: dict[str, Any]) -> None:
    file = tmp_path / "seed.json"
    recorded(os.urandom, file)
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | change))
    with pytest.raises(ConfigError, match=r"seed\.json is no record") as refused:
        replayed(file)
    assert not any(str(word) in str(refused.value) for word in content["words"])


def test_refuses_what_is_no_file_and_no_bit_generator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        replayed(tmp_path / "none.json")
    name: Any = "MT19937"
    with pytest.raises(RequestError, match="PCG64DXSM or Philox, not 'MT19937'"):
        seeded(os.urandom, name)
    with pytest.raises(RequestError, match="PCG64DXSM or Philox, not 'MT19937'"):
        recorded(os.urandom, tmp_path / "x", name)
    assert not (tmp_path / "x").exists()


def test_raw_numbers_are_the_sources_bits() -> None:
    data = stream("raw")(64)
    raw = SourceGenerator(given(data))
    assert raw.bytes(8) == data[:8]
    words = np.frombuffer(data[8:24], "<u8")
    assert raw.random(2).tolist() == [int(word >> 11) / 2**53 for word in words.tolist()]
    assert raw.integers(256, size=4).tolist() == list(data[24:28])
    assert raw.integers(-(2**63), 2**63) == int.from_bytes(data[28:36], "little") - 2**63
    assert raw.integers(2**32, size=()) == int.from_bytes(data[36:40], "little")


def test_raw_floats_never_reach_one() -> None:
    assert SourceGenerator(constant(255)).random() == 1.0 - 2.0**-53
    assert SourceGenerator(constant(0)).random() == 0.0


@pytest.mark.parametrize("bound", [1, 2, 3, 5, 6, 127, 128, 129, 200, 255, 256, 257, 1000])
def test_every_raw_integer_is_as_likely_as_another(bound: int) -> None:
    """All there is to draw, each once: what is not drawn again falls on every number equally often."""
    width = 1 if bound <= 256 else 2
    words = np.arange(256**width, dtype=f"<u{width}")
    bits = (bound - 1).bit_length()
    expected = (words >> (8 * width - bits)).astype(np.int64) if bits else np.zeros(1, np.int64)
    expected = expected[expected < bound]
    size = min(expected.size, 256**width)
    drawn = SourceGenerator(_then_ones(words.tobytes())).integers(-7, bound - 7, size=size)
    assert sorted(set(drawn.tolist())) == list(range(-7, bound - 7))
    assert len(set(Counter(drawn.tolist()).values())) == 1


def _then_ones(first: bytes) -> Callable[[int], bytes]:
    """Gives these bytes, and ones when they are used up."""
    left = bytearray(first)

    def read(count: int) -> bytes:
        part = bytes(left[:count])
        del left[:count]
        return part.ljust(count, b"\xff")

    return read


def test_raw_shapes_are_numpys() -> None:
    raw = SourceGenerator(stream("shapes"))
    plain = np.random.default_rng(1)
    sizes: list[Any] = [None, 0, 3, (2, 3), (), np.int64(2), [2, 2]]
    for size in sizes:
        pairs = [(raw.random(size), plain.random(size)), (raw.integers(9, size=size), plain.integers(9, size=size))]
        for ours, theirs in pairs:
            assert type(ours) is type(theirs)
            assert (np.shape(ours), np.asarray(ours).dtype) == (np.shape(theirs), np.asarray(theirs).dtype)
    assert set(raw.integers(1, 3, size=100, endpoint=True).tolist()) == {1, 2, 3}
    assert raw.bytes(0) == b""


@pytest.mark.parametrize("bounds", [(0,), (5, 5), (5, 4), (-(2**63) - 1, 0), (0, 2**63 + 1)])
def test_refuses_integers_that_are_not_there(bounds: tuple[int, ...]) -> None:
    with pytest.raises(RequestError, match="no integer of 64 bits"):
        SourceGenerator(stream("none")).integers(*bounds)


def test_raw_numbers_are_not_copied_and_not_made_up() -> None:
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(StatelessError, match="would repeat"):
            copying(SourceGenerator(os.urandom))
    raw = SourceGenerator(fails)
    for use in (lambda: raw.bytes(1), raw.random, lambda: raw.integers(6)):
        with pytest.raises(VendorError, match="gone"):
            use()


def test_a_source_that_gives_too_little_makes_no_generator_and_no_array() -> None:
    raw = SourceGenerator(lambda _: b"abc")
    for use in (lambda: seeded(lambda _: b"abc"), raw.random, lambda: raw.integers(6, size=5), lambda: raw.bytes(2)):
        with pytest.raises(InsufficientEntropyError, match="gave 3 bytes"):
            use()
