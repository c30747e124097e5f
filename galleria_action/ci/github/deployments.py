"""A deployment on GitHub: it says on the repository's page what is online where, and since which commit."""

from __future__ import annotations

from itertools import islice
from typing import Any

from galleria_action.ci.github.api import GitHubApi
from galleria_action.ci.github.event import Event
from galleria_action.ci.interface import Wishes

#: more deployments of one preview are not ended: GitHub has done it itself when the next one succeeded
_MOST = 30


class GitHubDeployment:
    """One deployment, from ``in_progress`` to ``success`` or ``failure``. Every method raises ``ApiError``."""

    def __init__(self, api: GitHubApi, event: Event, wishes: Wishes) -> None:
        self._api = api
        self._event = event
        self._url = wishes.preview_url if wishes.preview else wishes.environment_url or wishes.public_url or ""
        self._environment = _environment(event, wishes)
        self._is_for_a_time = bool(wishes.preview) or event.pull_request is not None
        self._id: int | None = None

    def begin(self) -> None:
        """Announce it. Checks of other workflows are not waited for: this run is happening already."""
        document: dict[str, Any] = {
            "ref": self._event.commit,
            "environment": self._environment,
            "description": "Photo gallery",
            "auto_merge": False,
            "required_contexts": [],
            "transient_environment": self._is_for_a_time,
            "production_environment": not self._is_for_a_time,
        }
        self._id = self._api.create_deployment(document)
        self._state("in_progress")

    def end(self, success: bool) -> None:
        """Say how it ended, if it began."""
        if self._id is not None:
            self._state("success" if success else "failure")

    def _state(self, state: str) -> None:
        assert self._id is not None
        status = {"state": state, "environment_url": self._url, "log_url": self._event.run_url}
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
