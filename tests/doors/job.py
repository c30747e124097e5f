"""What the tests of the doors run: a workspace and its runner."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.builders import Gallery
from tests.doors.runner import Runner


@dataclass
class Job:
    """A workspace with a gallery and a site, and a runner for it."""

    workspace: Path
    gallery: Gallery
    site: Path
    runner: Runner
