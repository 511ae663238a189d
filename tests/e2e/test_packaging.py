"""What ships: the wheel built through the source distribution."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_the_adapters_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"qrng_hub", "qrng_hub_local", "qrng_hub_cirq", "qrng_hub_ibm", "qrng_hub_braket", "qrng_hub_replay"}
    assert {f"{top}/py.typed" for top in tops} <= set(names)
    assert "qrng_hub/configs/quickstart.toml" in names
    assert "qrng_hub/database/migrations/versions/v0001_ledger.py" in names


def test_the_installed_wheel_draws_and_copies_examples(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    code = "import sys, qrng_hub; from qrng_hub.cli import main; assert 'site' in qrng_hub.__file__; main()"
    for arguments in (["config", "init", "embedded"], ["run", "embedded.toml"]):
        # -P and PYTHONPATH: the installed wheel, not the checkout
        subprocess.run(
            [sys.executable, "-P", "-c", code, *arguments],
            check=True,
            capture_output=True,
            cwd=tmp_path,
            env={"PYTHONPATH": str(target), "QRNG_STATE_DIR": str(tmp_path / "state")},
        )
    assert (tmp_path / "embedded.toml").exists()
