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
from galleria_action.report.escape import visible


class Plain:
    """Prints to ``stream``. ``interactive`` says whether that is a terminal that can redraw lines."""

    name = "terminal"
    summary_budget = 0
    annotates = False
    occasion = Occasion()

    def __init__(self, stream: TextIO, workspace: Path, *, interactive: bool) -> None:
        self.workspace = workspace
        self.interactive = interactive
        self._log = Log(stream)
        self._hidden: tuple[str, ...] = ()

    def line(self, text: str) -> None:
        """See ``CI.line``."""
        self._log.write(visible(self.hide(text)))

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
