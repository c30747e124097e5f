"""A terminal, ``docker run``, or a CI without a protocol of its own: lines of text and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from galleria_action.ci.interface import NoReviews, Occasion, Reviews, Wishes
from galleria_action.ci.log import Log
from galleria_action.ci.secrets import forms, redact
from galleria_action.errors import Finding
from galleria_action.report.document import Tone
from galleria_action.report.escape import visible
from galleria_action.report.progress import Screen

#: "Select Graphic Rendition" of ECMA-48: bold, and a colour that can be told apart on dark and light ground
_COLOURS: dict[Tone, str] = {"plain": "", "good": "\x1b[1;32m", "doubtful": "\x1b[1;33m", "bad": "\x1b[1;31m"}
_USUAL = "\x1b[0m"


class Plain:
    """Prints to ``stream``. ``interactive`` says whether that is a terminal that can redraw lines, ``coloured``
    whether it is to show colours."""

    name = "terminal"
    summary_budget = 0
    annotates = False
    occasion = Occasion()

    def __init__(self, stream: TextIO, workspace: Path, *, interactive: bool, coloured: bool = False) -> None:
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
