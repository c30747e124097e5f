"""What started this run on GitHub: from the runner's variables and from the event file, as far as it is there.

On self-hosted runners in containers the file may be missing; then the ref still names the pull request. Facts:
GitHub's "Events that trigger workflows" and "Webhook events and payloads".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galleria_action.ci.interface import Occasion

_DEPENDABOT = "dependabot[bot]"
_ON_PULL_REQUESTS = ("pull_request", "pull_request_target")


@dataclass(frozen=True, slots=True)
class Event:
    """One run's cause. ``pull_request`` is its number, ``commit`` the head of it (never the merge that GitHub checks
    out for a test), else the commit of the run. ``run`` is the run's id and attempt, which only ever grow.

    ``fork`` is set too when the fork is gone, or when nothing says where the pull request comes from.
    """

    name: str
    repository: str
    commit: str
    run: tuple[int, int]
    run_url: str
    pull_request: int | None = None
    fork: bool = False
    by_dependabot: bool = False
    started_by: str = ""

    @property
    def occasion(self) -> Occasion:
        """What the rest of the program has to know."""
        return Occasion(self._without_secrets(), self._no_deploy())

    def _without_secrets(self) -> str:
        if self.name not in _ON_PULL_REQUESTS:
            return ""
        if self.fork:
            return "the pull request of a fork"
        return "a pull request of Dependabot" if self.by_dependabot else ""

    def _no_deploy(self) -> str:
        if self.name == "pull_request_target":
            return "pull_request_target runs with the repository's secrets on behalf of anybody's pull request"
        if self.name == "workflow_run" and self.fork and self.started_by in _ON_PULL_REQUESTS:
            return "this workflow_run follows the pull request of a fork and has the repository's secrets"
        return ""


def read_event(environ: Mapping[str, str]) -> Event:
    """The event that ``environ`` (``GITHUB_*``) tells of. A file that is missing or broken is done without."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    payload = _payload(environ.get("GITHUB_EVENT_PATH"))
    repository = environ.get("GITHUB_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    run = _number(environ.get("GITHUB_RUN_ID")), _number(environ.get("GITHUB_RUN_ATTEMPT")) or 1
    cause = _workflow_run(payload) if name == "workflow_run" else _pull_request(name, payload, environ)
    return Event(
        name=name,
        repository=repository,
        commit=_sha(cause.get("commit")) or environ.get("GITHUB_SHA", ""),
        run=run,
        run_url=f"{server}/{repository}/actions/runs/{run[0]}/attempts/{run[1]}",
        pull_request=_number(cause.get("number")) or None,
        fork=bool(cause) and str(cause["from"]).lower() != repository.lower(),
        by_dependabot=environ.get("GITHUB_ACTOR") == _DEPENDABOT,
        started_by=str(cause.get("started_by", "")),
    )


def _pull_request(name: str, payload: Any, environ: Mapping[str, str]) -> dict[str, Any]:
    """Number, head commit and origin of the pull request, nothing when the event has none."""
    if name not in _ON_PULL_REQUESTS:
        return {}
    named = re.fullmatch(r"refs/pull/([0-9]{1,10})/(?:merge|head)", environ.get("GITHUB_REF", ""))
    return {
        "number": at(payload, "pull_request", "number") or (named[1] if named else None),
        "commit": at(payload, "pull_request", "head", "sha"),
        "from": at(payload, "pull_request", "head", "repo", "full_name"),
    }


def _workflow_run(payload: Any) -> dict[str, Any]:
    """The run that this one follows. It names its pull request only when that is no fork's."""
    pulls = at(payload, "workflow_run", "pull_requests")
    return {
        "number": at(pulls[0], "number") if isinstance(pulls, list) and len(pulls) == 1 else None,
        "commit": at(payload, "workflow_run", "head_sha"),
        "from": at(payload, "workflow_run", "head_repository", "full_name"),
        "started_by": at(payload, "workflow_run", "event"),
    }


def _payload(path: str | None) -> Any:
    try:
        return json.loads(Path(path).read_bytes()) if path else None
    except (OSError, ValueError, RecursionError):
        return None


def at(document: Any, *names: str) -> Any:
    """The value under ``names``, one inside the other; ``None`` where any of them is missing or null."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _number(value: Any) -> int:
    return int(value) if re.fullmatch(r"[0-9]{1,18}", str(value)) else 0


def _sha(value: Any) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", value) else ""
