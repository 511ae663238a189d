import copy
import gc
import os
import pickle
import subprocess
import sys
import threading

import pytest

from qrng_hub.delivery.ctr_drbg import DerivedCtrDrbg
from qrng_hub.delivery.drbg import RESEED_INTERVAL, Drbg, XorGenerator
from qrng_hub.errors import InsufficientEntropyError, RequestError, VendorError


class Counted:
    """A source of distinct known bytes that notes how many it was asked for, and fails while told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fails = False

    def __call__(self, count: int) -> bytes:
        if self.fails:
            raise VendorError("the device is gone")
        self.asked.append(count)
        return bytes([len(self.asked)]) * count


@pytest.fixture
def source() -> Counted:
    return Counted()


def test_draws_nothing_before_it_is_used(source: Counted) -> None:
    drbg = Drbg(source)
    assert source.asked == []
    drbg.random_bytes(1)
    drbg.random_bytes(1_000_000)
    assert source.asked == [48]


def test_gives_what_the_mechanism_gives_for_the_sources_bytes(source: Counted) -> None:
    drbg = Drbg(source, personalization=b"a test")
    mechanism = DerivedCtrDrbg(b"\1" * 32, nonce=b"\1" * 16, personalization=b"a test")
    assert drbg.random_bytes(100) == mechanism.generate(100)
    drbg.reseed(b"more")
    mechanism.reseed(b"\2" * 32, b"more")
    assert drbg.random_bytes(100) == mechanism.generate(100)


def test_splits_a_large_request_into_the_largest_allowed(source: Counted) -> None:
    mechanism = DerivedCtrDrbg(b"\1" * 32, nonce=b"\1" * 16)
    expected = b"".join(mechanism.generate(size) for size in (65_536, 65_536, 1))
    assert Drbg(source).random_bytes(131_073) == expected


def test_no_bytes_are_no_request(source: Counted) -> None:
    assert Drbg(source).random_bytes(0) == b""
    assert source.asked == []


def test_reseeds_when_its_interval_is_over(source: Counted) -> None:
    drbg = Drbg(source, reseed_interval=3)
    for _ in range(7):
        drbg.random_bytes(1)
    assert source.asked == [48, 32, 32]


def test_the_interval_counts_the_requests_within_a_large_one(source: Counted) -> None:
    Drbg(source, reseed_interval=2).random_bytes(5 * 65_536)
    assert source.asked == [48, 32, 32]


def test_prediction_resistance_draws_entropy_for_every_request(source: Counted) -> None:
    drbg = Drbg(source, prediction_resistance=True)
    for _ in range(3):
        drbg.random_bytes(16)
    assert source.asked == [48, 32, 32]


def test_hands_out_nothing_when_entropy_is_due_and_the_source_fails(source: Counted) -> None:
    drbg = Drbg(source, reseed_interval=1)
    source.fails = True
    with pytest.raises(VendorError, match="gone"):
        drbg.random_bytes(1)
    source.fails = False
    drbg.random_bytes(1)
    source.fails = True
    for _ in range(2):
        with pytest.raises(VendorError, match="gone"):
            drbg.random_bytes(1)
    source.fails = False
    assert len(drbg.random_bytes(1)) == 1
    assert source.asked == [48, 32]


@pytest.mark.parametrize("given", [0, 47, 49])
def test_refuses_a_source_that_gives_another_number_of_bytes(given: int) -> None:
    with pytest.raises(InsufficientEntropyError, match=f"gave {given} bytes, not the 48"):
        Drbg(lambda _: bytes(given)).random_bytes(1)


@pytest.mark.parametrize("interval", [0, -1, 2**48 + 1])
def test_refuses_an_interval_that_the_standard_does_not_allow(interval: int) -> None:
    with pytest.raises(RequestError, match="1 to 281,474,976,710,656 requests"):
        Drbg(os.urandom, reseed_interval=interval)
    assert 1 < RESEED_INTERVAL < 2**48


def test_refuses_a_negative_number_of_bytes() -> None:
    with pytest.raises(RequestError, match="not -1"):
        Drbg(os.urandom).random_bytes(-1)


def test_shows_no_state_and_makes_no_copy(source: Counted) -> None:
    drbg = Drbg(source, personalization=b"sesame")
    assert repr(drbg) == "<Drbg: CTR_DRBG AES-256, not seeded yet>"
    drbg.random_bytes(1)
    assert repr(drbg) == "<Drbg: CTR_DRBG AES-256, seeded>"
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="repeat its output"):
            copying(drbg)


def test_closing_wipes_and_ends_it(source: Counted) -> None:
    with Drbg(source) as drbg:
        drbg.random_bytes(1)
        mechanism = drbg._mechanism
    assert mechanism is not None
    assert mechanism._state == bytes(48)
    for use in (lambda: drbg.random_bytes(1), drbg.reseed):
        with pytest.raises(RequestError, match="closed"):
            use()
    assert repr(drbg) == "<Drbg: CTR_DRBG AES-256, closed>"


def test_threads_share_it_and_no_two_get_the_same_bytes(source: Counted) -> None:
    drbg = Drbg(source, reseed_interval=50)
    seen: list[bytes] = []

    def draw() -> None:
        for _ in range(200):
            seen.append(drbg.random_bytes(16))  # noqa: PERF401 - a comprehension would hide the other threads' bytes

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 1600
    assert source.asked == [48] + [32] * 31


FORK = """
import os, threading
from qrng_hub.delivery.drbg import Drbg

