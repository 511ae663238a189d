"""A run by plan of many jobs, killed with SIGKILL again and again, with faults on the way, and resumed. Prints JSON.

The vendor is the tests' loopback Braket with four devices, each capped so that none can do it alone. Every so
often it loses a reply, throttles, fails, or sends half an answer. The process that draws is killed at moments
drawn at random, seeded, and the next one resumes the run. At the end every byte must be there, every task of the
vendor must be one job with one bill, the budget must not be passed, and `qrng jobs audit` must find nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import machine

from qrng_hub import Hub
from qrng_hub.records import JobState

if TYPE_CHECKING:
    from services.braket import BraketService
    from services.braket_tasks import Task

TESTS = str(Path(__file__).resolve().parents[1] / "tests")
if TESTS not in sys.path:
    sys.path.append(TESTS)

QRNG = Path(sys.executable).with_name("qrng")
RUN_FILE = """
version = 1
request = {{ bytes = {count}, mode = "plan" }}
policy = {{ fallback = "hardware-only", hedge = true, max_attempts = 5 }}
budget = {{ usd = {usd} }}
adapters.braket = {{ region = "eu-north-1", s3 = "s3://amazon-braket-test/hub" }}
"""
BACKEND = """
[[backend]]
address = "braket:{address}"
shots = 1024
max_usd = {usd}
"""
#: what a shot costs, in USD, on devices of the shipped price book
DEVICES = {"Garnet": "0.00145", "Emerald": "0.00160", "Cepheus-1-108Q": "0.000425", "IBEX-Q1": "0.0235"}
PRICES = {name: Decimal("0.30") + 1024 * Decimal(each) for name, each in DEVICES.items()}
_FAULTS = ("CreateQuantumTask", "GetQuantumTask", "SearchQuantumTasks", "GetObject")
_OUTPUT_BYTES_A_JOB = 448


def main() -> None:
    """Runs, kills, resumes, checks and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=300, help="about how many jobs the run takes")
    parser.add_argument("--kills", type=int, default=20, help="how often it is killed")
    parser.add_argument("--seed", type=int, default=20261123)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QRNG_STATE_DIR"] = folder
        print(json.dumps(soak(Path(folder), options.jobs, options.kills, options.seed), indent=2))


def soak(folder: Path, jobs: int, kills: int, seed: int) -> dict[str, object]:
    """Runs one plan to its end through all the kills and checks what is left."""
    from services.braket import BraketService
    from services.braket_catalogue import GARNET

    service, numbers, started = BraketService().start(), random.Random(seed), time.perf_counter()
    for name, value in service.environment.items():
        os.environ[name] = value
    os.environ["AWS_MAX_ATTEMPTS"] = "2"
    config = folder / "plan.toml"
    config.write_text(run_file(jobs))
    garnet = service.catalogue.capabilities[GARNET]
    for name in DEVICES:
        arn = GARNET.replace("Garnet", name)
        service.catalogue.capabilities[arn] = garnet
        service.catalogue.status[arn], service.catalogue.queue[arn] = "ONLINE", "3"
    stop = threading.Event()
    trouble = threading.Thread(target=trouble_maker, args=(service, numbers.random(), stop), daemon=True)
    trouble.start()
    killed = through(config, kills, numbers)
    stop.set()
    trouble.join()
    service.faults.clear()
    out = folder / "out"
    while not out.exists():  # a run may end by itself, with an error of the vendor's: it is resumed as well
        subprocess.run(command(config, out), check=False, stdout=subprocess.DEVNULL)
    checked = check(config, out, service, jobs * _OUTPUT_BYTES_A_JOB)
    service.stop()
    seconds = round(time.perf_counter() - started)
    return {"benchmark": "soak", "machine": machine(), "seed": seed, "killed": killed, "seconds": seconds} | checked


def run_file(jobs: int) -> str:
    """Writes a run file whose backends may each do a good quarter of the jobs."""
    caps = {name: price * jobs * Decimal("0.4") for name, price in PRICES.items()}
    top = RUN_FILE.format(count=jobs * _OUTPUT_BYTES_A_JOB, usd=f"{sum(caps.values()):.2f}")
    return top + "".join(BACKEND.format(address=name.lower(), usd=f"{cap:.2f}") for name, cap in caps.items())


def command(config: Path, out: Path) -> list[str]:
    """Makes the command that begins the run, or goes on with it."""
    with Hub.open(config) as hub:
        unfinished = [run.draw_id for run in hub.runs() if not run.delivered]
    more = ["--resume", unfinished[-1]] if unfinished else []
    return [str(QRNG), "run", str(config), "--yes", "--out", str(out), *more]


def through(config: Path, kills: int, numbers: random.Random) -> int:
    """Kills the run so often, each time after a while, or sees it end before."""
    killed = 0
    out = config.with_name("out")
    while killed < kills and not out.exists():
        process = subprocess.Popen(command(config, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(numbers.uniform(2.5, 6.0))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
    return killed


def trouble_maker(service: BraketService, seed: float, stop: threading.Event) -> None:
    """Puts a fault in the way of some request every now and then."""
    from services.braket_faults import Fault

    numbers = random.Random(seed)
    while not stop.wait(numbers.uniform(0.2, 1.5)):
        fault = numbers.choice(
            [
                Fault(lost=True),
                Fault(code="ThrottlingException", status=429, headers={"Retry-After": "0"}),
                Fault(code="InternalServiceException", status=500),
                Fault(cut=True),
            ]
        )
        service.faults.add(numbers.choice(_FAULTS), fault)


def device_of(task: Task) -> str:
    """Names the device that a task ran on."""
    return str(task.request["deviceArn"]).rpartition("/")[2]


def check(config: Path, out: Path, service: BraketService, count: int) -> dict[str, object]:
    """Holds ledger, vendor and output against each other."""
    tasks = service.tasks.all
    with Hub.open(config) as hub:
        hub.reconcile()
        jobs, findings, budgets = hub.jobs(10**6), hub.audit(), hub.budgets()
        (run,) = hub.runs()
    done = [job for job in jobs if job.state is JobState.DONE]
    assert findings == (), findings
    assert out.stat().st_size == count
    assert run.delivered
    assert {job.vendor_id for job in done} == set(tasks)
    keys = [task.request["tags"]["qrng-hub-key"] for task in tasks.values()]
    assert len(set(keys)) == len(keys)
    assert sum(job.cost_billed or 0 for job in done) == sum(PRICES[device_of(task)] for task in tasks.values())
    assert all(one.committed <= one.most for one in budgets)
    undecided = sum(not job.state.finished for job in jobs)
    return {
        "jobs": len(jobs),
        "tasks_paid": Counter(device_of(task) for task in tasks.values()),
        "undecided": undecided,
        "bytes": count,
        "audit": "nothing found",
    }


if __name__ == "__main__":
    main()
