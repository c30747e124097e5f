"""Words for values that strangers wrote."""

from __future__ import annotations

from typing import Any

_LONGEST = 80


def shown(value: Any) -> str:
    """``value`` as it may appear in a message: quoted, on one line, without control characters, at most about
    a hundred characters; containers by their kind only."""
    match value:
        case str():
            return repr(value) if len(value) <= _LONGEST else repr(value[:_LONGEST]) + "..."
        case None | True | False:
            return {None: "null", True: "true", False: "false"}[value]
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case _:
            text = str(value)
            return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
