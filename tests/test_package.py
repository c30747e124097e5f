"""What `pipx install galleria-action` gets: the wheel, as the release makes it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from galleria_action import __version__

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_it_has_every_module_the_schemas_and_the_mark_that_it_is_typed(wheel: zipfile.ZipFile):
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "galleria_action").rglob("*.py")}
    schemas = {f"galleria_action/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    assert names >= sources | schemas | {"galleria_action/py.typed"}
    assert {name for name in names if name.endswith(".py")} == sources
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


def test_it_runs_without_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path):
    wheel.extractall(tmp_path / "site")
    command = [sys.executable, "-m", "galleria_action", "--version"]
    done = subprocess.run(command, cwd=tmp_path / "site", check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == f"galleria-action {__version__}"
    (metadata,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "galleria-action = galleria_action.__main__:main" in wheel.read(metadata).decode()
