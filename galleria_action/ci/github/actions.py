"""GitHub Actions, and the runners that speak its protocol."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal, TextIO

from galleria_action.ci.github.commands import command, message, plain_line
from galleria_action.ci.github.files import append_outputs, append_summary, summary_room
from galleria_action.ci.interface import NoReviews, Occasion, Reviews, Wishes
from galleria_action.ci.log import Log
from galleria_action.ci.secrets import forms
from galleria_action.errors import Finding
from galleria_action.report.wording import count

Level = Literal["warning", "error"]

#: GitHub shows at most 10 annotations of a level per step and drops the rest in silence. The last place is kept to
#: say how many more there are.
_SHOWN = 9


class GitHubActions:
    """Speaks to the runner through ``stream`` and through the files that ``environ`` names (``GITHUB_OUTPUT``,
    ``GITHUB_STEP_SUMMARY``); what it does not name is left out."""

    name = "GitHub Actions"
    interactive = False
    occasion = Occasion()

    def __init__(self, environ: Mapping[str, str], stream: TextIO, working_directory: Path) -> None:
        named = Path(environ.get("GITHUB_WORKSPACE") or working_directory)
        self.workspace = named if named.is_dir() else working_directory
        self._outputs = _path(environ, "GITHUB_OUTPUT")
        self._summary = _path(environ, "GITHUB_STEP_SUMMARY")
        self._log = Log(stream)
        self._lock = threading.Lock()
        self._annotations: Counter[Level] = Counter()

    def line(self, text: str) -> None:
        """See ``CI.line``."""
        self._log.write(plain_line(text))

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See ``CI.group``."""
        self._log.write(command("group", message(title)))
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
        """See ``CI.mask``; the runner does the masking, in the summary too."""
        for form in forms(secret):
            self._log.write(command("add-mask", form))

    @property
    def summary_budget(self) -> int:
        """See ``CI.summary_budget``."""
        return summary_room(self._summary) if self._summary else 0

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """See ``CI.reviews``."""
        return NoReviews()

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
        return command(level, message(finding.message), place)

    def _in_workspace(self, file: str) -> str:
        path = PurePosixPath(file)
        inside = path.is_relative_to(self.workspace)
        return message(str(path.relative_to(self.workspace) if inside else path))


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    value = environ.get(name)
    return Path(value) if value else None
