"""The page on certificates, held against what it describes."""

import re
from pathlib import Path

import pytest

from commands import qrng
from qrng_hub.certificates import Epsilons, Level
from qrng_hub.certificates.chsh import plan_for_score

PAGE = Path(__file__).parents[2] / "docs" / "certificates.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the source distribution has no docs")


def test_the_table_is_what_the_bounds_give() -> None:
    rows = re.findall(r"^\| (0\.8\d) \| (1e\d) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(rows) == 4
    for score, rounds, *bits in rows:
        plans = [
            plan_for_score(method, int(float(rounds)), float(score), Epsilons.both(1e-9))
            for method in ("eat", "df19", "pef")
        ]
        assert [float(one.replace(",", "")) for one in bits] == pytest.approx([plan.bits for plan in plans], rel=5e-4)


def test_every_level_is_told() -> None:
    assert re.findall(r"^\| (L\d) ", PAGE.read_text(), re.MULTILINE) == [level.value for level in Level]


def test_the_commands_that_need_no_file_run(capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"^qrng (certify [^#\n]*)", PAGE.read_text(), re.MULTILINE)
    alone = [command.split() for command in commands if not re.search(r"\.(json|csv)\b", command)]
    assert len(alone) == 4 < len(commands)
    for command in alone:
        done = qrng(capsys, *command)
        assert (done.returncode, done.stderr) == (0, "")
