"""A run that is about to hold much has the process keep nothing that is free; any other leaves it as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import make_gallery

ROOT = Path(__file__).parents[2]
_RUN = """
import ctypes, sys
from galleria_action import __main__ as front
from galleria_action.gallery.local import document

class Library:
    def mallopt(self, parameter, value):
        told.append((parameter, value))

told = []
document._LARGE = int(sys.argv.pop(1))
ctypes.CDLL = {"one": lambda _: Library(), "none": lambda _: object()}[sys.argv.pop(1)]
front._leave = lambda code: print(code, told)
front.main()
"""


@pytest.mark.parametrize(
    ("large", "library", "told"),
    [(0, "one", "[(-3, 1048576), (-8, 1)]"), (1 << 30, "one", "[]"), (0, "none", "[]")],
)
def test_a_large_gallery_is_announced(tmp_path: Path, large: int, library: str, told: str) -> None:
    gallery = make_gallery(tmp_path / "pics", photos=1)
    command = [sys.executable, "-c", _RUN, str(large), library, "validate", "--source", str(gallery.source)]
    nobodys = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}  # a CI would want the gallery in its workspace
    done = subprocess.run(command, env=nobodys, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"0 {told}", done.stdout + done.stderr
