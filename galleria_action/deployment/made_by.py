"""Which commit made a gallery what it is, and whether another one is older.

Written into the record with every deploy, so that an older run that is started again does not silently put the older
gallery back. The record may be written by others, so what is no commit is none. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from galleria_action.expressions import expression
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class MadeBy:
    """A commit (hex) of ``repository`` (as its CI names it, empty: unknown), the number of the ``run`` that deployed
    it, which only ever grows (0: unknown), and ``time`` (ISO 8601, UTC) when that began. ``asked_for`` is the commit
    that the run was started for, where the checkout may be of another one; it is not written down."""

    commit: str
    repository: str = ""
    run: int = 0
    time: str = ""
    asked_for: str = ""

    @property
    def commits(self) -> tuple[str, ...]:
        """None of them may be older than what is live."""
        return tuple(dict.fromkeys(filter(None, (self.commit, self.asked_for))))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {name: getattr(self, name) for name in _WRITTEN}

    def __str__(self) -> str:
        run = f" (run {self.run}, {self.time})" if self.run else f" ({self.time})" if self.time else ""
        return f"{self.commit[:12]}{run}"


_WRITTEN = ("commit", "repository", "run", "time")
_COMMIT = expression(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TEXT = expression(r"[\w./:+-]{0,300}", re.ASCII)


def made_by_of(value: Any) -> MadeBy | None:
    """What ``to_dict`` made; ``None`` for anything else."""
    if not isinstance(value, Mapping):
        return None
    commit, repository, run, time = map(value.get, _WRITTEN)
    if not (isinstance(commit, str) and _COMMIT.fullmatch(commit)) or type(run) is not int:
        return None
    if not all(isinstance(text, str) and _TEXT.fullmatch(text) for text in (repository, time)):
        return None
    return MadeBy(commit, str(repository), run, str(time))


class Age(Enum):
    """A commit compared with the live one."""

    NEWER = auto()  #: or the same, or of another branch
    OLDER = auto()
    UNKNOWN = auto()


def age(mine: MadeBy, live: MadeBy, is_ancestor: Callable[[str, str], bool | None]) -> Age:
    """How old ``mine`` is; ``is_ancestor`` tells of two commits whether the first is an ancestor of the second
    (``None``: nobody knows).

    Where nobody knows, the order of the runs tells: one that was begun before the live one deploys an older commit.
    """
    answers = [is_ancestor(commit, live.commit) for commit in mine.commits if commit != live.commit]
    if True in answers:
        return Age.OLDER
    if None not in answers:
        return Age.NEWER
    comparable = mine.repository == live.repository != "" and mine.run and live.run
    if not comparable:
        return Age.UNKNOWN
    return Age.OLDER if mine.run < live.run else Age.NEWER
