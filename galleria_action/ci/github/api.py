"""The few calls of GitHub's REST API that reviews need. GitHub Enterprise Server is reached at its own address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from galleria_action import __version__
from galleria_action.ci.github.event import at
from galleria_action.net.rest import ApiError, Rest
from galleria_action.values import dataclass

_ACTIONS_OWN = "github-actions[bot]"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request by number; ``fork`` when its head is in another repository, or in none any more. ``head`` is the
    last commit of its branch, empty when that is not known."""

    number: int
    fork: bool
    head: str


class GitHubApi:
    """The API for one repository (``owner/name``). ``server`` is who answers, as messages call it."""

    server = "GitHub"

    def __init__(self, rest: Rest, repository: str) -> None:
        self._rest = rest
        self._repository = repository
        self._home = f"repos/{repository}"
        self._login: str | None = None

    def allow(self, seconds: float) -> None:
        """See ``Rest.allow``."""
        self._rest.allow(seconds)

    def my_name(self) -> str:
        """The login that writes with this token, asked for once. A job's own token may not ask in every way."""
        if self._login is None:
            self._login = self._viewer() or self._user() or _ACTIONS_OWN
        return self._login

    def _viewer(self) -> str | None:
        # api.github.com/graphql, but HOST/api/graphql beside HOST/api/v3
        try:
            answer = self._rest.call("POST", "../graphql", {"query": "query { viewer { login } }"})
        except ApiError as error:
            if error.refused:
                return None
            raise
        login = at(answer, "data", "viewer", "login")
        return login if isinstance(login, str) else None

    def _user(self) -> str | None:
        try:
            login = at(self._rest.call("GET", "user"), "login")
        except ApiError as error:
            if error.refused:
                return None
            raise
        return login if isinstance(login, str) else None

    def merged_pull_request(self, commit: str) -> PullRequest | None:
        """The pull request that was merged into this repository as ``commit``.

        GitHub also names those that merely contain it: their reviewers have seen another end of the branch.
        """
        for pull in self._rest.pages(f"{self._home}/commits/{commit}/pulls"):
            here = str(at(pull, "base", "repo", "full_name")).lower() == self._repository.lower()
            if here and at(pull, "merged_at") and commit in (at(pull, "merge_commit_sha"), at(pull, "head", "sha")):
                return self._pull(pull)
        return None

    def _pull(self, pull: Any) -> PullRequest:
        number, head = at(pull, "number"), str(at(pull, "head", "repo", "full_name"))
        if not isinstance(number, int):
            raise ApiError("the answer is not a pull request")
        return PullRequest(number, head.lower() != self._repository.lower(), str(at(pull, "head", "sha") or ""))

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether the commit ``older`` is an ancestor of ``newer``."""
        # The second page has neither commits nor files, of which the first may have hundreds.
        answer = self._rest.call("GET", f"{self._home}/compare/{older}...{newer}?per_page=1&page=2")
        status = at(answer, "status")
        if status not in ("ahead", "behind", "identical", "diverged"):
            raise ApiError("the answer compares nothing")
        return bool(status == "ahead")

    def comments(self, number: int) -> Iterator[Any]:
        """The comments on a pull request as the API gives them, oldest first, all pages."""
        return self._rest.pages(f"{self._home}/issues/{number}/comments")

    def create_comment(self, number: int, body: str) -> Any:
        """Write a comment; the answer is the comment."""
        return self._rest.call("POST", f"{self._home}/issues/{number}/comments", {"body": body})

    def update_comment(self, comment: int, body: str) -> None:
        """Give a comment another body."""
        self._rest.call("PATCH", f"{self._home}/issues/comments/{comment}", {"body": body})

    def delete_comment(self, comment: int) -> None:
        """Take a comment away."""
        self._rest.call("DELETE", f"{self._home}/issues/comments/{comment}")

    def is_open(self, number: int) -> bool:
        """Whether the pull request is neither merged nor closed."""
        state = at(self._rest.call("GET", f"{self._home}/pulls/{number}"), "state")
        if state not in ("open", "closed"):
            raise ApiError("the answer is not a pull request")
        return bool(state == "open")

    def deployments(self, environment: str) -> Iterator[int]:
        """The ids of the deployments to ``environment``, the newest first, all pages."""
        for answer in self._rest.pages(f"{self._home}/deployments?environment={quote(environment, safe='')}"):
            if isinstance(number := at(answer, "id"), int):
                yield number

    def create_deployment(self, document: Mapping[str, Any]) -> int:
        """Announce a deployment; its id."""
        answer = self._rest.call("POST", f"{self._home}/deployments", document)
        number = at(answer, "id")
        if not isinstance(number, int):
            raise ApiError("the answer names no deployment")
        return number

    def set_deployment_status(self, deployment: int, document: Mapping[str, Any]) -> None:
        """Say how a deployment stands."""
        self._rest.call("POST", f"{self._home}/deployments/{deployment}/statuses", document)


def open_api(environ: Mapping[str, str], token: str) -> GitHubApi | None:
    """The API of the GitHub that runs this job, ``None`` where it is not told. Nothing is sent yet."""
    base = (environ.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII) or not re.match(r"https?://", base):
        return None
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "User-Agent": f"galleria-action/{__version__}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return GitHubApi(Rest(base, headers, environ), repository)
