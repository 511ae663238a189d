"""Whatever may cost money asks once, with its highest cost; what is free never asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from qrng_hub.hub import Hub

QRNG = str(Path(sys.executable).with_name("qrng"))
PAID = """version = 1
[request]
bytes = 64
mode = "MODE"
[budget]
usd_per_job = 9.00
usd = 20.00
[policy]
fallback = "hardware-only"
[compare]
shots = 1024
repeats = 2
[[backend]]
address = "braket:garnet"
[adapters.braket]
region = "eu-north-1"
s3 = "s3://amazon-braket-test/hub"
"""
DRAW = PAID.replace("MODE", "first").replace("[compare]\nshots = 1024\nrepeats = 2\n", "")
SPENDING = {
    "run first": ("first", "draw", ("run", "paid.toml")),
    "run each": ("each", "draw", ("run", "paid.toml")),
    "run plan": ("plan", "plan", ("run", "paid.toml")),
    "bytes": ("first", "draw", ("bytes", "64", "--config", "paid.toml")),
    "generator": ("first", "draw", ("bytes", "64", "--config", "paid.toml", "--source", "drbg")),
    "keygen": ("first", "draw", ("keygen", "aes-256", "--config", "paid.toml")),
    "pool fill": ("first", "draw", ("pool", "fill", "64", "--config", "paid.toml")),
    "compare": ("first", "comparison", ("compare", "paid.toml")),
}


def qrng(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([QRNG, *arguments], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.usefixtures("braket")
@pytest.mark.parametrize("name", sorted(SPENDING))
def test_without_a_terminal_what_may_cost_money_needs_yes(name: str, tmp_path: Path) -> None:
    mode, what, command = SPENDING[name]
    text = PAID.replace("MODE", mode)
    if what != "comparison":
        text = text.replace("[compare]\nshots = 1024\nrepeats = 2\n", "")
    (tmp_path / "paid.toml").write_text(text)
    refused = qrng(tmp_path, *command)
    assert refused.returncode == 2, refused.stderr
    assert f"this {what} may cost " in refused.stderr
    assert "up to budget.usd = 20.00 USD: run it with --yes" in refused.stderr.replace("\n", " ")
    with Hub.open() as hub:
        assert not hub.jobs()


@pytest.mark.usefixtures("braket")
def test_yes_pays(tmp_path: Path) -> None:
    (tmp_path / "paid.toml").write_text(DRAW)
    done = qrng(tmp_path, "bytes", "64", "--config", "paid.toml", "--yes")
    assert (done.returncode, len(done.stdout)) == (0, 129), done.stderr


def test_what_is_free_never_asks_whatever_the_budget(tmp_path: Path) -> None:
    (tmp_path / "free.toml").write_text(
        'version = 1\n[budget]\nusd = 9.0\n[policy]\nfallback = "simulator-only"\n[[backend]]\naddress = "local:stim"\n'
    )
    assert qrng(tmp_path, "bytes", "64", "--config", "free.toml").returncode == 0
    assert qrng(tmp_path, "compare", "free.toml", "--out", "results").returncode == 0


@pytest.mark.usefixtures("braket")
def test_a_simulator_that_stood_in_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """The device costs more than the run file allows, whatever Python is told about warnings."""
    text = DRAW.replace("usd_per_job = 9.00", "usd_per_job = 0.01").replace("hardware-only", "simulate-on-failure")
    (tmp_path / "run.toml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "qrng_hub", "bytes", "64", "--config", "run.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, len(done.stdout)) == (3, 129), done.stderr
    assert "braket:garnet did not deliver" in done.stderr


def test_a_run_file_that_leaves_the_fallback_of_hardware_open_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "said.toml").write_text(DRAW)
    (tmp_path / "open.toml").write_text(DRAW.replace('[policy]\nfallback = "hardware-only"\n', ""))
    said, left_open = (qrng(tmp_path, "config", "check", name) for name in ("said.toml", "open.toml"))
    assert (said.returncode, said.stderr) == (0, "")
    assert left_open.returncode == 0
    assert "only hardware is listed and policy.fallback is left out" in left_open.stderr
