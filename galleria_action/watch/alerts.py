"""What is worth an alert, and what it says. Pure: what was told before comes in, what to remember goes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from galleria_action.values import dataclass, replace

if TYPE_CHECKING:
    from galleria_action.deployment.releases.record import Who

#: how long a failure of the same kind is the one that was told already
_STILL = timedelta(days=1)
_LONGEST_TEXT = 1_000


class NotifyOn(StrEnum):
    """What is worth telling; each includes those before it. That something works again is told always."""

    FAILURE = "failure"
    CHANGE = "change"
    ALWAYS = "always"


class Kind(StrEnum):
    """What an alert is about."""

    FAILED = "failed"
    STILL_FAILING = "still-failing"
    RECOVERED = "recovered"
    CHANGED = "changed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: the command, where, who ran it, the failure's reason (empty: none), message and remedy.

    ``release`` is live since this run, ``previous`` the one that a step back leads to; ``url`` is where visitors see
    the gallery.
    """

    command: str
    target: str
    who: Who
    at: datetime
    reason: str
    message: str
    remedy: str
    changed: bool
    release: str
    previous: str
    url: str


@dataclass(frozen=True, slots=True)
class Failing:
    """What is remembered of a command that fails: the reason, when it began, and when it was told last."""

    reason: str
    since: datetime
    told: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: a headline of a few words, and lines of text in which anybody's words may be."""

    kind: Kind
    end: RunEnd
    since: datetime

    @property
    def headline(self) -> str:
        """What happened, and where."""
        word = {
            Kind.FAILED: "failed",
            Kind.STILL_FAILING: "still fails",
            Kind.RECOVERED: "works again",
            Kind.CHANGED: "done: the gallery has changed",
            Kind.DONE: "done",
        }[self.kind]
        reason = f" ({self.end.reason})" if self.end.reason else ""
        return f"Galleria: {self.end.command} {word}{reason}, {harmless(self.end.target)}"

    @property
    def text(self) -> str:
        """All there is to say, a fact a line."""
        return "\n".join(harmless(line) for line in self._lines())

    def _lines(self) -> Iterator[str]:
        end = self.end
        yield end.message
        if end.reason and end.remedy:
            yield f"What to do: {end.remedy}"
        if self.kind in (Kind.STILL_FAILING, Kind.RECOVERED):
            yield f"It has failed since {self.since:%Y-%m-%d %H:%M} UTC."
        if made := " ".join(filter(None, [end.who.commit[:12], end.who.ref and f"on {end.who.ref}"])):
            yield f"Commit: {made}" + (f", by {end.who.actor}" if end.who.actor else "")
        if end.release:
            yield f"Live: release {end.release}"
        if end.release and end.previous:
            what = "To go back further" if end.command == "rollback" else "To take it back"
            yield f"{what}: galleria-action rollback --to {end.previous}"
        if end.url:
            yield f"Gallery: {end.url}"
        if end.who.run:
            yield f"Run: {end.who.run}"


def alert_of(end: RunEnd, failing: Failing | None, on: NotifyOn) -> Alert | None:
    """The alert that ``end`` is worth, after what is remembered of the same command; ``None`` for none."""
    kind = _kind(end, failing, on)
    return Alert(kind, end, failing.since if failing else end.at) if kind else None


def remembered(end: RunEnd, failing: Failing | None) -> Failing | None:
    """What to remember of the command from now on; ``None`` where it works."""
    if not end.reason:
        return None
    if failing and failing.reason == end.reason:
        return replace(failing, told=end.at)
    return Failing(end.reason, end.at, end.at)


def _kind(end: RunEnd, failing: Failing | None, on: NotifyOn) -> Kind | None:
    if end.reason:
        again = failing is not None and failing.reason == end.reason and end.at - failing.told < _STILL
        return Kind.STILL_FAILING if again else Kind.FAILED
    if failing:
        return Kind.RECOVERED
    if end.changed and on is not NotifyOn.FAILURE:
        return Kind.CHANGED
    return Kind.DONE if on is NotifyOn.ALWAYS else None


def harmless(line: str) -> str:
    """A line that calls nobody and marks nothing up: chats read ``@everyone`` and ``<!channel>``, and control
    characters end lines."""
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", line)
    return re.sub(r"[@<]", "\\g<0>\u200b", plain)[:_LONGEST_TEXT]
