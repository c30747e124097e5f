"""A terminal, ``docker run``, or a CI without a protocol of its own: lines of text and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from galleria_action.ci.interface import NoReviews, Reviews, Wishes
from galleria_action.ci.log import Log
from galleria_action.ci.occasion import COMMAND_LINE, Cause, Occasion, Whose
from galleria_action.ci.secrets import forms, redact
from galleria_action.errors import Finding
from galleria_action.report.document import Tone
from galleria_action.report.escape import visible
from galleria_action.report.progress import Screen

#: "Select Graphic Rendition" of ECMA-48: bold, and a colour that can be told apart on dark and light ground
_COLOURS: dict[Tone, str] = {"plain": "", "good": "\x1b[1;32m", "doubtful": "\x1b[1;33m", "bad": "\x1b[1;31m"}
_USUAL = "\x1b[0m"

#: by which other CIs are known to be at work; of what starts their runs nothing is known here
_OTHER_CIS = (
    "APPVEYOR", "BITBUCKET_BUILD_NUMBER", "BUILDKITE", "CF_PAGES", "CIRCLECI", "CIRRUS_CI", "CODEBUILD_BUILD_ID",
    "DRONE", "GITHUB_ACTIONS", "GITLAB_CI", "HARNESS_BUILD_ID", "JENKINS_URL", "NETLIFY", "SEMAPHORE",
    "TEAMCITY_VERSION", "TF_BUILD", "TRAVIS", "VERCEL",
)  # fmt: skip
_PULL_REQUEST = re.compile(r"(?:PULL|MERGE)_?REQUEST|_PR(?:_|$)")


def occasion_of(environ: Mapping[str, str]) -> Occasion:
    """A command line where nothing speaks of a CI. ``CI=true`` alone does not: people set it for our container."""
    name = environ.get("CI", "")
    found = next((other for other in _OTHER_CIS if environ.get(other) not in (None, "", "false")), None)
    found = found or (name if name not in ("", "true", "1", "false", "0") else None)
    asked = next((it for it, value in environ.items() if _PULL_REQUEST.search(it) and value not in ("", "false")), None)
    if found is None and asked is None:
        return COMMAND_LINE
    return Occasion(Cause.OTHER, Whose.UNKNOWN, f"a CI that is not known here ({visible((found or asked or '')[:40])})")


class Plain:
    """Prints to ``stream``. ``interactive`` says whether that is a terminal that can redraw lines, ``coloured``
    whether it is to show colours."""

    name = "terminal"
    summary_budget = 0
    annotates = False

    def __init__(
        self,
        stream: TextIO,
        workspace: Path,
        *,
        interactive: bool,
        coloured: bool = False,
        occasion: Occasion = COMMAND_LINE,
    ) -> None:
        self.occasion = occasion
        self.workspace = workspace
        self._interactive = interactive
        self._coloured = coloured
        self._log = Log(stream)
        self._hidden: tuple[str, ...] = ()

    def line(self, text: str, tone: Tone = "plain") -> None:
        """See ``CI.line``."""
        shown = visible(self.hide(text))
        self._log.write(f"{_COLOURS[tone]}{shown}{_USUAL}" if self._coloured and tone != "plain" else shown)

    @property
    def screen(self) -> Screen | None:
        """See ``CI.screen``."""
        return self._log if self._interactive else None

    @contextmanager
    def group(self, title: str) -> Iterator[None]:
        """See ``CI.group``: here the title is a line of its own."""
        self.line(title)
        yield

    def warning(self, problem: Finding | str) -> None:
        """See ``CI.warning``."""
        self._report("Warning: ", problem)

    def error(self, problem: Finding | str) -> None:
        """See ``CI.error``."""
        self._report("Error: ", problem)

    def _report(self, level: str, problem: Finding | str) -> None:
        for line in str(problem).splitlines():
            self.line(f"{level}{line}")
            level = "  "

    def mask(self, secret: str) -> None:
        """See ``CI.mask``."""
        self._hidden = tuple(sorted({*self._hidden, *forms(secret)}, key=len, reverse=True))

    def hide(self, text: str) -> str:
        """See ``CI.hide``."""
        return redact(text, self._hidden)

    def reviews(self, wishes: Wishes, warn: Callable[[str], None]) -> Reviews:
        """See ``CI.reviews``: there are none here."""
        return NoReviews()

    def write_outputs(self, outputs: Mapping[str, str | int | bool]) -> None:
        """See ``CI.write_outputs``: there are none here."""

    def write_summary(self, markdown: str) -> None:
        """See ``CI.write_summary``: there is none here."""
        if markdown:
            raise ValueError("there is no summary here; ask for summary_budget first")

    def close(self) -> None:
        """See ``CI.close``: nothing is held back."""
