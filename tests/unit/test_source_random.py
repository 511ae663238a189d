import copy
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from byte_streams import constant, given, stream
from qrng_hub.delivery.buffered import AHEAD_BYTES, Buffered
from qrng_hub.delivery.source_random import SourceRandom
from qrng_hub.errors import InsufficientEntropyError, StatelessError, VendorError

Use = Callable[[Any], Any]


def shuffled(generator: random.Random) -> list[int]:
    values = list(range(100))
    generator.shuffle(values)
    return values


#: Every public method of random.Random that draws, with arguments of its own.
USES: dict[str, Use] = {
    "betavariate": lambda r: [r.betavariate(2.0, 3.0) for _ in range(20)],
    "binomialvariate": lambda r: [r.binomialvariate(n, 0.3) for n in (3, 1000)],
    "choice": lambda r: [r.choice(range(1000)) for _ in range(20)],
    "choices": lambda r: r.choices(range(1000), k=20) + r.choices(range(3), weights=[1, 2, 3], k=20),
    "expovariate": lambda r: [r.expovariate(1.0) for _ in range(20)],
    "gammavariate": lambda r: [r.gammavariate(alpha, 1.0) for alpha in (0.5, 1.0, 2.0) for _ in range(20)],
    "gauss": lambda r: [r.gauss(0.0, 1.0) for _ in range(21)],
    "getrandbits": lambda r: [r.getrandbits(bits) for bits in (1, 7, 32, 33, 1000)],
    "lognormvariate": lambda r: [r.lognormvariate(0.0, 1.0) for _ in range(20)],
    "normalvariate": lambda r: [r.normalvariate(0.0, 1.0) for _ in range(20)],
    "paretovariate": lambda r: [r.paretovariate(1.0) for _ in range(20)],
    "randbytes": lambda r: r.randbytes(100),
    "randint": lambda r: [r.randint(1, 10**20) for _ in range(20)],
    "random": lambda r: [r.random() for _ in range(20)],
    "randrange": lambda r: [r.randrange(0, 10**6, 3) for _ in range(20)],
    "sample": lambda r: r.sample(range(100), 50) + r.sample(range(10**9), 5),
    "shuffle": shuffled,
    "triangular": lambda r: [r.triangular(0.0, 1.0, 0.3) for _ in range(20)],
    "uniform": lambda r: [r.uniform(-1.0, 1.0) for _ in range(20)],
    "vonmisesvariate": lambda r: [r.vonmisesvariate(0.0, kappa) for kappa in (0.0, 4.0) for _ in range(20)],
    "weibullvariate": lambda r: [r.weibullvariate(1.0, 1.5) for _ in range(20)],
}
DRAWING = {name for name in dir(random.Random) if not name.startswith("_")} - {
    "VERSION",
    "seed",
    "getstate",
    "setstate",
}


def test_every_public_method_is_looked_at() -> None:
    assert set(USES) - DRAWING <= {"binomialvariate"}, "there since Python 3.12"
    assert DRAWING - set(USES) == set()


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_no_mersenne_twister_leak(name: str) -> None:
    """The same bytes give the same numbers, others give others, and the twister of the base class stands still."""
    one, same, other = (SourceRandom(stream(source)) for source in ("a", "a", "b"))
    before = random.Random.getstate(one)
    result = USES[name](one)
    assert result == USES[name](same)
    assert result != USES[name](other)
    assert random.Random.getstate(one)[1] == before[1]
    assert one.gauss_next is None


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_nothing_is_drawn_without_the_source(name: str) -> None:
    def fails(_count: int) -> bytes:
        raise VendorError("the device is gone")

    with pytest.raises(VendorError, match="gone"):
        USES[name](SourceRandom(fails))


