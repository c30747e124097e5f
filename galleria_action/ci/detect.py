"""Finds out where we run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from galleria_action.ci import woodpecker
from galleria_action.ci.interface import CI
from galleria_action.ci.plain import Plain, occasion_of


def detect(environ: Mapping[str, str], stream: TextIO, working_directory: Path) -> CI:
    """The CI that ``environ`` tells of, printing to ``stream``; a terminal when it tells of none.

    ``stream`` is standard output, or standard error when standard output belongs to ``--json``: the runner reads
    both. ``working_directory`` is the workspace wherever the CI names none that exists. What we do not run on is not
    imported.
    """
    if environ.get("GITHUB_ACTIONS") == "true":
        from galleria_action.ci import forgejo
        from galleria_action.ci.github.actions import GitHubActions

        actions = forgejo.ForgejoActions if forgejo.runs_here(environ) else GitHubActions
        return actions(environ, stream, working_directory)
    if environ.get("GITLAB_CI") == "true":
        from galleria_action.ci.gitlab import GitLab

        return GitLab(environ, stream, working_directory)
    if woodpecker.runs_here(environ):
        return woodpecker.Woodpecker(environ, stream, working_directory)
    can_redraw = stream.isatty() and environ.get("TERM") != "dumb" and not environ.get("CI")
    # no-color.org: whatever NO_COLOR says, as long as it says anything
    coloured = can_redraw and not environ.get("NO_COLOR")
    occasion = occasion_of(environ)
    return Plain(stream, working_directory, interactive=can_redraw, coloured=coloured, occasion=occasion)
