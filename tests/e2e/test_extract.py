"""`qrng extract` as its users run it: real processes and files."""

import hashlib
import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qrng_hub.bits import Bits
from qrng_hub.extractors import Extracted, circulant, dodis, dodis_markov, toeplitz, von_neumann

RAW = np.random.default_rng(71).integers(0, 256, 30_001, np.uint8)
SEED = np.random.default_rng(72).integers(0, 256, 17_000, np.uint8)
CLAIMS = ("--min-entropy-per-bit", "0.8", "--epsilon", "1e-9")
SECOND = (*CLAIMS, "--seed-min-entropy-per-bit", "0.9")
FILES = ("--in", "raw", "--out", "out", "--seed", "seed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw").write_bytes(RAW.tobytes())
    (tmp_path / "seed").write_bytes(SEED.tobytes())
    (tmp_path / "empty").touch()
    return tmp_path


def extract(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qrng_hub", "extract", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)


def test_extracts_by_a_seed_and_accounts_for_every_bit(folder: Path) -> None:
    done = extract(folder, *FILES, *CLAIMS, "--json")
    record = json.loads(done.stdout)
    expected = toeplitz(RAW, SEED, min_entropy_per_bit=0.8, epsilon=1e-9)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "out").read_bytes() == expected.read().data
    assert record == expected.extraction.model_dump(mode="json")
    assert (record["blocks"], record["input_bits_used"], record["input_bits_dropped"]) == (3, 196_608, 43_400)


def test_the_output_is_for_its_owner_only_and_a_summary_is_printed(folder: Path) -> None:
    done = extract(folder, *FILES, *CLAIMS, "--block-bits", "8192")
    assert stat.S_IMODE((folder / "out").stat().st_mode) == 0o600
    assert re.search(r"^blocks +29 *$", done.stdout, re.MULTILINE)
    assert re.search(r"^epsilon +1e-09 *$", done.stdout, re.MULTILINE)
    assert "assumed: the seed is uniform, and independent of the source" in done.stdout
    assert (folder / "out").read_bytes().hex()[:16] not in done.stdout


@pytest.mark.parametrize(
    ("name", "method"), [("circulant", circulant), ("dodis", dodis), ("dodis-markov", dodis_markov)]
)
def test_extracts_from_two_sources(folder: Path, name: str, method: Callable[..., Extracted]) -> None:
    done = extract(folder, *FILES, *SECOND, "--method", name, "--json")
    expected = method(RAW, SEED, min_entropy_per_bit=0.8, second_min_entropy_per_bit=0.9, epsilon=1e-9)
    assert (folder / "out").read_bytes() == expected.read().data
    assert json.loads(done.stdout)["seed_bits"] == expected.extraction.seed_bits


def test_debiases_without_a_claim(folder: Path) -> None:
    done = extract(folder, "--in", "raw", "--out", "out", "--method", "von-neumann")
    assert (folder / "out").read_bytes() == von_neumann(RAW).read().data
    assert "assumed: no min-entropy is claimed of the output" in done.stdout
    assert "epsilon" not in done.stdout


ONE_SENTENCE = [
    ((*FILES, "--min-entropy-per-bit", "0.8", "--epsilon", "0"), "epsilon is 0: give a number between 0 and 1"),
    ((*FILES, "--min-entropy-per-bit", "0.8", "--epsilon", "1.0"), "epsilon is 1: give a number between 0 and 1"),
    ((*FILES, "--min-entropy-per-bit", "1.01", "--epsilon", "0.1"), "a min-entropy of 1.01 per bit of the source"),
    ((*FILES, "--min-entropy-per-bit", "nan", "--epsilon", "0.1"), "a min-entropy of nan per bit of the source"),
    ((*FILES, "--min-entropy-per-bit", "0", "--epsilon", "0.1"), "a min-entropy of 0 per bit of the source"),
    ((*FILES, *CLAIMS, "--block-bits", "240000"), "the seed of 136,000 bits is too short"),
    ((*FILES, *CLAIMS, "--block-bits", "262144"), "the input of 240,008 bits is shorter than one block of 262,144"),
    ((*FILES, *CLAIMS, "--block-bits", "64"), "a block of 64 bits with 51.2 bits of min-entropy gives no output"),
    (("--in", "none", "--out", "out", "--seed", "seed", *CLAIMS), "the input none cannot be read: No such file"),
    (("--in", "raw", "--out", "out", "--seed", "none", *CLAIMS), "the seed none cannot be read: No such file"),
    (("--in", ".", "--out", "out", "--seed", "seed", *CLAIMS), "the input . is not a plain file"),
    (("--in", "empty", "--out", "out", "--seed", "seed", *CLAIMS), "the input of 0 bits is shorter than one block"),
    (("--in", "raw", "--out", "raw", "--seed", "seed", *CLAIMS), "the output would take the place of raw"),
    (("--in", "raw", "--out", "./seed", "--seed", "seed", *CLAIMS), "the output would take the place of seed"),
    (("--in", "raw", "--out", "out", "--seed", "raw", *CLAIMS), "raw is both the input and the seed"),
    (("--in", "raw", "--out", "-", "--seed", "seed", *CLAIMS), "--out needs the name of a file"),
    ((*FILES, *SECOND, "--method", "dodis", "--block-bits", "140000"), "the second source of 136,000 bits is too"),
]