@pytest.mark.parametrize("count", [0, AHEAD_BYTES - 1, AHEAD_BYTES + 1])
def test_a_source_that_gives_another_number_of_bytes_gives_no_number(count: int) -> None:
    for use in (SourceRandom(lambda _: bytes(count)).random, lambda: SourceRandom(lambda _: b"").randbytes(9999)):
        with pytest.raises(InsufficientEntropyError, match="asked for"):
            use()


def test_random_never_reaches_one() -> None:
    assert SourceRandom(constant(255)).random() == 1.0 - 2.0**-53 < 1.0
    assert SourceRandom(constant(0)).random() == 0.0


def test_random_has_53_bits_of_the_source() -> None:
    data = stream("bits")(AHEAD_BYTES)
    assert SourceRandom(given(data)).random() == (int.from_bytes(data[:7], "big") >> 3) / 2**53


@pytest.mark.parametrize("bits", [0, 1, 8, 9, 53, 64, 10 * AHEAD_BYTES])
def test_random_bits_fill_their_range(bits: int) -> None:
    assert SourceRandom(constant(255)).getrandbits(bits) == 2**bits - 1
    assert SourceRandom(constant(0)).getrandbits(bits) == 0


def test_negative_sizes_are_refused_as_the_standard_library_does() -> None:
    for generator in (random.SystemRandom(), SourceRandom(stream("a"))):
        for use in (generator.getrandbits, generator.randbytes):
            with pytest.raises(ValueError):  # noqa: PT011 - the words are each library's own
                use(-1)


def test_gauss_keeps_nothing_for_the_next_call() -> None:
    generator = SourceRandom(stream("gauss"))
    plain = SourceRandom(stream("gauss"))
    assert [generator.gauss() for _ in range(3)] == [plain.normalvariate() for _ in range(3)]


def test_takes_no_seed_and_gives_no_state() -> None:
    generator, untouched = SourceRandom(stream("a")), SourceRandom(stream("a"))
    generator.seed()
    uses: list[Callable[[], Any]] = [
        lambda: generator.seed(1),
        generator.getstate,
        lambda: generator.setstate(()),
        lambda: copy.copy(generator),
        lambda: copy.deepcopy(generator),
        generator.__reduce__,
        *(lambda protocol=protocol: pickle.dumps(generator, protocol) for protocol in range(6)),
    ]
    for use in uses:
        with pytest.raises(StatelessError):
            use()
    assert generator.random() == untouched.random()


def test_an_unhashable_source_is_no_seed() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self, count: int) -> bytes:
            return bytes(count)

    assert SourceRandom(Unhashable()).random() == 0.0


def test_each_byte_drawn_ahead_leaves_once() -> None:
    data = stream("ahead")(3 * AHEAD_BYTES)
    buffered = Buffered(given(data))
    parts = [buffered.random_bytes(size) for size in (1, 0, AHEAD_BYTES - 1, 5, AHEAD_BYTES)]
    assert parts == [data[:1], b"", data[1:AHEAD_BYTES], data[AHEAD_BYTES:][:5], data[2 * AHEAD_BYTES :]]
    assert not any(buffered._ahead)


def test_more_than_is_drawn_ahead_comes_from_the_source() -> None:
    data = stream("much")(2 * AHEAD_BYTES)
    assert Buffered(given(data)).random_bytes(AHEAD_BYTES + 1) == data[: AHEAD_BYTES + 1]


def test_what_is_drawn_ahead_is_not_copied() -> None:
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="the same bytes again"):
            copying(Buffered(os.urandom))


FORK = """
import os
from qrng_hub.delivery.source_random import SourceRandom

generator = SourceRandom(os.urandom)
generator.random(), generator.gauss()
read, write = os.pipe()
if not (child := os.fork()):
    os.write(write, repr([generator.random(), generator.gauss()]).encode())
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
theirs = os.read(read, 200).decode().strip("[]").split(", ")
assert len({*theirs, repr(generator.random()), repr(generator.gauss())}) == 4, theirs
print("fine")
"""


def test_same_numbers_after_fork_never() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr
