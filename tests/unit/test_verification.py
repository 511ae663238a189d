"""Signed receipts that hold, and everything that makes one not hold."""

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng_hub import Hub
from qrng_hub.cli.output import ENCODERS
from qrng_hub.errors import ConfigError, ReceiptError
from qrng_hub.records import Origin, Receipt
from qrng_hub.signing import SigningKey, canonical, signed
from qrng_hub.verification import (
    FileDigest,
    contradictions,
    digest_of,
    digests_of,
    signed_receipt_schema,
    trusted_fingerprint,
    verify,
)
from signing import KEY, a_signed_receipt, drawn, resigned

ROOT = Path(__file__).parents[2]
#: written by release 0.1.0 for a scripted device and a simulator, signed with the key of RFC 8032, 7.1, test 1
VERSION_1 = (ROOT / "tests" / "vectors" / "receipts" / "version-1.json").read_bytes()
HOST = (KEY.fingerprint,)
HARDWARE, SIMULATOR = Origin.HARDWARE, Origin.SIMULATOR
Steps = tuple[str | int, ...]

plain = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-2, 2) | st.text(st.characters(codec="utf-8"))


def leaves(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """Lists the ways to every value that holds no other, empty lists included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for step, one in inner for leaf in leaves(one, (*steps, step))]
    yield from found or [steps]


def changed(document: Any, steps: Steps, value: Any) -> bytes:
    """Writes a document with one value in the place of another."""
    document = copy.deepcopy(document)
    *way, last = steps
    place = document
    for step in way:
        place = place[step]
    place[last] = value
    return json.dumps(document).encode()


def problems(text: bytes, **how: Any) -> tuple[str, ...]:
    """Returns why a receipt does not hold: a sentence each, of one line."""
    with pytest.raises(ReceiptError) as caught:
        verify(text, **({"host": HOST} | how))
    assert all(problem and "\n" not in problem for problem in caught.value.problems)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


DOCUMENT = json.loads(VERSION_1)
LEAVES = list(leaves(DOCUMENT))


@pytest.mark.parametrize(
    ("count", "mode", "origins", "origin"),
    [
        (1, "first", [HARDWARE], "hardware"),
        (31, "first", [SIMULATOR], "simulator"),
        (32, "first", [SIMULATOR], "simulator"),
        (5000, "first", [HARDWARE], "hardware"),
        (100, "each", [HARDWARE, HARDWARE], "hardware"),
        (100, "each", [HARDWARE, SIMULATOR], "mixed"),
        (4096, "plan", [HARDWARE], "hardware"),
        (4096, "plan", [SIMULATOR, HARDWARE], "hardware"),
    ],
)
def test_the_receipts_of_real_draws_hold_and_fit_the_schema(
    count: int, mode: str, origins: list[Origin], origin: str
) -> None:
    draw = drawn(count, mode, *origins)
    text = signed(draw.receipt.model_dump_json(), KEY).text()
    data = FileDigest(count, hashlib.sha256(draw.data).hexdigest())
    verified = verify(text, host=HOST, data=data)
    assert (verified.draw_id, verified.bytes, verified.origin) == (draw.receipt.draw_id, count, origin)
    assert verified.credited_bits == draw.receipt.credit.bits
    assert (verified.key, verified.fingerprint) == ("of this host", KEY.fingerprint)
    assert verified.data == ("length only" if count < 32 else "length and SHA-256")
    jsonschema.validate(json.loads(text), signed_receipt_schema())


def test_the_receipt_of_a_simulator_of_this_machine_holds() -> None:
    with Hub.open() as hub:
        draw = hub.draw(1000)
        assert verify(hub.signed_receipt(draw.receipt.draw_id).text(), host=_host()).origin == "simulator"


def _host() -> tuple[str, ...]:
    from qrng_hub.signing import receipt_keys

    return receipt_keys().known()


def test_a_receipt_of_version_1_holds_and_is_read_for_ever() -> None:
    verified = verify(VERSION_1, host=HOST)
    assert (verified.origin, verified.bytes, verified.credited_bits) == ("mixed", 64, 512)
    assert Receipt.model_validate(DOCUMENT["receipt"]).sources[1].credited_bits == 0


def test_what_is_signed_is_what_the_page_says() -> None:
    """Recomputes the signature from the file with the primitive alone."""
    message = b"qrng-hub receipt signature 1\n" + canonical(DOCUMENT["receipt"])
    assert KEY.sign(message).hex() == DOCUMENT["signature"]["value"]


@given(st.sampled_from(LEAVES), plain)
def test_a_change_of_any_value_shows(steps: Steps, value: Any) -> None:
    before: Any = DOCUMENT
    for step in steps:
        before = before[step]
    if canonical(value) != canonical(before):
        (first, *_) = problems(changed(DOCUMENT, steps, value))
        assert steps[0] == "signature" or first.startswith("the signature does not fit the receipt")


@pytest.mark.parametrize("steps", LEAVES, ids=lambda steps: ".".join(map(str, steps)))
def test_a_slight_change_of_every_value_shows(steps: Steps) -> None:
    before: Any = DOCUMENT
    for step in steps:
        before = before[step]
    match before:
        case bool() | None:
            after: Any = not before
        case int() | float():
            after = before * (1 + 2**-52) if before and isinstance(before, float) else before + 1
        case str():
            after = before[:-1] + chr(ord(before[-1]) ^ 1) if before else " "
        case _:
            after = [None]
    assert after != before
    assert problems(changed(DOCUMENT, steps, after))


@pytest.mark.parametrize("steps", [("receipt",), ("receipt", "sources", 0), ("receipt", "credit"), ("signature",), ()])
def test_a_value_added_or_taken_away_shows(steps: Steps) -> None:
    place: Any = DOCUMENT
    for step in steps:
        place = place[step]
    for name in place:
        less = {other: value for other, value in place.items() if other != name}
        assert problems(changed(DOCUMENT, steps, less) if steps else json.dumps(less).encode())
    more = place | {"note": "\x1b[2Jall is well\n"}
    said = problems(changed(DOCUMENT, steps, more) if steps else json.dumps(more).encode())
    assert all(problem.isprintable() for problem in said)


def test_spaces_and_the_order_of_names_do_not_matter() -> None:
    def backwards(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: backwards(value[name]) for name in reversed(value)}
        return [backwards(one) for one in value] if isinstance(value, list) else value

    verify(json.dumps(backwards(DOCUMENT), indent=7).encode(), host=HOST)


def test_a_signature_of_another_receipt_shows() -> None:
    other = json.loads(a_signed_receipt().text())
    said = problems(json.dumps(DOCUMENT | {"signature": other["signature"]}).encode())
    assert said == ("the signature does not fit the receipt: one of the two was altered after it was signed",)


def test_a_receipt_signed_by_a_stranger_does_not_hold_unless_the_key_is_named() -> None:
    stranger = SigningKey.from_seed(bytes(32))
    text = resigned(DOCUMENT["receipt"], stranger)
    (said,) = problems(text)
    assert f"it is signed with the key {stranger.fingerprint}, which is none of this host's" in said
    assert "give that with --key" in said
    named = verify(text, named=stranger.fingerprint)
    assert (named.key, named.fingerprint) == ("named", stranger.fingerprint)
    assert "whose key that is" in named.not_proved[1]


def test_the_key_named_has_to_be_the_one_that_signed_even_if_another_is_this_host_s() -> None:
    assert problems(VERSION_1, named="ab" * 32) == (
        f"it is signed with the key {KEY.fingerprint}, not with {'ab' * 32}, which was named",
    )


def test_the_file_has_to_be_the_output(tmp_path: Path) -> None:
    draw = drawn(64, "first", SIMULATOR)
    text = signed(draw.receipt.model_dump_json(), KEY).text()
    path = tmp_path / "output"
    path.write_bytes(draw.data)
    assert verify(text, host=HOST, data=digest_of(path)).data == "length and SHA-256"
    path.write_bytes(draw.data[:-1] + bytes([draw.data[-1] ^ 1]))
    (altered,) = problems(text, data=digest_of(path))
    assert altered.startswith("the file is not the output: its SHA-256 is ")
    path.write_bytes(draw.data + b"\0")
    assert problems(text, data=digest_of(path)) == ("the file of 65 bytes is not the output of 64",)


@pytest.mark.parametrize("form", ["hex", "base64", "raw", "npy"])
@pytest.mark.parametrize("sizes", [[1], [31], [64], [100, 33, 7], [3 << 20, 1]])
def test_an_output_is_read_in_every_form_in_which_it_is_written(tmp_path: Path, form: str, sizes: list[int]) -> None:
    parts = [os.urandom(size) for size in sizes]
    path = tmp_path / "output"
    path.write_bytes(ENCODERS[form](b"".join(parts)))
    assert digests_of(path, sizes) == [FileDigest(len(part), hashlib.sha256(part).hexdigest()) for part in parts]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"0123456789abcde\n", "ends in the middle of a byte"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f8'}", "is not one of uint8"),
        (b"ab" * (1 << 20) + b"zz", "no whole file of the form that it begins in"),
    ],
)
def test_a_file_that_ends_as_no_file_of_its_form_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "output"
    path.write_bytes(content)
    with pytest.raises(ReceiptError, match=says):
        digests_of(path, [64])


def test_of_a_short_output_only_the_length_is_compared_and_that_is_said() -> None:
    text = a_signed_receipt(8).text()
    verified = verify(text, host=HOST, data=FileDigest(8, hashlib.sha256(b"whatever").hexdigest()))
    assert verified.data == "length only"
    assert "that the file is the output: a digest would reveal so short a one, so there is none" in verified.not_proved
    (said,) = problems(text, data=FileDigest(9, ""))
    assert said.startswith("the file of 9 bytes is not the output of 8")


def test_says_what_is_proved_and_what_is_not() -> None:
    verified = verify(VERSION_1, host=HOST)
    assert verified.proved == (
        "the receipt is as the holder of the key 21fe 31df a154 a261 signed it, and agrees with itself",
    )
    assert verified.not_proved == (
        "which bytes it speaks of: no file was given with --data",
        "anything to others: whoever runs programs under this account can sign with its key",
        "that the provider ran the jobs named and told their true outcomes, or that nobody else has them",
        "that the bytes are unpredictable beyond the credit, whose assumptions the receipt lists",
    )


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda receipt: receipt.update({name: value})


def _source(name: str, value: Any, number: int = 0) -> Callable[[dict[str, Any]], None]:
    return lambda receipt: receipt["sources"][number].update({name: value})


def _credit(bits: float) -> Callable[[dict[str, Any]], None]:
    return lambda receipt: receipt["credit"].update(bits=bits)


#: what is written, and what the verifier says of it, though the signature fits
CONTRADICTIONS: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_set("origin", "hardware"), "its origin is hardware, and its sources make it mixed"),
    (_set("origin", "simulator"), "its origin is simulator, and its sources make it mixed"),
    (_source("origin", "simulator"), "its origin is mixed, and its sources make it simulator"),
    (_source("origin", "simulator"), "its credit of 512 bits is above the 0 bits credited to its hardware sources"),
    (_source("origin", "hardware", 1), "its origin is mixed, and its sources make it hardware"),
    (_source("credited_bits", 8.0, 1), "of 'scripted:b1', 8 bits are credited to a simulator"),
    (_credit(512.5), "its credit of 512.5 bits is not between 0 and the 512 bits of the output"),
    (_credit(-1), "its credit of -1 bits is not between 0 and the 512 bits"),
    (_source("credited_bits", 511.0), "its credit of 512 bits is above the 511 bits credited"),
    (_source("credited_bits", 16385.0), "16385 bits credited are not between 0 and the 16384 raw bits"),
    (_source("credited_bits", -1.0), "-1 bits credited are not between 0 and"),
    (_set("sha256", None), "an output has a digest from 32 bytes on, and only then"),
    (_set("bytes", 31), "an output has a digest from 32 bytes on, and only then"),
    (_set("bytes", 65), "its sources delivered [64, 64] bytes, which does not make the 65 of the output"),
    (_set("mode", "plan"), "its sources delivered [64, 64] bytes, which does not make the 64 of the output"),
    (_source("bytes_delivered", 63), "its sources delivered [63, 64] bytes"),
    (_source("shots", 4095), "16384 raw bits are not 4095 shots of 4 qubits"),
    (_source("raw_bits", 16385), "16385 raw bits are not 4096 shots of 4 qubits"),
    (_source("qubits", [0, 1, 2]), "16384 raw bits are not 4096 shots of 3 qubits"),
    (_source("qubits", [0, 1, 1, 2]), "the qubits are not in ascending order"),
    (_source("p_one", [0.5] * 3), "there is not one share of ones and one estimate a qubit"),
    (_source("p_one", [0.5, 0.5, 0.5, 1.5]), "a share of ones, or an estimate a qubit, is not between 0 and 1"),
    (_source("job_keys", ["a", "a"]), "the job 'a' is named 2 times"),
    (_source("job_keys", ["a", "b"]), "2 jobs have 1 ids at the vendor"),
    (_source("vendor_ids", ["x", "x"]), "the vendor's job ('scripted:b0', 'x') is named 2 times"),
    (_source("block_sha256", ["0" * 64] * 2), f"the block '{'0' * 64}' is named 2 times"),
    (_set("sources", []), "it names no source"),
]


@pytest.mark.parametrize(("edit", "sentence"), CONTRADICTIONS)
def test_a_receipt_that_contradicts_itself_does_not_hold_whoever_signed_it(
    edit: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    receipt = copy.deepcopy(DOCUMENT["receipt"])
    assert list(contradictions(Receipt.model_validate(receipt))) == []
    edit(receipt)
    said = problems(resigned(receipt))
    assert any(sentence in problem for problem in said), said
    assert not any("signature" in problem for problem in said)


def test_a_job_of_two_sources_is_named_twice() -> None:
    receipt = copy.deepcopy(DOCUMENT["receipt"])
    receipt["sources"][1]["job_keys"] = receipt["sources"][0]["job_keys"]
    (said,) = problems(resigned(receipt))
    assert said == f"the job {receipt['sources'][0]['job_keys'][0]!r} is named 2 times"


NO_RECEIPTS = [
    (b"", "it cannot be read as a receipt: it is no JSON document, or a part of one"),
    (VERSION_1[:500], "it cannot be read as a receipt: it is no JSON document, or a part of one"),
    (VERSION_1 + VERSION_1, "or a part of one: Extra data"),
    (VERSION_1.replace(b'"bytes": 64', b'"bytes": 64, "bytes": 64'), "the name 'bytes' stands twice in one object"),
    (VERSION_1.replace(b'"bits": 512.0', b'"bits": NaN'), "NaN is no number in JSON"),
    (VERSION_1.replace(b'"bits": 512.0', b'"bits": 1e400'), "it has a number that is infinite or none"),
    (b"\x89PNG\r\n\x1a\n", "it is not text in UTF-8"),
    (b"[]", "it is JSON, and no receipt: `qrng receipt ID` prints one"),
    (b'"receipt"', "it is JSON, and no receipt"),
    (b'{"receipt": [], "draw_id": 1}', "it is JSON, and no receipt"),
    (b'{"receipt": {}, "signature": {}}', "it is JSON, and no receipt"),
    (json.dumps(DOCUMENT["receipt"]).encode(), "it is a receipt without a signature: `qrng receipt ID` prints it"),
    (json.dumps({"receipt": DOCUMENT["receipt"]}).encode(), "it is a receipt without a signature"),
    (resigned(DOCUMENT["receipt"] | {"version": 99}), "it is a receipt of version 99, and this release reads "),
]


@pytest.mark.parametrize(("text", "sentence"), NO_RECEIPTS)
def test_what_is_no_receipt_is_said_in_one_sentence(text: bytes, sentence: str) -> None:
    (said,) = problems(text)
    assert sentence in said


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (_set("bytes", "64"), "receipt.bytes: must be a valid integer"),
        (_set("created_utc", "yesterday"), "receipt.created_utc: must be a valid datetime"),
        (_source("shots", 1.5), "receipt.sources[0].shots: must be a valid integer"),
        (_set("magic", 1), "receipt.magic: unknown key"),
        (lambda receipt: receipt.pop("mode"), "receipt.mode: this key is required"),
    ],
)
def test_a_receipt_of_another_form_does_not_hold(edit: Callable[[dict[str, Any]], None], sentence: str) -> None:
    receipt = copy.deepcopy(DOCUMENT["receipt"])
    edit(receipt)
    (said,) = problems(resigned(receipt))
    assert said.startswith(sentence)
    if "datetime" not in sentence:  # which the validator leaves to a package of its own
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(resigned(receipt)), signed_receipt_schema())


def test_a_key_is_named_by_its_fingerprint_or_its_file(tmp_path: Path) -> None:
    from qrng_hub.signing import ReceiptKeys

    keys = ReceiptKeys(tmp_path)
    own = keys.current().fingerprint
    assert trusted_fingerprint(own) == trusted_fingerprint(own.upper()) == own
    assert trusted_fingerprint(" ".join(own[i : i + 4] for i in range(0, 64, 4))) == own
    assert trusted_fingerprint(str(keys.public_path(own))) == own
    with pytest.raises(ConfigError, match="is 16 hex digits of a fingerprint: give all 64"):
        trusted_fingerprint(own[:16])
    with pytest.raises(ConfigError, match=r"receipt-key\.pem is no public Ed25519 key in PEM form"):
        trusted_fingerprint(str(keys.path))
    with pytest.raises(ConfigError, match="the key nobody cannot be read: No such file"):
        trusted_fingerprint("nobody")
