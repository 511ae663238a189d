"""A planted key is sent to its vendor and stands nowhere else: no output, log, file, error or repr holds it."""

import io
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qrng_hub import Hub
from qrng_hub.errors import QRNGError
from services.braket import BraketService
from services.ibm import IBMService

#: runs `qrng` with each of the lists of arguments in one process, which imports the SDK once, and prints the exit codes
PROGRAM = """
import json, sys
from qrng_hub.cli import main

codes = []
for arguments in json.loads(sys.argv.pop()):
    sys.argv = ["qrng", *arguments]
    try:
        main()
    except SystemExit as ended:
        codes.append(ended.code)
print(json.dumps(codes))
"""
SECRET = "planted-5ecret-9f3b7c21"  # noqa: S105 - it opens nothing
#: commands with the run file in place of FILE
COMMANDS = (
    "run FILE --json --yes",
    "check FILE",
    "jobs --config FILE --json",
    "jobs reconcile --config FILE",
    "report costs --config FILE",
    "report queue --config FILE",
)
#: what the vendor refuses once it takes the key no more
REFUSED = ("run FILE --yes", "check FILE")


@dataclass
class Vendor:
    """A vendor's service that takes the planted key, the run file that leads there, and how to refuse the key."""

    service: IBMService | BraketService
    run_file: str
    environment: dict[str, str]

    def refuse(self) -> None:
        """Takes the planted key no more."""
        if isinstance(self.service, IBMService):
            self.service.key = "another"
            self.service.expire_tokens()
        else:
            self.service.key_ids.clear()

    def was_reached(self) -> bool:
        """Whether a job came to be there."""
        return bool(self.service.jobs.all if isinstance(self.service, IBMService) else self.service.tasks.all)


RUN_FILE = """
version = 1
[request]
bytes = 64
[budget]
usd_per_job = 100
[[backend]]
address = "{address}"
qubits = 4
shots = 1024
{settings}
"""


@pytest.fixture(params=["ibm", "braket"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    if request.param == "ibm":
        ibm = IBMService(SECRET)
        settings = f'[adapters.ibm]\nruntime_url = "{ibm.runtime_url}"'
        text = RUN_FILE.format(address="ibm:ibm_guadalupe", settings=settings)
        yield Vendor(ibm, text, ibm.environment | {"QISKIT_IBM_TOKEN": SECRET})
        ibm.close()
    else:
        braket = BraketService().start()
        settings = '[adapters.braket]\nregion = "us-east-1"\ns3 = "s3://amazon-braket-test/hub"'
        text = RUN_FILE.format(address="braket:sv1", settings=settings)
        secrets = {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"{SECRET}-session"}
        yield Vendor(braket, text, braket.environment | secrets)
        braket.stop()


def test_no_output_and_no_file_holds_the_key(vendor: Vendor, tmp_path: Path) -> None:
    config = tmp_path / "run.toml"
    config.write_text(vendor.run_file)
    environment = os.environ | vendor.environment
    outputs: list[bytes] = []

    def qrng(*commands: str) -> list[int]:
        arguments = [[str(config) if word == "FILE" else word for word in command.split()] for command in commands]
        command = [sys.executable, "-c", PROGRAM, json.dumps(arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        outputs.append(done.stdout + done.stderr)
        return list(map(int, json.loads(done.stdout.splitlines()[-1])))

    assert dict(zip(COMMANDS, qrng(*COMMANDS), strict=True)) == dict.fromkeys(COMMANDS, 0)
    assert vendor.was_reached()
    vendor.refuse()
    assert qrng(*REFUSED) == [1, 1]
    assert SECRET not in b"\n".join(outputs).decode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name.startswith("ledger.db") for path in files)
    assert any(path.parent.name == "receipts" for path in files)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_no_log_error_or_repr_holds_the_key(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in vendor.environment.items():
        monkeypatch.setenv(name, value)
    config, log = tmp_path / "run.toml", io.StringIO()
    config.write_text(vendor.run_file)
    handler, root = logging.StreamHandler(log), logging.getLogger()
    root.addHandler(handler)
    level, seen = root.level, []
    root.setLevel(logging.INFO)
    try:
        with Hub.open(config) as hub:
            draw = hub.run()
            seen += [repr(hub), repr(draw), repr(draw.receipt), repr(hub.jobs()), repr(vars(hub))]
            vendor.refuse()
            with pytest.raises(QRNGError) as caught:
                hub.run()
            seen += traceback.format_exception(caught.value)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert SECRET not in "\n".join([*seen, log.getvalue()])
