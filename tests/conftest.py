"""Every test has a state folder of its own; none touches the user's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qrng_hub.clock import SystemClock
from qrng_hub.ledger import Ledger, open_ledger


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("QRNG_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", SystemClock())
    yield ledger
    ledger.close()
