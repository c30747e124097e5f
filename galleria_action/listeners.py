"""Who hears of what happens in a use case: the log, the progress bar, the record for the reports, files, reviewers."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from galleria_action.ci.interface import CI, Reviews
from galleria_action.deployment.events import (
    OF_EACH_FILE,
    Advanced,
    Began,
    Deploying,
    Ended,
    Entered,
    Event,
    Left,
    Listener,
    Planned,
    PreviewGone,
    Reported,
    Said,
    Stored,
    Warned,
)
from galleria_action.fence.place import Place, Unwritable
from galleria_action.report.documents import plan_json
from galleria_action.report.outcome import to_do
from galleria_action.report.progress import Ahead, Progress, Style, open_progress
from galleria_action.report.result import Tally
from galleria_action.report.text import render_plan
from galleria_action.report.wording import sentences
from galleria_action.values import dataclass, field

#: where the plan goes in CI when nothing else is said
PLAN_FILE = "galleria-plan.json"
RESULT_FILE = "galleria-result.json"


def all_of(*listeners: Listener) -> Listener:
    """One listener that passes everything on, in this order."""

    def hear(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return hear


def but_of_each_file(*listeners: Listener) -> Listener:
    """The same for those who want to hear nothing of what is told of every file."""
    pass_on = all_of(*listeners)

    def hear(event: Event) -> None:
        if not isinstance(event, OF_EACH_FILE):
            pass_on(event)

    return hear


@dataclass(slots=True)
class Log:
    """The log of a place, with a progress bar where a person watches a screen.

    The plan is told before it is carried out; ``record`` then knows that it was.
    """

    ci: CI
    style: Style
    record: Tally
    _group: ExitStack = field(default_factory=ExitStack)
    _progress: Progress | None = None

    def hear(self, event: Event) -> None:
        """See ``Listener``."""
        match event:
            case Stored() | Advanced():  # the most frequent ones first
                if self._progress and event.size is not None:
                    self._progress.advance(event.size)
            case Said(text):
                self.ci.line(text)
            case Warned(text):
                self.ci.warning(self.ci.hide(text))
            case Entered(title):
                self._group = ExitStack()
                self._group.enter_context(self.ci.group(title))
            case Left():
                self._group.close()
            case Planned(plan):
                self.ci.line(to_do(plan))
            case Deploying() if self.record.plan:
                for line in render_plan(self.record.plan):
                    self.ci.line(line.text, line.tone)
                self.record.plan_told = True
            case Began(done, files, size):
                work = Ahead(done, files, size)
                self._progress = open_progress(
                    self.style, work, line=self.ci.line, screen=self.ci.screen, clock=time.monotonic
                )
                self._progress.__enter__()
            case Ended() if self._progress:
                self._progress.__exit__(None, None, None)
                self._progress = None
            case _:
                pass


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where reports are written: in ``place``, and unasked where nobody watches."""

    place: Place

    def path(self, given: Path | None, default: str) -> Path | None:
        """Where a report goes; without a path from the options only in CI."""
        return given or (None if self.place.attended else Path(default))


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Writes ``plan.json`` as soon as there is a plan, where one is wanted.

    Where it cannot be written, ``warn`` is told: a gallery is not kept offline for a report on it. But a plan that
    somebody asked for as a file has failed without it.
    """

    files: ReportFiles
    given: Path | None
    record: Tally
    warn: Callable[[str], None]

    def hear(self, event: Event) -> None:
        """See ``Listener``. Raises ``ConfigInvalid`` for a path that is refused, and for a plan without its file."""
        if not isinstance(event, Planned) or not (path := self.files.path(self.given, PLAN_FILE)):
            return
        try:
            self.record.plan_file = self.files.place.write(path, plan_json(event.plan))
        except Unwritable as trouble:
            if self.given and self.record.dry_run:
                raise
            self.warn(sentences(trouble.message, "The run goes on without the plan's file"))


@dataclass(frozen=True, slots=True)
class Reports:
    """Writes the reports that a use case itself was asked for."""

    files: ReportFiles

    def hear(self, event: Event) -> None:
        """See ``Listener``. Raises ``ConfigInvalid`` when the file cannot be written."""
        if isinstance(event, Reported):
            self.files.place.write(event.path, event.body)


@dataclass(frozen=True, slots=True)
class Reviewers:
    """Comment and deployment, where the run began to write, and where a preview is gone."""

    reviews: Reviews

    def hear(self, event: Event) -> None:
        """See ``Listener``."""
        if isinstance(event, Deploying):
            self.reviews.deploying()
        elif isinstance(event, PreviewGone):
            self.reviews.preview_gone(event.name)
