"""The canonical form of JSON against the examples of RFC 8785."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrng_hub.signing import canonical, read_json

#: RFC 8785, appendix B: the bits of a double, and how it is written
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}

texts = st.text(st.characters(codec="utf-8"))
#: doubles from 2^53 to 1e21 are written without a point or an exponent, and read back they are integers too large
numbers = st.floats(-(2**53) + 1, 2**53 - 1) | st.floats(min_value=1e21, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_written_as_in_appendix_b(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == text.encode()


def test_the_example_of_section_3_2_2() -> None:
    text = (
        rb'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        rb' "string": "\u20ac$\u000F\u000aA' + rb"'" + rb'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}'
    )
    assert (
        canonical(read_json(text))
        == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
        ).encode()
    )


def test_names_are_sorted_as_in_section_3_2_3() -> None:
    """By UTF-16 code units: the emoji, a pair of surrogates, goes before a letter of a lower code point."""
    text = rb'{"\u20ac": 5, "\r": 1, "\ufb33": 7, "1": 2, "\ud83d\ude00": 6, "\u0080": 3, "\u00f6": 4}'
    assert list(json.loads(canonical(read_json(text))).values()) == [1, 2, 3, 4, 5, 6, 7]


@given(documents)
def test_the_form_reads_as_the_same_document_and_is_its_own(document: object) -> None:
    form = canonical(document)
    assert read_json(form) == document
    assert canonical(read_json(form)) == form


@given(st.dictionaries(texts, documents, min_size=2))
def test_the_order_of_names_and_spaces_do_not_matter(document: dict[str, object]) -> None:
    backwards = dict(reversed(document.items()))
    assert canonical(read_json(json.dumps(backwards, indent=3).encode())) == canonical(document)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "it is no JSON document, or a part of one: Expecting value: line 1"),
        (b'{"a": 1', "it is no JSON document, or a part of one: Expecting ',' delimiter: line 1 column 8"),
        (b'{"a": 1} x', "or a part of one: Extra data"),
        (b'\xef\xbb\xbf{"a": 1}', "or a part of one: Unexpected UTF-8 BOM"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "the name 'c' stands twice in one object"),
        (b'{"a": NaN}', "NaN is no number in JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number in JSON"),
        (b'{"a": 1e999}', "it has a number that is infinite or none"),
        (b'{"a": 9007199254740992}', "it has an integer beyond 2^53 - 1"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it has an integer beyond 2^53 - 1"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"\\ud800": 1}', "half a character"),
        (b'{"a": "\xff"}', "it is not text in UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "it is not text in UTF-8"),
        (b"[" * 34 + b"]" * 34, "it nests more than 32 deep"),
        (b"[" * 100_000, "it nests more than 32 deep"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_in_a_sentence(text: bytes, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_json(text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53, -(2**53), b"bytes", {1}, "\ud800"])
def test_what_has_no_form_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical([value])
