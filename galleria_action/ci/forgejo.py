"""Forgejo and Gitea Actions. They speak the protocol of GitHub's runner; their API differs in what stands here.

Facts: Forgejo's and Gitea's runners set ``FORGEJO_ACTIONS`` and ``GITEA_ACTIONS``, and ``GITHUB_API_URL`` to their own
server; "Get the merged pull request of the commit" of their API; a job's token writes as ``forgejo-actions`` or
``gitea-actions`` and may not ask who it is. There are no deployments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from galleria_action import __version__
from galleria_action.ci.github.actions import GitHubActions
from galleria_action.ci.github.api import GitHubApi, PullRequest
from galleria_action.ci.github.event import at
from galleria_action.ci.interface import Reviews, Wishes
from galleria_action.net.rest import ApiError, Rest


class ForgejoActions(GitHubActions):
    """See ``GitHubActions``."""

    name = "Forgejo Actions"

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """See ``CI.reviews``."""
        from galleria_action.ci.github.reviews import GitHubReviews

        api = _open_api(self._environ, wishes.token) if wishes.token else None
        return GitHubReviews(self._event(), wishes, api, warn=warn, line=self.line, redact=self.hide)


class ForgejoApi(GitHubApi):
    """See ``GitHubApi``; ``server`` is ``Forgejo`` or ``Gitea``."""

    def __init__(self, rest: Rest, repository: str, server: str) -> None:
        super().__init__(rest, repository)
        self.server = server
        self._actor = f"{server.lower()}-actions"

    def my_name(self) -> str:
        """See ``GitHubApi.my_name``."""
        try:
            return str(at(self._rest.call("GET", "user"), "login") or self._actor)
        except ApiError as error:
            if error.refused:
                return self._actor
            raise

    def merged_pull_request(self, commit: str) -> PullRequest | None:
        """See ``GitHubApi.merged_pull_request``."""
        try:
            pull = self._rest.call("GET", f"{self._home}/commits/{commit}/pull")
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return self._pull(pull) if at(pull, "merged") is True else None

    def deployments(self, environment: str) -> Iterator[int]:
        """See ``create_deployment``."""
        return iter(())

    def create_deployment(self, document: Mapping[str, Any]) -> int:
        """There are none here, so there is nothing to announce."""
        return 0

    def set_deployment_status(self, deployment: int, document: Mapping[str, Any]) -> None:
        """See ``create_deployment``."""


def runs_here(environ: Mapping[str, str]) -> bool:
    """Whether the runner is Forgejo's or Gitea's."""
    return "true" in (environ.get("FORGEJO_ACTIONS"), environ.get("GITEA_ACTIONS"))


def _open_api(environ: Mapping[str, str], token: str) -> ForgejoApi | None:
    """The API of the server that runs this job; ``None`` where it is not told. Nothing is sent yet."""
    base, repository = environ.get("GITHUB_API_URL", "").rstrip("/"), environ.get("GITHUB_REPOSITORY", "")
    if not re.match(r"https?://", base) or not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        return None
    headers = {"Authorization": f"token {token}", "User-Agent": f"galleria-action/{__version__}"}
    server = "Forgejo" if environ.get("FORGEJO_ACTIONS") == "true" else "Gitea"
    return ForgejoApi(Rest(base, headers, environ), repository, server)
