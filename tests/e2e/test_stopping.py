"""A run that is stopped while it waits says so, says how to go on, and goes on without paying twice."""

import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.ibm import IBMService
from services.ibm_catalogue import API
from services.ibm_faults import Fault

QRNG = Path(sys.executable).with_name("qrng")
RUN_FILE = """
version = 1
request.bytes = 32
policy.fallback = "hardware-only"
budget.usd_per_job = 20
adapters.ibm.runtime_url = "{url}"
[[backend]]
address = "ibm:ibm_guadalupe"
shots = 1024
options.rep_delay = 0.0001
"""


@pytest.mark.parametrize(
    ("ending", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_run_stopped_while_it_looks_for_its_job_is_resumed_and_pays_once(
    ibm: IBMService, tmp_path: Path, ending: signal.Signals, code: int
) -> None:
    config, out = tmp_path / "run.toml", tmp_path / "bytes"
    config.write_text(RUN_FILE.format(url=ibm.runtime_url))
    ibm.faults.add(Fault(f"POST {API}/jobs$", lost=True, done=True))
    ibm.faults.add(Fault(f"GET {API}/jobs$", status=200, body='{"jobs": [], "count": 0}', times=math.inf))
    command = [str(QRNG), "run", str(config), "--yes", "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ)) as run:
        assert run.stderr is not None
        said = next(line for line in run.stderr if "looked for" in line)
        run.send_signal(ending)
        rest = run.stderr.read()
    assert re.fullmatch(r"qrng: job \w+ on ibm:ibm_guadalupe is looked for .* for up to 10 minutes, .*\n", said)
    (resuming,) = re.findall(r"qrng run \S+ --resume \S+ .*(?=`)", rest)
    assert (run.returncode, "Traceback" in rest) == (code, False)
    ibm.faults.clear()
    resumed = subprocess.run([str(QRNG), *resuming.split()[1:], "--yes"], capture_output=True, text=True, check=False)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    assert (len(out.read_bytes()), ibm.posts(), len(ibm.jobs.all)) == (32, 1, 1)