asked = []
def source(count):
    asked.append(count)
    return os.urandom(count)

drbg = Drbg(source)
{before}
read, write = os.pipe()
children = []
for _ in range(2):
    if not (child := os.fork()):
        for _ in range(3):
            os.write(write, drbg.random_bytes(16))
        os._exit(0 if asked[-1] == 48 else 1)
    children.append(child)
mine = [drbg.random_bytes(16) for _ in range(3)]
assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
theirs = os.read(read, 96)
blocks = mine + [theirs[start : start + 16] for start in range(0, 96, 16)]
assert len(set(blocks)) == 9, blocks
assert asked == {asked}
print("fine")
"""
USED = "drbg.random_bytes(16)"
HELD = (
    USED
    + """
def hold():
    with drbg._lock:
        held.set()
        done.wait(300)
held, done = threading.Event(), threading.Event()
threading.Thread(target=hold, daemon=True).start()
held.wait(300)
os.register_at_fork(after_in_parent=done.set)
"""
)


@pytest.mark.parametrize(
    ("before", "asked"), [("", [48]), (USED, [48]), (HELD, [48])], ids=["unused", "used", "while a thread is in it"]
)
def test_same_numbers_after_fork_never(before: str, asked: list[int]) -> None:
    """In a process of its own, since forking one that has threads may hang in other people's code."""
    program = FORK.format(before=before, asked=asked)
    # From 3.12 on Python warns of any fork beside a thread: to fork there is the test.
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "fine\n"), done.stderr


def test_what_is_told_of_forks_may_go() -> None:
    from qrng_hub.delivery import forking

    drbg = Drbg(os.urandom)
    assert drbg in forking._told
    before = len(forking._told)
    del drbg
    gc.collect()
    assert len(forking._told) < before


def test_xor_is_of_the_source_and_the_drbg(source: Counted) -> None:
    reference = Drbg(Counted()).random_bytes(4)
    given = XorGenerator(source, Drbg(Counted())).random_bytes(4)
    assert given == bytes(byte ^ 1 for byte in reference)
    assert source.asked == [4]


def test_xor_asks_the_source_for_every_byte(source: Counted) -> None:
    xor = XorGenerator(source, Drbg(os.urandom))
    xor.random_bytes(100_000)
    assert xor.random_bytes(0) == b""
    assert source.asked == [100_000]
    source.fails = True
    with pytest.raises(VendorError, match="gone"):
        xor.random_bytes(1)
