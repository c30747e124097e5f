"""Woodpecker and Drone, which run the container as a plugin: settings arrive as ``PLUGIN_*``, and that is all.

Both start a plugin in the workspace, show its log, and hide secrets by themselves. They have no outputs and no
summaries; a later step reads ``galleria-result.json``.

Facts: Woodpecker's "Creating plugins" (hyphens in a setting's name become underscores), Drone's docker runner (they
stay).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from galleria_action.ci.plain import Plain


class Woodpecker(Plain):
    """A terminal that nobody watches."""

    name = "Woodpecker"

    def __init__(self, stream: TextIO, workspace: Path) -> None:
        super().__init__(stream, workspace, interactive=False)


def is_plugin(environ: Mapping[str, str]) -> bool:
    """Whether this is the step of a plugin: only CIs that know plugins pass settings to one."""
    return any(name.startswith("PLUGIN_") for name in environ)
