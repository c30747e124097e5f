"""Runs the tests of a rule against a copy of the project in which the rule is switched off."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.reliability.mutations.edits import apply, read
from tests.reliability.mutations.table import MUTATIONS

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "galleria_action"
_COPIED = ("galleria_action", "tests", "schemas", "entrypoint.py", "pyproject.toml", "action.yml", "docs")

#: pytest's exit codes: tests failed, as opposed to tests that could not be collected or were not found
_NOTICED = 1


@cache
def _sources() -> dict[Path, str]:
    return read(PACKAGE)


def changed_by(name: str) -> dict[Path, str]:
    """The files of the package that a mutation changes, with their new texts. Raises ``Misapplied``."""
    return apply(MUTATIONS[name].edits, _sources())


def check(name: str) -> None:
    """Raise ``AssertionError`` when nobody notices, ``Misapplied`` when the mutation does not fit the code any more."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "copy")
        _copy(root)
        for path, text in changed_by(name).items():
            (root / path.relative_to(ROOT)).write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [*command, *MUTATIONS[name].tests],
            cwd=root,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    assert done.returncode == _NOTICED, f"{name}: pytest ended with {done.returncode}\n{done.stdout[-3000:]}"


def _copy(root: Path) -> None:
    root.mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
