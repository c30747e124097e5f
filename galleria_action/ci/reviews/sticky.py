"""One comment per gallery that is kept up to date: found by its marker, never doubled, never set back.

Nothing here knows a CI; each brings its ``Comments``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from galleria_action.ci.reviews.marker import Marker, read_marker
from galleria_action.net.rest import ApiError
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of anybody. Ids grow with time."""

    id: int
    author: str
    body: str
    url: str


class Comments(Protocol):
    """The comments on one pull or merge request. Every method raises ``ApiError``."""

    def all(self) -> Iterator[Comment]:
        """All of them, over all pages."""

    def my_name(self) -> str:
        """The author's name of what this token writes."""

    def create(self, body: str) -> Comment:
        """A new one."""

    def update(self, comment: int, body: str) -> None:
        """Give another body to one."""

    def remove(self, comment: int) -> None:
        """Take one away."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Our comment and what its marker says."""

    comment: Comment
    marker: Marker


class Superseded(Exception):
    """A newer run has written the comment; ours would set it back."""


class Sticky:
    """The comment with ``identity`` among ``comments``, as ``run`` (id and attempt) may write it."""

    def __init__(self, comments: Comments, identity: str, run: tuple[int, int]) -> None:
        self._comments = comments
        self._identity = identity
        self._run = run

    def find(self) -> Posted | None:
        """The comment as it is now: the first with our marker, written by ourselves. Raises ``ApiError``."""
        for comment in sorted(self._comments.all(), key=lambda comment: comment.id):
            marker = read_marker(comment.body)
            if marker and marker.identity == self._identity and comment.author == self._comments.my_name():
                return Posted(comment, marker)
        return None

    def publish(self, write: Callable[[Posted | None], str | None]) -> None:
        """Create or update the comment with what ``write`` makes of the present one; ``None`` leaves all as it is.

        It is read immediately before. Raises ``ApiError``, and ``Superseded`` when a newer run was faster.
        """
        found = self.find()
        if found:
            self._update(found, write)
        elif (body := write(None)) is not None:
            self._create(body, write)

    def _update(self, found: Posted, write: Callable[[Posted | None], str | None]) -> None:
        if found.marker.run > self._run:
            raise Superseded
        body = write(found)
        if body is not None and body != found.comment.body:
            self._comments.update(found.comment.id, body)

    def _create(self, body: str, write: Callable[[Posted | None], str | None]) -> None:
        """A run beside ours may do the same at the same moment: the later of two comments gives way."""
        try:
            ours = self._comments.create(body)
        except ApiError as error:
            if error.unsettled and (found := self.find()):
                self._update(found, write)
                return
            raise
        first = self.find()
        if first and first.comment.id < ours.id:
            self._comments.remove(ours.id)
            self._update(first, write)
