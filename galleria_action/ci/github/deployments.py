"""A deployment on GitHub: it says on the repository's page what is online where, and since which commit.

Source: docs.github.com/rest/deployments: a description has at most 140 characters, and a success makes no other
production deployment inactive by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from galleria_action.ci.github.api import GitHubApi
from galleria_action.ci.github.event import Event
from galleria_action.ci.interface import Wishes
from galleria_action.report.result import Result

_LONGEST = 140

#: more deployments of one preview are not ended: GitHub has done it itself when the next one succeeded
_MOST = 30


class GitHubDeployment:
    """One deployment, from ``in_progress`` to ``success`` or ``failure``. Every method raises ``ApiError``."""

    def __init__(self, api: GitHubApi, event: Event, wishes: Wishes, redact: Callable[[str], str]) -> None:
        self._api = api
        self._redact = redact
        self._event = event
        self._url = wishes.preview_url if wishes.preview else wishes.environment_url or wishes.public_url or ""
        self._environment = _environment(event, wishes)
        self._is_for_a_time = bool(wishes.preview) or event.pull_request is not None
        self._id: int | None = None

    def begin(self) -> None:
        """Announce it."""
        self._create(self._event.commit)
        self._state("in_progress")

    def end(self, result: Result) -> None:
        """Say how it ended, if it began. Where an earlier release was brought back, that is what is online: its commit
        gets a deployment of its own, and this one is a thing of the past."""
        if self._id is None:
            return
        if not result.success:
            self._state("failure", f"{result.outputs['failure-reason']}: {result.message}")
        if result.live_commit is None:
            if result.success:
                self._state("success")
            return
        self._state("inactive", "An earlier release was brought back")
        if result.live_commit:
            self._create(result.live_commit)
            self._state("success", "Brought back by a rollback")

    def _create(self, ref: str) -> None:
        """Checks of other workflows are not waited for: this run is happening already."""
        document: dict[str, Any] = {
            "ref": ref,
            "environment": self._environment,
            "description": "Photo gallery",
            "auto_merge": False,
            "required_contexts": [],
            "transient_environment": self._is_for_a_time,
            "production_environment": not self._is_for_a_time,
        }
        self._id = self._api.create_deployment(document)

    def _state(self, state: str, description: str = "") -> None:
        assert self._id is not None
        status = {"state": state, "environment_url": self._url, "log_url": self._event.run_url}
        status |= {"description": self._redact(description)[:_LONGEST]} if description else {}
        self._api.set_deployment_status(self._id, status)


def end_preview(api: GitHubApi, preview: str) -> None:
    """Say of all deployments of the ``preview`` that it is gone: GitHub then shows no link to it any more (REST,
    deployment statuses: ``inactive``). Raises ``ApiError``."""
    for number in list(islice(api.deployments(environment_of(preview)), _MOST)):
        api.set_deployment_status(number, {"state": "inactive"})


def environment_of(preview: str) -> str:
    """The environment of a preview."""
    return f"preview/{preview}"


def _environment(event: Event, wishes: Wishes) -> str:
    if wishes.preview:
        return environment_of(wishes.preview)
    parts = [wishes.environment or "gallery", wishes.label, f"pr-{event.pull_request}" if event.pull_request else ""]
    return "/".join(filter(None, parts))[:255]
