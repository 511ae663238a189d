"""What `qrng run` asks before it spends, and what it says of what was paid for when it fails."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qrng_hub import Hub
from qrng_hub.ledger import Run
from services import braket_jobs
from services.braket import BraketService
from services.braket_faults import Fault

QRNG = str(Path(sys.executable).with_name("qrng"))
RUN_FILE = """
version = 1
request = { bytes = 896, mode = "plan" }
policy = { fallback = "hardware-only", hedge = true, max_attempts = 1 }
budget = { usd = 9.00 }
adapters.braket = { region = "eu-north-1", s3 = "s3://amazon-braket-test/hub" }
[[backend]]
address = "braket:garnet"
shots = 1024
"""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[BraketService]:
    with braket_jobs.serving(monkeypatch) as service:
        yield service


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(RUN_FILE)
    return path


def qrng(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([QRNG, *arguments], capture_output=True, stdin=subprocess.DEVNULL)


def on_a_terminal(answers: bytes, *arguments: str | Path) -> tuple[int, str]:
    """Runs a command on a terminal, types answers, and returns its exit code and what the terminal shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(QRNG, [QRNG, *map(str, arguments)])  # noqa: S606 - no shell, our own command
    os.write(terminal, answers)
    shown = b""
    try:
        while chunk := os.read(terminal, 65_536):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode(errors="replace")


def fail_at_the_second_job(service: BraketService, config: Path) -> Run:
    """Runs the file so that one job is paid for and the next is refused."""
    service.faults.add("CreateQuantumTask", Fault())
    service.faults.add("CreateQuantumTask", Fault(code="ServiceQuotaExceededException", status=402))
    failed = qrng("run", config, "--yes")
    assert failed.returncode == 1, failed.stderr.decode()
    with Hub.open(config) as hub:
        (run,) = hub.unfinished_runs()
    assert f"`qrng run {config} --resume {run.draw_id}` goes on with it".encode() in failed.stderr
    assert len(service.tasks.all) == 1
    return run


def test_without_a_terminal_an_unfinished_run_is_named_and_nothing_is_spent(
    service: BraketService, config: Path
) -> None:
    run = fail_at_the_second_job(service, config)
    refused = qrng("run", config, "--yes")
    assert (refused.returncode, refused.stdout) == (2, b"")
    for said in (f"run {run.draw_id} of this request is unfinished: 1 job(s)", f"--resume {run.draw_id}", "--new"):
        assert said.encode() in refused.stderr
    assert len(service.tasks.all) == 1
    assert qrng("run", config, "--yes", "--resume", run.draw_id[:18]).returncode == 0
    with Hub.open(config) as hub:
        (first,) = hub.runs()
        assert (first.delivered, len(service.tasks.all)) == (True, first.jobs)


def test_new_begins_anew(service: BraketService, config: Path) -> None:
    fail_at_the_second_job(service, config)
    assert qrng("run", config, "--yes", "--new").returncode == 0
    with Hub.open(config) as hub:
        assert [run.delivered for run in hub.runs()] == [True, False]


def test_on_a_terminal_it_offers_to_go_on_and_shows_how_far_it_is(service: BraketService, config: Path) -> None:
    run = fail_at_the_second_job(service, config)
    code, shown = on_a_terminal(b"y\ny\n", "run", config)
    assert code == 0, shown
    assert f"run {run.draw_id} of this request is unfinished" in shown
    assert "Go on with it? [Y/n]" in shown
    assert "may cost up to what is left of budget.usd = 9.00 USD" in shown
    assert "braket:garnet" in shown
    with Hub.open(config) as hub:
        assert [(one.draw_id, one.delivered) for one in hub.runs()] == [(run.draw_id, True)]


def test_a_no_spends_nothing(service: BraketService, config: Path) -> None:
    code, shown = on_a_terminal(b"n\n", "run", config)
    assert code == 130
    assert "This plan may cost" in shown
    assert service.tasks.all == {}


@pytest.mark.parametrize(
    ("budget", "code", "says"),
    [("0.50", 1, b"budget.usd is 0.50, and it takes"), ("-1", 2, b"'-1' is no amount"), ("nan", 2, b"no amount")],
)
def test_the_budget_of_the_command_line_goes_before_the_file(
    service: BraketService, config: Path, budget: str, code: int, says: bytes
) -> None:
    done = qrng("run", config, "--yes", f"--budget={budget}")
    assert (done.returncode, service.tasks.all) == (code, {})
    assert says in done.stderr


def test_what_cannot_be_written_is_not_paid_for(service: BraketService, config: Path) -> None:
    refused = qrng("run", config, "--yes", "--out", config / "under-a-file")
    assert (refused.returncode, service.tasks.all) == (2, {})
    assert b"cannot be written" in refused.stderr


def test_a_full_disk_at_the_end_leaves_a_run_to_resume(service: BraketService, config: Path) -> None:
    """/dev/full takes nothing: the bytes are not recorded as delivered, and a second try has them all."""
    full = qrng("run", config, "--yes", "--out", "/dev/full")
    assert full.returncode == 1
    with Hub.open(config) as hub:
        (run,) = hub.unfinished_runs()
    paid, out = len(service.tasks.all), config.with_name("out")
    again = qrng("run", config, "--yes", "--resume", run.draw_id, "--out", out)
    assert again.returncode == 0, again.stderr.decode()
    assert (out.stat().st_size, len(service.tasks.all)) == (896, paid)


def test_what_can_cost_nothing_is_resumed_without_a_yes_by_the_command_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text('version = 1\nrequest.mode = "plan"\n[[backend]]\naddress = "local:stim"\n')
    full = qrng("run", tmp_path / "plan.toml", "--out", "/dev/full")
    assert full.returncode == 1
    with Hub.open(tmp_path / "plan.toml") as hub:
        (run,) = hub.unfinished_runs()
    named = f"qrng run {tmp_path / 'plan.toml'} --resume {run.draw_id} --out /dev/full"
    assert f"qrng: what was run is kept, and `{named}` goes on with it" in full.stderr.decode()
    done = qrng("run", tmp_path / "plan.toml", "--resume", run.draw_id, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "out").stat().st_size == run.bytes
