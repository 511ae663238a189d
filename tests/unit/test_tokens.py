import base64
import inspect
import secrets
from collections import Counter
from itertools import product

import pytest

from byte_streams import constant, given, stream
from qrng_hub.delivery.tokens import Secrets
from qrng_hub.errors import InsufficientEntropyError

NAMES = ["choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"]


@pytest.mark.parametrize("name", NAMES)
def test_takes_the_arguments_of_the_standard_library(name: str) -> None:
    ours = inspect.signature(getattr(Secrets(constant(0)), name)).parameters
    theirs = inspect.signature(getattr(secrets, name)).parameters
    assert [(one.name, one.default) for one in ours.values()] == [(one.name, one.default) for one in theirs.values()]


@pytest.mark.parametrize("count", [None, 0, 1, 16, 33])
def test_tokens_are_as_long_as_those_of_the_standard_library(count: int | None) -> None:
    ours = Secrets(stream("tokens"))
    assert len(ours.token_bytes(count)) == len(secrets.token_bytes(count))
    assert len(ours.token_hex(count)) == len(secrets.token_hex(count))
    assert len(ours.token_urlsafe(count)) == len(secrets.token_urlsafe(count))


def test_tokens_are_the_sources_bytes() -> None:
    data = stream("a")(48)
    ours = Secrets(given(data))
    assert ours.token_bytes(16) == data[:16]
    assert ours.token_hex(16) == data[16:32].hex()
    assert base64.urlsafe_b64decode(ours.token_urlsafe(16) + "==") == data[32:]


@pytest.mark.parametrize("bits", [0, 1, 7, 8, 9, 53, 64, 1000])
def test_random_bits_fill_their_range(bits: int) -> None:
    assert Secrets(constant(255)).randbits(bits) == 2**bits - 1
    assert Secrets(constant(0)).randbits(bits) == 0


@pytest.mark.parametrize("bound", [*range(1, 258), 300])
def test_below_a_bound_every_number_is_as_likely_as_another(bound: int) -> None:
    """All there is to draw, each once: what is not drawn again falls on every number equally often."""
    width = ((bound - 1).bit_length() + 7) // 8
    ours = Secrets(given(b"".join(bytes(word) for word in product(range(256), repeat=width)) or b"\0"))
    seen: Counter[int] = Counter()
    try:
        while width or not seen:
            seen[ours.randbelow(bound)] += 1
    except EOFError:
        pass
    assert sorted(seen) == list(range(bound))
    assert len(set(seen.values())) == 1


def test_a_choice_is_an_element() -> None:
    ours = Secrets(stream("choice"))
    assert {ours.choice("abc") for _ in range(100)} == set("abc")
    assert ours.choice([7]) == 7


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("choice", []),
        ("randbelow", 0),
        ("randbelow", -1),
        ("randbelow", 1.5),
        ("randbits", -1),
        ("randbits", 1.5),
        ("token_bytes", -1),
        ("token_bytes", "16"),
        ("token_hex", -1),
    ],
)
def test_fails_as_the_standard_library_does(name: str, argument: object) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011 - which one is the question
        getattr(secrets, name)(argument)
    with pytest.raises((ValueError, TypeError, IndexError, AttributeError)) as ours:
        getattr(Secrets(stream("errors")), name)(argument)
    expected = (TypeError, AttributeError) if theirs.type in (TypeError, AttributeError) else theirs.type
    assert issubclass(ours.type, expected)


def test_a_source_that_gives_too_little_makes_no_token() -> None:
    with pytest.raises(InsufficientEntropyError, match="gave 3 bytes, not the 32"):
        Secrets(lambda _: b"abc").token_hex()
