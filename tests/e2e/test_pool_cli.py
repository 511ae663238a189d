"""`qrng pool` as its users run it: real processes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pools import a_draw, known_bytes
from qrng_hub import Hub
from qrng_hub.delivery.pool import KeyFile, Pool

ROOT = Path(__file__).parents[2]
QRNG = (sys.executable, "-m", "qrng_hub", "pool")


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


def pool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*QRNG, *arguments], capture_output=True, text=True, timeout=300)


def put_in(state: Path, count: int) -> Pool:
    """Fills the user's pool without the command."""
    pool = Pool.open(key_source=KeyFile(state / "pool.key"))
    pool.add(known_bytes(count), draw_id="known", origin="simulator", credited_bits=0)
    return pool


def test_fills_shows_takes_and_drains(state: Path, tmp_path: Path) -> None:
    filled = pool("fill", "70000")
    assert filled.returncode == 0, filled.stderr
    assert "70,000 bytes put in, simulator, 0 bits credited" in filled.stdout
    document = json.loads(pool("status", "--json").stdout)
    assert (document["bytes_left"], document["bytes_by_origin"]) == (70_000, {"simulator": 70_000})
    shown = pool("status").stdout
    assert "70,000 bytes in 2 blocks: 70,000 simulator" in shown
    assert "0 of 560,000 bits" in shown

    taken = pool("take", "32")
    assert (taken.returncode, len(bytes.fromhex(taken.stdout))) == (0, 32)
    to_file = pool(
        "take", "65536", "--format", "raw", "--out", str(tmp_path / "out"), "--sources", str(tmp_path / "why")
    )
    assert (to_file.returncode, to_file.stdout) == (0, "")
    assert (tmp_path / "out").stat().st_size == 65_536
    (source,) = json.loads((tmp_path / "why").read_text())
    assert (source["offset"], source["length"], source["origin"]) == (32, 65_536, "simulator")
    with Hub.open() as hub:
        assert hub.receipt(source["draw_id"]).bytes == 70_000

    refused = pool("drain")
    assert (refused.returncode, "this destroys 4,432 bytes: run it with --yes" in refused.stderr) == (2, True)
    assert pool("drain", "--yes").stdout == "4,432 bytes destroyed\n"
    assert sorted(path.name for path in (state / "pool").rglob("*")) == ["draws.log", "lock", "pool.json"]


def test_the_python_of_the_page_runs(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pool.md").read_text(), re.DOTALL)
    (tmp_path / "run.toml").write_text('version = 1\n[[backend]]\naddress = "local:stim"\n')
    code = f"{block}\nprint(len(key), len(taken.data), sum(one.length for one in taken.sources))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, cwd=tmp_path, timeout=300)
    assert (done.stdout, done.returncode) == (b"32 4096 4096\n", 0), done.stderr.decode()


def test_says_how_to_fill_what_is_empty_or_not_there(state: Path) -> None:
    absent = pool("take", "32")
    assert (absent.returncode, absent.stdout) == (1, "")
    assert f"qrng: there is no pool in {state / 'pool'}: `qrng pool fill BYTES` makes one" in absent.stderr
    opened = put_in(state, 16)
    short = pool("take", "32")
    assert (short.returncode, short.stdout) == (1, "")
    assert "has 16 bytes left, and 32 were asked for" in short.stderr
    assert opened.bytes_left() == 16


def test_an_output_that_cannot_be_written_costs_no_byte(state: Path, tmp_path: Path) -> None:
    opened = put_in(state, 64)
    (tmp_path / "file").write_text("")
    assert pool("take", "32", "--out", str(tmp_path / "file" / "out")).returncode == 2
    assert pool("take", "32", "--out", str(tmp_path / "out"), "--sources", str(tmp_path / "out")).returncode == 2
    assert opened.bytes_left() == 64


@pytest.mark.parametrize("option", ["--out", "--sources"])
def test_nothing_is_written_over_bytes_that_left(option: str, state: Path, tmp_path: Path) -> None:
    opened, path = put_in(state, 64), tmp_path / "file"
    path.write_bytes(b"bytes that left before")
    refused = pool("take", "32", option, str(path))
    assert (refused.returncode, refused.stdout, opened.bytes_left()) == (2, "", 64)
    assert f"{path} is there already" in refused.stderr
    assert path.read_bytes() == b"bytes that left before"
    assert len(pool("take", "32", option, "/dev/stdout").stdout) > 64
    assert opened.bytes_left() == 32


def test_takes_what_was_put_in_only_if_told_so(tmp_path: Path) -> None:
    """Two takes of a pool that was put back, as from a backup: mixed they differ, unmixed they do not."""
    place = ("--folder", str(tmp_path / "p"), "--key-file", str(tmp_path / "k"))
    Pool.open(tmp_path / "p", key_source=KeyFile(tmp_path / "k")).add_draw(a_draw(known_bytes(64)))
    marker = (tmp_path / "p" / "pool.json").read_bytes()

    def taken_again(*options: str) -> str:
        (tmp_path / "p" / "pool.json").write_bytes(marker)
        return pool("take", "32", *options, *place).stdout

    assert taken_again() != taken_again()
    assert taken_again("--unmixed") == taken_again("--unmixed") != ""


def test_a_plan_that_costs_nothing_does_not_ask(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('version = 1\nrequest.mode = "plan"\n[[backend]]\naddress = "local:stim"\n')
    assert pool("fill", "64", "--config", str(tmp_path / "plan.toml")).returncode == 0
    assert Pool.open_existing().bytes_left() == 64


def test_an_unusable_pool_is_found_out_before_anything_is_drawn(state: Path) -> None:
    put_in(state, 64)
    (state / "pool.key").chmod(0o644)
    refused = pool("fill", "64")
    assert (refused.returncode, "has mode 0644, so that others may use it: chmod 600 it" in refused.stderr) == (1, True)
    with Hub.open() as hub:
        assert hub.jobs() == ()


def test_rotates_the_key_and_salvages_and_shows_no_key(state: Path) -> None:
    put_in(state, 140_000)
    before = (state / "pool.key").read_text().split()[1]
    rotated = pool("rotate-key")
    after = (state / "pool.key").read_text().split()[1]
    assert (rotated.returncode, before != after) == (0, True)
    os.truncate(sorted((state / "pool").rglob("*.block"))[1], 100)
    broken = pool("status")
    assert (broken.returncode, "block 1 of the pool was altered or cut" in broken.stderr) == (1, True)
    assert re.search("^left +74,464 bytes in 2 blocks: 74,464 simulator$", broken.stdout, re.MULTILINE)
    assert re.search("^unreadable +65,536 bytes in 1 blocks$", broken.stdout, re.MULTILINE)
    salvaged = pool("salvage")
    assert "given up: block 1 of the pool was altered" in salvaged.stderr
    assert "pool salvage" not in salvaged.stderr
    assert salvaged.stdout == "74,464 bytes are left\n"
    said = "".join(done.stdout + done.stderr for done in (rotated, broken, salvaged))
    assert before not in said
    assert after not in said
