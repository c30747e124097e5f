"""What a command line can ask for that needs nothing of a run: the version."""

from __future__ import annotations

from collections.abc import Sequence

from galleria_action import __version__

PROGRAM = "galleria-action"


def answer_at_once(words: Sequence[str]) -> str | None:
    """What is printed for ``words``; ``None`` where the rest of the house is needed to know."""
    return f"{PROGRAM} {__version__}" if list(words[:1]) == ["--version"] else None
