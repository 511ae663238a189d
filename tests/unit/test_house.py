"""The rules of the house: floors, public names, sizes, imports."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import qrng_hub

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("qrng_hub/**/*.py"), *ROOT.glob("adapters/**/*.py")])


def test_imports_keep_to_the_floors() -> None:
    done = subprocess.run([Path(sys.executable).with_name("lint-imports"), "--no-cache"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


def test_nobody_inside_imports_from_the_top_level_package() -> None:
    public = {name for name in qrng_hub.__all__ if name != "__version__"}
    found = [(path, name) for path in SOURCES for name in _imported_from_the_top(path) if name in public]
    assert found == []


def _imported_from_the_top(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    imports = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "qrng_hub")
    return [alias.name for node in imports for alias in node.names]


def test_every_public_name_is_there_and_documented() -> None:
    assert set(qrng_hub.__all__) == set(dir(qrng_hub))
    for name in qrng_hub.__all__:
        assert name == "__version__" or getattr(qrng_hub, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Hubb'"):
        qrng_hub.Hubb  # noqa: B018 - asking for it is the test


def test_importing_the_package_loads_nothing_else() -> None:
    assert not {"numpy", "sqlalchemy", "pydantic", "stim"} & modules_after("import qrng_hub")


def test_the_embedded_default_loads_no_vendor() -> None:
    used = "import qrng_hub; hub = qrng_hub.Hub.open(); hub.random_bytes(32); hub.close()"
    assert not {"cirq", "qiskit", "qiskit_aer", "braket", "boto3", "rich", "click"} & modules_after(used)


def test_alembic_is_loaded_only_to_migrate() -> None:
    used = "import qrng_hub; qrng_hub.Hub.open().close()"
    assert "alembic" in modules_after(used)
    assert "alembic" not in modules_after(used)


def test_no_file_is_longer_than_400_lines() -> None:
    assert [path for path in SOURCES if len(path.read_text().splitlines()) > 400] == []


def modules_after(code: str) -> set[str]:
    """Runs code in a new process and returns the top-level modules it loaded."""
    probe = f"{code}\nimport json, sys; print(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", probe], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))
