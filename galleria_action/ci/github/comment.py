"""The comments of one pull request on GitHub, as ``sticky`` wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from galleria_action.ci.github.api import GitHubApi
from galleria_action.ci.github.event import at
from galleria_action.ci.reviews.sticky import Comment
from galleria_action.net.rest import ApiError


class PullRequestComments:
    """See ``sticky.Comments``."""

    def __init__(self, api: GitHubApi, number: int) -> None:
        self._api = api
        self._number = number

    def all(self) -> Iterator[Comment]:
        """See ``Comments.all``."""
        return map(_comment, self._api.comments(self._number))

    def my_name(self) -> str:
        """See ``Comments.my_name``."""
        return self._api.my_name()

    def create(self, body: str) -> Comment:
        """See ``Comments.create``."""
        return _comment(self._api.create_comment(self._number, body))

    def update(self, comment: int, body: str) -> None:
        """See ``Comments.update``."""
        self._api.update_comment(comment, body)

    def remove(self, comment: int) -> None:
        """See ``Comments.remove``. One that is gone already is as good."""
        try:
            self._api.delete_comment(comment)
        except ApiError as error:
            if error.status != 404:
                raise


def _comment(answer: Any) -> Comment:
    number, body = at(answer, "id"), at(answer, "body") or ""
    if not isinstance(number, int) or not isinstance(body, str):
        raise ApiError("the answer is not a comment")
    # the author of a deleted account is null
    author = at(answer, "user", "login")
    return Comment(number, str(author), body.replace("\r\n", "\n"), str(at(answer, "html_url") or ""))
