"""GitHub Actions, and the runners that speak its protocol."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, TextIO

from galleria_action.ci.github.commands import command, message, plain_line
from galleria_action.ci.github.files import append_outputs, append_summary, summary_room
from galleria_action.ci.interface import Reviews, Wishes
from galleria_action.ci.log import Log
from galleria_action.ci.occasion import Occasion
from galleria_action.ci.secrets import forms, redact
from galleria_action.errors import Finding
from galleria_action.quantities import count
from galleria_action.report.document import Tone

if TYPE_CHECKING:
    from galleria_action.ci.github.event import Event

Level = Literal["warning", "error"]

#: GitHub shows at most 10 annotations of a level per step and drops the rest in silence. The last place is kept to
#: say how many more there are.
_SHOWN = 9


class GitHubActions:
    """Speaks to the runner through ``stream`` and through the files that ``environ`` names (``GITHUB_OUTPUT``,
    ``GITHUB_STEP_SUMMARY``); what it does not name is left out."""

    name = "GitHub Actions"
    annotates = True
    screen = None

    def __init__(self, environ: Mapping[str, str], stream: TextIO, working_directory: Path) -> None:
        named = Path(environ.get("GITHUB_WORKSPACE") or working_directory)
        self.workspace = named if named.is_dir() else working_directory
        self._outputs = _path(environ, "GITHUB_OUTPUT")
        self._summary = _path(environ, "GITHUB_STEP_SUMMARY")
        self._log = Log(stream)
        self._lock = threading.Lock()
        self._annotations: Counter[Level] = Counter()
        self._environ = environ
        self._hidden: tuple[str, ...] = ()

    def line(self, text: str, tone: Tone = "plain") -> None:
        """See ``CI.line``. Annotations have the colours here."""
        self._log.write(plain_line(self.hide(text)))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See ``CI.group``."""
        self._log.write(command("group", message(self.hide(title))))
        try:
            yield
        finally:
            self._log.write(command("endgroup", ""))

    def warning(self, problem: Finding | str) -> None:
        """See ``CI.warning``. From the tenth on it is a line of the log only."""
        self._annotate("warning", problem)

    def error(self, problem: Finding | str) -> None:
        """See ``CI.error``. From the tenth on it is a line of the log only."""
        self._annotate("error", problem)

    def mask(self, secret: str) -> None:
        """See ``CI.mask``; the runner masks too, but not in the files that we leave for later steps."""
        for form in forms(secret):
            self._log.write(command("add-mask", form))
        self._hidden = tuple(sorted({*self._hidden, *forms(secret)}, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """See ``CI.hide``."""
        return redact(text, self._hidden)

    @property
    def summary_budget(self) -> int:
        """See ``CI.summary_budget``."""
        return summary_room(self._summary) if self._summary else 0

    @property
    def occasion(self) -> Occasion:
        """See ``CI.occasion``."""
        return self._event().occasion

    def _event(self) -> Event:
        from galleria_action.ci.github.event import read_event

        return read_event(self._environ)

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """See ``CI.reviews``."""
        # none of it is needed by a run that nobody reviews, and it takes its time to import
        from galleria_action.ci.github.api import open_api
        from galleria_action.ci.github.reviews import GitHubReviews

        api = open_api(self._environ, wishes.token) if wishes.token else None
        return GitHubReviews(self._event(), wishes, api, warn=warn, line=self.line, redact=self.hide)

    def write_outputs(self, outputs: Mapping[str, str | int | bool]) -> None:
        """See ``CI.write_outputs``."""
        if self._outputs:
            append_outputs(self._outputs, outputs)

    def write_summary(self, markdown: str) -> None:
        """See ``CI.write_summary``."""
        if self._summary:
            append_summary(self._summary, markdown)
        elif markdown:
            raise ValueError("there is no summary here; ask for summary_budget first")

    def close(self) -> None:
        """See ``CI.close``."""
        for level, number in self._annotations.items():
            if number > _SHOWN:
                rest = count(number - _SHOWN, f"more {level}")
                self._log.write(command(level, f"… and {rest}: see the log and the summary of this run."))

    def _annotate(self, level: Level, problem: Finding | str) -> None:
        with self._lock:
            self._annotations[level] += 1
            shown = self._annotations[level] <= _SHOWN
        if shown:
            self._log.write(self._annotation(level, problem))
        else:
            self.line(f"{level.capitalize()}: {problem}")

    def _annotation(self, level: Level, problem: Finding | str) -> str:
        finding = problem if isinstance(problem, Finding) else Finding(problem)
        place: dict[str, str | int] = {}
        if finding.file:
            place["file"] = self._in_workspace(finding.file)
            if finding.line:
                place["line"] = finding.line
        return command(level, message(self.hide(finding.message)), place)

    def _in_workspace(self, file: str) -> str:
        path = PurePosixPath(file)
        inside = path.is_relative_to(self.workspace)
        return message(str(path.relative_to(self.workspace) if inside else path))


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name)
    return Path(value) if value else None
