"""The command `qrng assess` as its users run it: real processes."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

QRNG = Path(sys.executable).with_name("qrng")
VECTORS = Path(__file__).parents[1] / "vectors" / "nist-sp800-90b"
EXPECTED = json.loads((VECTORS / "expected.json").read_text())["files"]


def assess(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([QRNG, "assess", *arguments], capture_output=True, text=True, cwd=folder, timeout=300)


def sample_file(name: str, folder: Path) -> bytes:
    content = gzip.decompress((VECTORS / f"{name}.bin.gz").read_bytes())
    (folder / name).write_bytes(content)
    return content


def test_json_equals_what_nists_tool_says_and_few_samples_are_warned_of(tmp_path: Path) -> None:
    sample_file("rand4_short", tmp_path)
    done = assess("rand4_short", "--bits-per-symbol", "4", "--json", folder=tmp_path)
    found, expected = json.loads(done.stdout), EXPECTED["rand4_short"]
    assert found["literal"] == pytest.approx(expected["literal"], abs=1e-6)
    assert found["bitstring"] == pytest.approx(expected["bitstring"], abs=1e-6)
    assert found["assessed_min_entropy"] == pytest.approx(expected["assessed_min_entropy"], abs=1e-6)
    assert done.stderr == "qrng: warning: 10,000 samples are fewer than the 1,000,000 that SP 800-90B asks for\n"
    assert done.returncode == 0


def test_the_table_has_a_row_an_estimator_and_says_what_an_estimate_is(tmp_path: Path) -> None:
    sample_file("rand4_short", tmp_path)
    done = assess("rand4_short", "--bits-per-symbol", "4", folder=tmp_path)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["Most", "Common", "Value", "3.790037", "0.979189"] in rows
    assert ["Collision", "-", "0.898179"] in rows
    assert ["least", "3.567473", "0.803872"] in rows
    assert "assessed min-entropy: 3.215488 of 4 bit(s) per symbol, from 10,000 samples" in done.stdout
    assert "a floor with a bias and never a certificate" in done.stdout


def test_packed_bits_are_read_highest_first(tmp_path: Path) -> None:
    bits = np.frombuffer(sample_file("rand1_short", tmp_path), np.uint8)
    (tmp_path / "packed").write_bytes(np.packbits(bits).tobytes())
    packed = assess("packed", "--bits", "--json", folder=tmp_path)
    assert packed.stdout == assess("rand1_short", "--bits-per-symbol", "1", "--json", folder=tmp_path).stdout
    assert packed.returncode == 0


def test_a_constant_is_awarded_nothing_and_warned_of(tmp_path: Path) -> None:
    (tmp_path / "constant").write_bytes(b"\x02" * 1_000_000)
    done = assess("constant", "--bits-per-symbol", "2", "--json", folder=tmp_path)
    assert json.loads(done.stdout)["assessed_min_entropy"] == 0
    assert done.stderr == "qrng: warning: every sample is the same: no entropy is awarded\n"


def test_samples_narrower_than_said_are_warned_of(tmp_path: Path) -> None:
    sample_file("rand4_short", tmp_path)
    done = assess("rand4_short", "--bits-per-symbol", "8", "--json", folder=tmp_path)
    assert "no sample has more than 4 bit(s): --bits-per-symbol 4 may be meant" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing", "--bits"), "nothing: no such file"),
        ((".", "--bits"), ".: cannot be read: Is a directory"),
        (("empty", "--bits"), "empty: the file is empty; there is nothing to assess"),
        (("wide", "--bits-per-symbol", "3"), "wide: the byte 9 at offset 1 is not a symbol of 3 bit(s): these go to 7"),
        (("wide", "--bits-per-symbol", "4"), "wide: the t-tuple estimate needs a symbol that occurs 35 times"),
        (("wide", "--bits"), "wide: the compression estimate needs at least 6,012 samples, not 24"),
        (("wide", "--bits-per-symbol", "0"), "0 is not in the range 1<=x<=8"),
        (("wide", "--bits-per-symbol", "9"), "9 is not in the range 1<=x<=8"),
        (("wide",), "--bits-per-symbol is needed"),
        (("wide", "--bits", "--bits-per-symbol", "2"), "--bits are samples of one bit: leave out --bits-per-symbol"),
    ],
)
def test_bad_input_is_answered_in_one_message(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "wide").write_bytes(bytes([1, 9, 2]))
    done = assess(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr
