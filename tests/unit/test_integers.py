"""numpy's whole numbers are taken wherever Python's are; a bool, a fraction or a text nowhere."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pools import a_pool, known_bytes
from qrng_hub import Circuit, Hub
from qrng_hub.certificates import Epsilons
from qrng_hub.certificates.chsh import plan_for_score
from qrng_hub.certificates.counts import split_rounds
from qrng_hub.certificates.mermin import mermin_bits
from qrng_hub.certificates.rcs import Samples
from qrng_hub.certificates.source_independent import BasisCounts, smooth_min_entropy
from qrng_hub.config import RunFile
from qrng_hub.config.settings import BackendSettings, RequestSettings
from qrng_hub.delivery.drbg import Drbg
from qrng_hub.delivery.numpy_seeding import SourceSeed
from qrng_hub.delivery.source_generator import SourceGenerator
from qrng_hub.delivery.source_random import SourceRandom
from qrng_hub.delivery.tokens import Secrets
from qrng_hub.errors import QRNGError, RequestError
from qrng_hub.estimators import assess
from qrng_hub.integers import whole


def taken(count: Any, folder: Path) -> bytes:
    pool = a_pool(folder)
    pool.add(known_bytes(64), draw_id="known", origin="simulator", credited_bits=0)
    return bytes(pool.take(count))


def low_water(count: Any, folder: Path) -> int:
    pool = a_pool(folder)
    pool.set_low_water(count)
    return pool.status().low_water_bytes


EPSILONS = Epsilons.both(1e-6)
SYMBOLS = np.random.default_rng(5).integers(0, 8, 5000).astype(np.uint8)

#: what takes a 3, and how long is what it gives
CALLS: dict[str, tuple[Callable[[Any, Hub, Path], Any], int]] = {
    "Hub.draw": (lambda n, hub, _: hub.draw(n).data, 3),
    "Hub.random_bytes": (lambda n, hub, _: hub.random_bytes(n), 3),
    "Hub.pieces": (lambda n, hub, _: next(hub.pieces(n)).data, 3),
    "Hub.raw": (lambda n, hub, _: hub.raw("local:stim", Circuit().h(0).measure(0), n)[0].outcomes, 3),
    "Hub.jobs": (lambda n, hub, _: "abc" if hub.jobs(n) == () else "", 3),
    "Pool.take": (lambda n, _, folder: taken(n, folder), 3),
    "Secrets.token_bytes": (lambda n, *_: Secrets(os.urandom).token_bytes(n), 3),
    "Secrets.token_hex": (lambda n, *_: Secrets(os.urandom).token_hex(n), 6),
    "Secrets.randbits": (lambda n, *_: range(Secrets(os.urandom).randbits(n), 8)[:0], 0),
    "Secrets.randbelow": (lambda n, *_: range(3)[Secrets(os.urandom).randbelow(n) :][:0], 0),
    "SourceRandom.getrandbits": (lambda n, *_: range(SourceRandom(os.urandom).getrandbits(n), 8)[:0], 0),
    "SourceRandom.randbytes": (lambda n, *_: SourceRandom(os.urandom).randbytes(n), 3),
    "SourceGenerator.bytes": (lambda n, *_: SourceGenerator(os.urandom).bytes(n), 3),
    "SourceGenerator.integers": (lambda n, *_: SourceGenerator(os.urandom).integers(n, 9, size=2), 2),
    "Drbg.random_bytes": (lambda n, *_: Drbg(os.urandom).random_bytes(n), 3),
    "Drbg": (lambda n, *_: Drbg(os.urandom, reseed_interval=n).random_bytes(1), 1),
    "Hub.highest_costs": (lambda n, hub, _: [*hub.highest_costs(n)], 1),
    "Hub.unfinished_runs": (lambda n, hub, _: hub.unfinished_runs(n), 0),
    "Hub.backends": (lambda n, hub, _: [min(one.qubits for one in hub.backends(min_qubits=n))] * 3, 3),
    "SourceGenerator of a shape": (lambda n, *_: SourceGenerator(os.urandom).random((n, 2)), 3),
    "SourceSeed.generate_state": (lambda n, *_: SourceSeed(os.urandom).generate_state(n), 3),
    "SourceSeed.spawn": (lambda n, *_: SourceSeed(os.urandom).spawn(n), 3),
    "Pool.set_low_water": (lambda n, _, folder: [low_water(n, folder)] * 3, 3),
    "plan_for_score": (lambda n, *_: range(plan_for_score("eat", n, 0.8, EPSILONS).rounds), 3),
    "mermin_bits": (lambda n, *_: [mermin_bits(n, 3.9, 0.9, EPSILONS, sharing=n)] * 3, 3),
    "BasisCounts": (lambda n, *_: range(BasisCounts(n, n, n).x_errors), 3),
    "certify_random_circuits": (lambda n, *_: range(Samples(n, np.array([0.1])).qubits), 3),
    "split_rounds": (lambda n, *_: range(split_rounds(np.arange(16), n)[0].rounds), 3),
    "assess": (lambda n, *_: [assess(SYMBOLS, n).assessed_min_entropy] * 3, 3),
    "Circuit": (lambda n, *_: Circuit().h(n).measure(n).measured, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_whole_numbers_are_python_s_or_numpy_s(name: str, tmp_path: Path) -> None:
    call, length = CALLS[name]
    with Hub.open() as hub:
        number: Any
        for number in (3, np.int64(3), np.uint8(3), np.int32(3)):
            tmp_path = tmp_path / "next"
            tmp_path.mkdir()
            assert len(call(number, hub, tmp_path)) == length
        for number in (True, np.bool_(True), 3.0, np.float64(3), "3", [3], np.array([3, 4])):
            with pytest.raises(QRNGError) as raised:
                call(number, hub, tmp_path)
            assert "\n" not in str(raised.value) and "pydantic" not in str(raised.value)


def test_a_run_file_given_as_a_mapping_takes_numpy_s_numbers() -> None:
    backend = [{"address": "local:stim", "qubits": [np.int64(0), np.int64(3)], "shots": np.uint32(4096)}]
    with Hub.open({"version": 1, "request": {"bytes": np.int64(3)}, "backend": backend}) as hub:
        assert len(hub.run().data) == 3


def test_a_run_file_built_in_python_takes_numpy_s_numbers() -> None:
    three: Any = np.int64(3)
    backend = BackendSettings(address="local:stim", qubits=(three, three - 3), shots=1024 * three)
    run_file = RunFile.model_validate({"version": 1, "request": RequestSettings(bytes=three), "backend": [backend]})
    assert (run_file.request.bytes, run_file.backends[0].qubits, run_file.backends[0].shots) == (3, (0, 3), 3072)
    assert {type(run_file.request.bytes), type(run_file.backends[0].shots)} == {int}


def test_options_of_a_backend_take_numpy_s_numbers() -> None:
    backend = [{"address": "local:stim", "options": {"flip": np.int64(3)}}]
    with pytest.raises(QRNGError, match="flip"):  # the option is none, and it is asked of the adapter
        Hub.open({"version": 1, "backend": backend})


@pytest.mark.parametrize("table", [{"budget": {"usd": True}}, {"request": {"bytes": np.True_}}])
def test_a_bool_is_no_number_in_a_run_file(table: dict[str, Any]) -> None:
    with pytest.raises(QRNGError, match="must be"):
        Hub.open({"version": 1} | table)


def test_a_small_numpy_number_does_not_overflow_what_is_reckoned() -> None:
    numbers: list[Any] = [np.int32(10**6), np.int32(10**5), np.int16(2000)]
    bits = smooth_min_entropy(BasisCounts(10**6, 10**5, 2000), 1e-9)
    assert smooth_min_entropy(BasisCounts(*numbers), 1e-9) == bits


def test_a_number_too_long_to_print_is_refused_in_a_sentence() -> None:
    with pytest.raises(RequestError, match=r"a draw is of 1 to 8 bytes, not a number that long$"):
        whole(10**5000, "a draw is of 1 to 8 bytes", 1, 8)
    with pytest.raises(RequestError, match="whole one below 2\\^63"):
        plan_for_score("eat", 10**400, 0.8, EPSILONS)
