"""Does an answer come from a slot that visitors are not sent to yet? Pure.

A slot is asked for in a way that not everybody's edge knows. So before anything is judged it is found out who answers:
by one address at which the slot and the live gallery have different bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from hashlib import sha256
from itertools import chain

from galleria_action.edge.probe.expected import Expected
from galleria_action.edge.routers.kinds import Ahead
from galleria_action.net.http import Answer

#: by its own folder a slot is hidden where the edge serves galleries only as the router says, or the bucket is private
_HIDDEN = (401, 403, 404, 410)
_CLOCKS_DIFFER_SECONDS = 10


class Answers(Enum):
    """Who answers."""

    SLOT = auto()
    LIVE = auto()  #: visitors are not told apart, or nobody serves slots by themselves
    ODD = auto()  #: neither of them, which only a closer look can tell


def telling(expected: Iterable[Expected], live: Mapping[str, str]) -> Expected | None:
    """Which of ``expected`` tells the slot from the ``live`` gallery, whose SHA-256 by key are given: what both have
    with other bytes, else what is new. ``None`` where nothing does."""
    there = [it for it in expected if not it.gone]
    differing = (it for it in there if live.get(it.key, it.sha256) != it.sha256)
    new = (it for it in there if it.key not in live)
    return next(chain(differing, new), None)


def who_answers(how: Ahead, expected: Expected, live: str | None, answer: Answer | None) -> Answers:
    """Who has given ``answer`` (``None``: nobody) for ``expected``, of which the live gallery has the SHA-256 ``live``
    (``None``: it has no such key)."""
    if answer is None:
        return Answers.ODD
    found = sha256(answer.body).hexdigest() if answer.status == 200 else None
    if found == expected.sha256:
        return Answers.SLOT
    if found is not None and found == live:
        return Answers.LIVE
    if how is Ahead.PATH:  # what else would be there: a page for whatever is not found, or nothing
        return Answers.LIVE if answer.status in _HIDDEN or _is_page(answer, expected) else Answers.ODD
    return Answers.LIVE if live is None and answer.status in _HIDDEN else Answers.ODD


def _is_page(answer: Answer, expected: Expected) -> bool:
    told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return answer.status == 200 and told == "text/html" != expected.media_type


def page_cookies(letter: str, now: float) -> str:
    """The cookies by which the code in ``examples/edge`` keeps a visitor on the gallery of a page that came from the
    slot ``letter`` a few seconds before ``now`` (seconds since 1970): clocks differ."""
    return f"galleria-page={letter}.{int(now) - _CLOCKS_DIFFER_SECONDS}; gallery={letter}"
