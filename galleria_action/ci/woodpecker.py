"""Woodpecker and Drone, which run the container as a plugin: settings arrive as ``PLUGIN_*``, and that is all.

Both start a plugin in the workspace, show its log, and hide secrets by themselves. They have no outputs and no
summaries; a later step reads ``galleria-result.json``.

Facts: Woodpecker's "Environment variables" and "Creating plugins" (hyphens in a setting's name become underscores),
Drone's "DRONE_BUILD_EVENT" and docker runner (hyphens stay).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from galleria_action.ci.occasion import Cause, Occasion, Whose
from galleria_action.ci.plain import Plain
from galleria_action.report.escape import visible

#: what Woodpecker and Drone call what started a pipeline. A promotion may be that of a pull request.
CAUSES: Mapping[str, Cause] = {
    "push": Cause.PUSH,
    "tag": Cause.TAG,
    "release": Cause.RELEASE,
    "cron": Cause.SCHEDULE,
    "manual": Cause.DISPATCH,
    "custom": Cause.DISPATCH,
    "pull_request": Cause.PULL_REQUEST,
    "pull_request_closed": Cause.PULL_REQUEST,
    "pull_request_metadata": Cause.PULL_REQUEST,
}


#: where Woodpecker and Drone name it; one that does not agree with another has been set by somebody else
_EVENTS = ("CI_PIPELINE_EVENT", "CI_BUILD_EVENT", "DRONE_BUILD_EVENT")
_REFS = ("CI_COMMIT_REF", "DRONE_COMMIT_REF")
#: where forges keep what pull requests bring
_OF_PULL_REQUESTS = ("refs/pull/", "refs/pull-requests/", "refs/merge-requests/")


class Woodpecker(Plain):
    """A terminal that nobody watches."""

    name = "Woodpecker"

    def __init__(self, environ: Mapping[str, str], stream: TextIO, workspace: Path) -> None:
        super().__init__(stream, workspace, interactive=False, occasion=_occasion(environ))


def runs_here(environ: Mapping[str, str]) -> bool:
    """Whether Woodpecker or Drone is at work."""
    return is_plugin(environ) or environ.get("CI") in ("woodpecker", "drone") or environ.get("DRONE") == "true"


def _occasion(environ: Mapping[str, str]) -> Occasion:
    """Neither tells whether a pull request is a fork's."""
    events = [event for name in _EVENTS if (event := environ.get(name))]
    event = events[0] if events else ""
    cause = CAUSES.get(event, Cause.OTHER) if len(set(events)) == 1 else Cause.OTHER
    named = environ.get("CI_COMMIT_PULL_REQUEST") or environ.get("DRONE_PULL_REQUEST")
    on_its_ref = any(environ.get(name, "").startswith(_OF_PULL_REQUESTS) for name in _REFS)
    if cause is Cause.PULL_REQUEST or named or on_its_ref:
        return Occasion(Cause.PULL_REQUEST, Whose.UNKNOWN, "a pull request")
    return Occasion(cause, Whose.OURS, f"the event {visible(event[:40])}" if event else "an event that is not told")


def is_plugin(environ: Mapping[str, str]) -> bool:
    """Whether this is the step of a plugin: only CIs that know plugins pass settings to one."""
    return any(name.startswith("PLUGIN_") for name in environ)
