"""CTR_DRBG against NIST's vectors, and against the standard read block by block."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from qrng_hub.delivery.ctr_drbg import MAX_REQUEST_BYTES, MAX_REQUESTS, CtrDrbg, DerivedCtrDrbg, block_cipher_df
from qrng_hub.errors import InsufficientEntropyError, RequestError

VECTORS = Path(__file__).parents[1] / "vectors"
ACVP = [
    (group["derFunc"], group["predResistance"], case)
    for group in json.loads((VECTORS / "acvp-ctr-drbg.json").read_text())["testGroups"]
    for case in group["tests"]
]
CAVS = json.loads((VECTORS / "cavs-ctr-drbg.json").read_text())["cases"]


def mechanism(derived: bool) -> type[CtrDrbg]:
    return DerivedCtrDrbg if derived else CtrDrbg


@pytest.mark.parametrize(("derived", "resistance", "case"), ACVP, ids=[f"case{case['tcId']}" for _, _, case in ACVP])
def test_gives_the_bits_of_the_acvp_vectors(derived: bool, resistance: bool, case: dict[str, Any]) -> None:
    seed, nonce, personalization = (bytes.fromhex(case[name]) for name in ("entropyInput", "nonce", "persoString"))
    drbg = mechanism(derived)(seed, nonce=nonce, personalization=personalization)
    expected = bytes.fromhex(case["returnedBits"])
    returned = []
    for step in case["otherInput"]:
        entropy, additional = bytes.fromhex(step["entropyInput"]), bytes.fromhex(step["additionalInput"])
        if step["intendedUse"] == "reSeed":
            drbg.reseed(entropy, additional)
        elif resistance:
            # section 9.3.1: additional input goes into the reseeding, and not into the output too
            drbg.reseed(entropy, additional)
            returned.append(drbg.generate(len(expected)))
        else:
            returned.append(drbg.generate(len(expected), additional))
    assert len(returned) == 2
    assert returned[1] == expected


@pytest.mark.parametrize("case", CAVS, ids=range(len(CAVS)))
def test_gives_the_bits_of_the_cavs_vectors(case: dict[str, Any]) -> None:
    """Every kind: with and without derivation function, personalization, additional input, reseeding."""

    def given(name: str) -> bytes:
        return bytes.fromhex(case.get(name, ""))

    drbg = mechanism(case["DerivationFunction"] == 1)(
        given("Entropy"), nonce=given("Nonce"), personalization=given("PersonalisationString")
    )
    if case.get("ReseedEntropy"):
        drbg.reseed(given("ReseedEntropy"), given("ReseedAdditionalInput"))
    expected = given("Output")
    for call in "AB":
        additional = given(f"AdditionalInput{call}")
        if case["PredictionResistance"]:
            drbg.reseed(given(f"EntropyPredictionResistance{call}"), additional)
            additional = b""
        output = drbg.generate(len(expected), additional)
    assert output == expected


def test_the_vectors_are_of_every_kind() -> None:
    kinds = {
        (
            case["DerivationFunction"],
            case["PredictionResistance"],
            "ReseedEntropy" in case,
            "PersonalisationString" in case,
            "AdditionalInputA" in case,
        )
        for case in CAVS
    }
    assert len(kinds) == len(CAVS) == 24
    assert {(derived, resistance) for derived, resistance, _ in ACVP} == {(a, b) for a in (0, 1) for b in (0, 1)}


class ByTheBlock:
    """Section 10.2.1 without derivation function, one call of the block cipher at a time."""

    def __init__(self, key: bytes, v: bytes) -> None:
        self.key, self.v = key, v

    def block(self) -> bytes:
        self.v = ((int.from_bytes(self.v, "big") + 1) % 2**128).to_bytes(16, "big")
        return Cipher(AES(self.key), ECB()).encryptor().update(self.v)  # noqa: S305 - the standard's Block_Encrypt

    def update(self, provided: bytes) -> None:
        temp = b"".join(self.block() for _ in range(3))
        state = bytes(a ^ b for a, b in zip(temp, provided, strict=True))
        self.key, self.v = state[:32], state[32:]

    def generate(self, count: int, additional: bytes) -> bytes:
        if additional:
            self.update(additional)
        output = b"".join(self.block() for _ in range(-(-count // 16)))[:count]
        self.update(additional or bytes(48))
        return output


@pytest.mark.parametrize("count", [1, 15, 16, 17, 47, 48, 1000, 65_535, 65_536])
@pytest.mark.parametrize("additional", [b"", bytes(range(48))], ids=["plain", "additional"])
def test_requests_of_every_length_are_those_of_the_standard(count: int, additional: bytes) -> None:
    seed = bytes(range(100, 148))
    plain = ByTheBlock(bytes(32), bytes(16))
    plain.update(seed)
    drbg = CtrDrbg(seed)
    for _ in range(2):
        assert drbg.generate(count, additional) == plain.generate(count, additional)


@pytest.mark.parametrize("left", [0, 1, 2, 3, 4, 5])
def test_the_counter_goes_round_at_its_end(left: int) -> None:
    key, v = bytes(range(32)), (2**128 - 1 - left).to_bytes(16, "big")
    drbg = CtrDrbg(bytes(48))
    drbg._state[:] = key + v
    plain = ByTheBlock(key, v)
    assert [drbg.generate(40) for _ in range(2)] == [plain.generate(40, b"") for _ in range(2)]


def test_the_length_is_part_of_what_is_derived() -> None:
    outputs = {block_cipher_df(bytes(length)) for length in range(64)}
    assert len(outputs) == 64
    assert {len(output) for output in outputs} == {48}


@pytest.mark.parametrize("count", [0, -1, MAX_REQUEST_BYTES + 1])
def test_refuses_a_request_above_the_limit(count: int) -> None:
    with pytest.raises(RequestError, match="1 to 65,536 bytes"):
        CtrDrbg(bytes(48)).generate(count)


@pytest.mark.parametrize(("derived", "length"), [(False, 47), (False, 49), (True, 31)])
def test_refuses_a_seed_of_another_length(derived: bool, length: int) -> None:
    with pytest.raises(InsufficientEntropyError, match=f"not {length}"):
        mechanism(derived)(bytes(length))
    drbg = mechanism(derived)(bytes(48))
    with pytest.raises(InsufficientEntropyError, match=f"not {length}"):
        drbg.reseed(bytes(length))


def test_refuses_an_input_that_has_no_place_without_derivation() -> None:
    with pytest.raises(RequestError, match="48 bytes at most, not 49"):
        CtrDrbg(bytes(48), personalization=bytes(49))
    with pytest.raises(RequestError, match="48 bytes at most, not 49"):
        CtrDrbg(bytes(48)).generate(1, bytes(49))


def test_refuses_to_go_on_with_a_seed_that_has_served_its_time() -> None:
    drbg = CtrDrbg(bytes(48))
    drbg.requests = MAX_REQUESTS - 1
    drbg.generate(1)
    with pytest.raises(InsufficientEntropyError, match="reseed"):
        drbg.generate(1)
    drbg.reseed(bytes(48))
    assert drbg.generate(1)


def test_shows_and_copies_no_state() -> None:
    drbg = CtrDrbg(bytes(range(48)))
    assert repr(drbg) == "<CtrDrbg: 0 requests since it was seeded>"
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="repeat its output"):
            copying(drbg)


def test_wiping_leaves_zeros() -> None:
    drbg = CtrDrbg(bytes(range(48)))
    assert any(drbg._state)
    drbg.wipe()
    assert drbg._state == bytes(48)
