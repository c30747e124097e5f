"""Regular expressions that are compiled when they are first used: a run needs hardly one in three of those that the
modules it loads declare, and one takes as long to compile as a whole module to load."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def expression(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives, made when it is first used. A mistake in it shows then."""
    return cast("re.Pattern[AnyStr]", _Expression(pattern, flags))


_METHODS = ("finditer", "findall", "fullmatch", "match", "pattern", "search", "split", "sub", "subn")


class _Expression:
    """Its methods become those of the compiled expression, so that asking them costs nothing more than ever."""

    __slots__ = ("_given", *_METHODS)

    def __init__(self, *given: Any) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        """Called as long as there is nothing."""
        if name not in _METHODS:
            raise AttributeError(name)
        made = re.compile(*self._given)
        for method in _METHODS:
            setattr(self, method, getattr(made, method))
        return getattr(made, name)
