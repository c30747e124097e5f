"""What a command needs of the place it runs in, whichever that is.

One implementation per place: ``plain`` (terminal, ``docker run``, any CI we do not know) and ``github``. None of
them reads the environment or opens a stream by itself; both are handed in by ``detect``.

Text passed to a CI is always untrusted: a photo may be called ``::error::``. Whatever it contains, it is shown and
never obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from galleria_action.errors import Finding


class CI(Protocol):
    """A place to run in. ``line`` and the annotations may be called from several threads."""

    @property
    def name(self) -> str:
        """For people: ``GitHub Actions``, ``terminal``."""

    @property
    def workspace(self) -> Path:
        """The folder that the run may read and write."""

    @property
    def interactive(self) -> bool:
        """Whether a person watches a terminal that can redraw lines."""

    @property
    def summary_budget(self) -> int:
        """Bytes (UTF-8) that ``write_summary`` still takes; 0 where there are no summaries."""

    @property
    def annotates(self) -> bool:
        """Whether warnings and errors are shown beside the log as well, so that it is worth repeating them there."""

    def line(self, text: str) -> None:
        """Print ``text`` as one line of the log; line breaks and control characters in it are made visible."""

    def group(self, title: str) -> AbstractContextManager[None]:
        """Fold the lines printed meanwhile under ``title``, where logs can fold. Groups do not nest."""

    def warning(self, problem: Finding | str) -> None:
        """Report ``problem`` beside the log as well, at its file and line when it has them."""

    def error(self, problem: Finding | str) -> None:
        """Like ``warning``, for what makes the run fail."""

    def mask(self, secret: str) -> None:
        """Keep ``secret`` and its usual encodings out of everything printed from now on.

        Call it before the secret is used. Lines of fewer than 6 characters are not masked: that would make any log
        unreadable and hide nothing.
        """

    def write_outputs(self, outputs: Mapping[str, str | int | bool]) -> None:
        """Set step outputs, booleans as ``true`` and ``false``; nothing happens where there are none."""

    def write_summary(self, markdown: str) -> None:
        """Show ``markdown`` on the run's page. Raises ``ValueError`` if it is over ``summary_budget``."""

    def close(self) -> None:
        """Say what had to be held back (annotations beyond the limit). Call it once, as the last thing."""