@pytest.mark.parametrize(("arguments", "sentence"), ONE_SENTENCE)
def test_what_cannot_be_done_is_said_in_one_sentence(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = extract(folder, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"qrng: {sentence}"), done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == ["empty", "raw", "seed"]
    assert (folder / "raw").read_bytes() == RAW.tobytes()


def test_a_short_seed_is_told_how_long_it_has_to_be(folder: Path) -> None:
    said = extract(folder, *FILES, *CLAIMS, "--block-bits", "131072").stderr
    found = re.search(r"need ([\d,]+) bits \(([\d,]+) bytes\)", said)
    assert found is not None
    (folder / "seed").write_bytes(bytes(int(found[2].replace(",", "")) - 1))
    assert extract(folder, *FILES, *CLAIMS, "--block-bits", "131072").returncode == 2
    (folder / "seed").write_bytes(bytes(int(found[2].replace(",", ""))))
    assert extract(folder, *FILES, *CLAIMS, "--block-bits", "131072").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--in", "raw", "--out", "out"), "toeplitz needs --epsilon, --min-entropy-per-bit, --seed"),
        ((*FILES, *CLAIMS, "--method", "dodis"), "dodis needs --seed-min-entropy-per-bit"),
        ((*FILES, *SECOND), "toeplitz takes no --seed-min-entropy-per-bit"),
        ((*FILES, *CLAIMS, "--method", "von-neumann"), "von-neumann takes no --epsilon, --min-entropy-per-bit, --seed"),
    ],
)
def test_a_method_says_which_options_it_takes(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = extract(folder, *arguments)
    assert (done.returncode, sentence in done.stderr) == (2, True)


def test_an_earlier_output_is_replaced_and_follows_a_link(folder: Path) -> None:
    (folder / "out").symlink_to("raw")
    refused = extract(folder, *FILES, *CLAIMS)
    assert (refused.returncode, "take the place of raw" in refused.stderr) == (2, True)
    (folder / "out").unlink()
    (folder / "out").write_text("earlier")
    refused = extract(folder, *FILES, *CLAIMS)
    assert (refused.returncode, "out is there already" in refused.stderr) == (2, True)
    assert extract(folder, *FILES, *CLAIMS, "--force").returncode == 0
    digest = hashlib.sha256(toeplitz(RAW, SEED, min_entropy_per_bit=0.8, epsilon=1e-9).read().data).digest()
    assert hashlib.sha256((folder / "out").read_bytes()).digest() == digest


def test_the_first_bit_of_a_file_is_the_highest_of_its_first_byte(folder: Path) -> None:
    """01 10 00 11 gives 0 1."""
    (folder / "raw").write_bytes(bytes([0b0110_0011]))
    extract(folder, "--in", "raw", "--out", "out", "--method", "von-neumann")
    assert (folder / "out").read_bytes() == Bits.from_array([0, 1]).data == bytes([0b0100_0000])


@pytest.mark.parametrize("more", [b"", b"more"])
def test_a_copy_of_the_input_is_no_seed(folder: Path, more: bytes) -> None:
    copies = {"as-it-is": RAW.tobytes() + more, "behind-a-head": more + RAW.tobytes(), "a-part": RAW.tobytes()[:17_000]}
    for name, data in copies.items():
        (folder / "seed").write_bytes(data)
        done = extract(folder, *FILES, *CLAIMS)
        assert (done.returncode, name) == (2, name)
        assert "the seed has the very bits of the input" in done.stderr
        assert not (folder / "out").exists()
