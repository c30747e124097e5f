"""Servers that are Python packages, each in a virtual environment of its own: their pins fit nothing else.

The environments stay in the user's cache, so that a second run of the tests installs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.servers import Unavailable

_INSTALL_SECONDS = 600


def installed(name: str, *requirements: str) -> Path:
    """The ``bin`` folder of an environment with ``requirements``. Raises ``Unavailable`` when pip cannot make it."""
    pins = hashlib.sha256(repr((requirements, sys.version_info[:2])).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "galleria-action-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-{pins}"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be at it
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run(sys.executable, "-m", "venv", str(folder))
            _run(str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *requirements)
            (folder / "complete").touch()
    return folder / "bin"


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise Unavailable(f"{' '.join(command[-3:])} failed: {said[-1] if said else error}") from None
