import subprocess
import sys
from pathlib import Path

import pytest

from qrng_hub.adapter import NoSettings
from qrng_hub.clock import SystemClock
from qrng_hub.errors import AdapterConflictError, UnknownNameError
from qrng_hub.registry import Registry, _installed
from qrng_hub_local import LocalAdapter


def test_finds_the_five_adapters() -> None:
    assert set(Registry({}, SystemClock()).names()) >= {"local", "cirq", "ibm", "braket", "replay"}


def test_makes_an_adapter_once() -> None:
    registry = Registry({}, SystemClock())
    assert registry.adapter("local") is registry.adapter("local")


def test_a_ready_made_adapter_goes_first() -> None:
    mine = LocalAdapter(NoSettings(), SystemClock())
    adapter, name = Registry({}, SystemClock(), [mine]).resolve("local:stim")
    assert (adapter.inner, name) == (mine, "stim")


@pytest.mark.parametrize("address", ["", "stim", "local:", ":stim"])
def test_an_address_is_adapter_colon_name(address: str) -> None:
    with pytest.raises(UnknownNameError):
        Registry({}, SystemClock()).resolve(address)


def test_two_claimants_to_one_name_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path, "qrng-hub-rival", "local = rival:Adapter")
    monkeypatch.syspath_prepend(str(tmp_path))
    _installed.cache_clear()
    try:
        with pytest.raises(AdapterConflictError, match=r"(?=.*qrng-hub-rival)(?=.*qrng_hub_local)"):
            Registry({}, SystemClock()).names()
    finally:
        _installed.cache_clear()


def test_a_third_party_s_adapter_is_found_and_used(tmp_path: Path) -> None:
    _install(tmp_path, "qrng-hub-mine", "mine = qrng_hub_mine:MyAdapter")
    (tmp_path / "qrng_hub_mine.py").write_text(
        "from qrng_hub_local import LocalAdapter\nclass MyAdapter(LocalAdapter):\n    name = 'mine'\n"
    )
    code = "from qrng_hub import Hub; print(Hub.open().draw(8, backend='mine:stim').receipt.sources[0].address)"
    environment = {"PYTHONPATH": str(tmp_path), "QRNG_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "stim" in done.stdout


def _install(folder: Path, distribution: str, entry_point: str) -> None:
    """Writes what pip would leave of a wheel with one entry point."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[qrng_hub.adapters]\n{entry_point}\n")
