"""What started this run on GitHub: from the runner's variables and from the event file, as far as it is there.

On self-hosted runners in containers the file may be missing; then the ref still names the pull request. Facts:
GitHub's "Events that trigger workflows" and "Webhook events and payloads".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from galleria_action.ci.occasion import Cause, Occasion, Whose
from galleria_action.fence import files
from galleria_action.values import dataclass

#: GitHub caps payloads at 25 MB ("Webhook events and payloads")
_MOST_BYTES = 25_000_000
_DEPENDABOT = "dependabot[bot]"
#: branches that GitHub pushes to try what waits in a merge queue: pull requests that are not merged yet
_QUEUE = "gh-readonly-queue/"
_ON_PULL_REQUESTS = ("pull_request", "pull_request_target")

#: the runner's words for what may start a run. Those on behalf of others (``pull_request_target``, ``issue_comment``,
#: reviews, ``merge_group``) are left out on purpose; they come with the repository's secrets.
CAUSES: Mapping[str, Cause] = {
    "push": Cause.PUSH,
    "release": Cause.RELEASE,
    "schedule": Cause.SCHEDULE,
    "workflow_dispatch": Cause.DISPATCH,
    "repository_dispatch": Cause.DISPATCH,
    "pull_request": Cause.PULL_REQUEST,
}


@dataclass(frozen=True, slots=True)
class Event:
    """One run's cause. ``pull_request`` is its number, ``commit`` the head of it (never the merge that GitHub checks
    out for a test), else the commit of the run. ``run`` is the run's id and attempt, which only ever grow.

    ``fork`` is set too when the fork is gone, or when nothing says where the pull request comes from. ``started_by``
    is the event of the run that a ``workflow_run`` follows. ``closed`` says that the pull request has been closed,
    merged or not. ``by_dependabot`` says that GitHub treats the run like a fork's.
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
    ref: str = ""
    closed: bool = False

    @property
    def occasion(self) -> Occasion:
        """What the rest of the program has to know."""
        if self.name == "workflow_run":
            return self._after_another_run()
        cause = CAUSES.get(self.name, Cause.OTHER)
        if cause is Cause.PULL_REQUEST:
            return Occasion(cause, *self._pull_request_of(), self.pull_request, self.closed)
        if self.name == "pull_request_target":
            told = "pull_request_target, which has the repository's secrets on behalf of anybody's pull request"
            return Occasion(cause, self._whose(), told)
        if self.ref.startswith("refs/pull/"):
            return Occasion(Cause.OTHER, self._whose(), f"{self.name} on the ref of a pull request")
        if self.ref.startswith(f"refs/heads/{_QUEUE}"):
            return Occasion(Cause.OTHER, self._whose(), f"{self.name} on a branch of the merge queue")
        if cause is Cause.PUSH and self.ref.startswith("refs/tags/"):
            cause = Cause.TAG
        return Occasion(cause, self._whose(), self.name or "an event that the runner does not name")

    def _after_another_run(self) -> Occasion:
        """What started the run that this one follows counts, where it is known and started from this repository."""
        cause, whose = CAUSES.get(self.started_by, Cause.OTHER), self._whose()
        told = f"workflow_run after {self.started_by or 'a run of which nothing is known'}"
        if cause is Cause.PULL_REQUEST or whose is not Whose.OURS:
            cause = Cause.OTHER
            told += ", which has the repository's secrets on behalf of anybody's pull request"
        return Occasion(cause, whose, told)

    def _pull_request_of(self) -> tuple[Whose, str]:
        if self.fork:
            return Whose.FORK, "the pull request of a fork"
        return (Whose.BOT, "a pull request of Dependabot") if self.by_dependabot else (Whose.OURS, "a pull request")

    def _whose(self) -> Whose:
        if self.fork:
            return Whose.FORK
        if self.name == "workflow_run" and not self.started_by:
            return Whose.UNKNOWN
        return Whose.BOT if self.by_dependabot else Whose.OURS


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
        by_dependabot=_by_dependabot(name, payload, environ),
        started_by=str(cause.get("started_by") or ""),
        ref=environ.get("GITHUB_REF", ""),
        closed=name == "pull_request" and at(payload, "action") == "closed",
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
    queued = str(at(payload, "workflow_run", "head_branch")).startswith(_QUEUE)
    return {
        "number": at(pulls[0], "number") if isinstance(pulls, list) and len(pulls) == 1 else None,
        "commit": at(payload, "workflow_run", "head_sha"),
        "from": at(payload, "workflow_run", "head_repository", "full_name"),
        "started_by": "merge_group" if queued else at(payload, "workflow_run", "event"),
    }


def _by_dependabot(name: str, payload: Any, environ: Mapping[str, str]) -> bool:
    """Whether Dependabot's own code is at work: its pull requests and its branches, until somebody has merged them.

    A schedule, too, has an actor (whoever last changed the workflow), who says nothing about the code.
    """
    if name == "workflow_run":
        return bool(at(payload, "workflow_run", "actor", "login") == _DEPENDABOT)
    if environ.get("GITHUB_ACTOR") != _DEPENDABOT or name not in ("push", *_ON_PULL_REQUESTS):
        return False
    merged = f"refs/heads/{at(payload, 'repository', 'default_branch')}"
    return not (name == "push" and environ.get("GITHUB_REF") == merged)


def _payload(path: str | None) -> Any:
    try:
        return json.loads(files.read(path, _MOST_BYTES)) if path else None
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
