"""Collects everything that is wrong with one file, and finds the lines at the end, for what is listed only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from galleria_action.errors import Finding
from galleria_action.gallery.metadata.json_source import Place

#: More are counted, but not listed: nobody reads on, and a hostile document must not drown the log.
MAX_LISTED = 200


class Findings:
    """The findings of one file (``None``: of no particular one). ``count`` is that of all, listed or not."""

    def __init__(self, file: str | None) -> None:
        self.file = file
        self.count = 0
        self._entries: list[tuple[str, int | None, Place | None]] = []

    @property
    def full(self) -> bool:
        """Whether further findings are only counted."""
        return len(self._entries) >= MAX_LISTED

    def add(self, message: str, *, line: int | None = None, place: Place | None = None) -> None:
        """Add a finding, with its ``line`` or with the ``place`` whose line is to be found."""
        self.count += 1
        if not self.full:
            self._entries.append((message, line, place))

    def located(self, lines_of: Callable[[Sequence[Place]], Sequence[int]] | None) -> list[Finding]:
        """The first ``MAX_LISTED`` findings sorted by line. Without ``lines_of`` places have no lines."""
        places = [place for _, _, place in self._entries if place is not None] if lines_of else []
        lines = dict(zip(places, lines_of(places), strict=True)) if lines_of else {}
        found = [
            Finding(message, self.file, line if place is None else lines.get(place))
            for message, line, place in self._entries
        ]
        found.sort(key=lambda finding: finding.line or 0)
        return found
