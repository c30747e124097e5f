"""Runs the tests of a rule against a copy of the project in which the rule is switched off."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

from tests.reliability.mutations.edits import apply, read
from tests.reliability.mutations.table import MUTATIONS

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "galleria_action"
_COPIED = ("galleria_action", "tests", "schemas", "entrypoint.py", "pyproject.toml", "action.yml", "docs")

#: pytest's exit codes: tests failed, as opposed to tests that could not be collected or were not found
_NOTICED = 1
_SECONDS = 600

_thread = threading.local()


@cache
def _sources() -> dict[Path, str]:
    return read(PACKAGE)


def changed_by(name: str) -> dict[Path, str]:
    """The files of the package that a mutation changes, with their new texts. Raises ``Misapplied``."""
    return apply(MUTATIONS[name].edits, _sources())


def check(name: str) -> None:
    """Raise ``AssertionError`` when nobody notices, ``Misapplied`` when the mutation does not fit the code any more.

    Threads may check several at once: each has a copy of its own."""
    root = _copy()
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider"]
    with _mutated(root, name):
        try:
            done = subprocess.run(
                [*command, *MUTATIONS[name].tests],
                cwd=root,
                env={key: it for key, it in os.environ.items() if not key.startswith(("PYTEST_", "PYTHONDONT"))},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{name}: the tests did not end; what hangs needs a bound of its own") from None
    assert done.returncode == _NOTICED, f"{name}: pytest ended with {done.returncode}\n{done.stdout[-3000:]}"


@contextmanager
def _mutated(root: Path, name: str) -> Iterator[None]:
    """The copy at ``root`` with a mutation in it. What Python has compiled of the rest stays."""
    changed = changed_by(name)
    try:
        for path, text in changed.items():
            _replace(root / path.relative_to(ROOT), text)
        yield
    finally:
        for path in changed:
            _replace(root / path.relative_to(ROOT), _sources()[path])


def _replace(path: Path, text: str) -> None:
    """Compiled code is told from outdated by size and second only, so it goes with its source."""
    path.write_text(text, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def _copy() -> Path:
    """The copy of this thread, made when it is first asked for and kept to the end of the process."""
    if not hasattr(_thread, "copy"):
        folder = tempfile.mkdtemp(prefix="mutations-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        root = _thread.copy = Path(folder, "copy")
        root.mkdir()
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, root / name)
    copy: Path = _thread.copy
    return copy
