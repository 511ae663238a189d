"""`qrng plan` and `qrng run` of a plan, against the services of two vendors and their unmodified clients."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from commands import qrng
from services.braket import BraketService
from services.ibm import IBMService

RUN_FILE = """
version = 1
request = {{ bytes = 2048, mode = "plan" }}
policy = {{ fallback = "hardware-only", vendors_min = 2 }}
budget.usd = {usd}
[[backend]]
address = "ibm:ibm_guadalupe"
[[backend]]
address = "braket:garnet"
[[backend]]
address = "braket:nosuch"
[adapters.ibm]
runtime_url = "{url}"
[adapters.braket]
region = "eu-north-1"
s3 = "s3://amazon-braket-test/hub"
"""


def test_a_plan_is_shown_then_refused_without_a_yes_then_run(
    ibm: IBMService, braket: BraketService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "plan.toml"
    config.write_text(RUN_FILE.format(usd=20, url=ibm.runtime_url))
    shown = qrng(capsys, "plan", str(config), "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    plan = json.loads(shown.stdout)
    chosen = {line["address"]: line for line in plan["lines"] if line["chosen"]}
    assert set(chosen) == {"ibm:ibm_guadalupe", "braket:garnet"}
    assert "nosuch" in next(line["reason"] for line in plan["lines"] if line["address"] == "braket:nosuch")
    assert Decimal(plan["cost_high"]) == sum(Decimal(line["cost_high"]) for line in chosen.values())

    asked = qrng(capsys, "run", str(config))
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "run it with --yes" in asked.stderr
    assert (ibm.jobs.all, braket.tasks.all) == ({}, {})

    done = qrng(capsys, "run", str(config), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)["receipt"]
    assert {source["address"] for source in receipt["sources"]} == set(chosen)
    assert sum(source["bytes_delivered"] for source in receipt["sources"]) == 2048
    assert receipt["credit"]["bits"] == 8 * 2048
    billed = sum(Decimal(source["cost_billed"]) for source in receipt["sources"])
    assert billed <= Decimal(plan["cost_high"])
    jobs = sum(len(source["job_keys"]) for source in receipt["sources"])
    assert len(ibm.jobs.all) + len(braket.tasks.all) == jobs


def test_a_plan_that_cannot_be_says_what_is_in_the_way(
    ibm: IBMService, braket: BraketService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "plan.toml"
    config.write_text(RUN_FILE.format(usd=1, url=ibm.runtime_url))
    done = qrng(capsys, "plan", str(config))
    assert (done.returncode, done.stdout) == (1, "")
    assert "budget.usd is 1, and it takes" in done.stderr
    assert "not usable: braket:nosuch" in done.stderr
