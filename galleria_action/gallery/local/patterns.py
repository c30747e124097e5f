"""Patterns for files to leave out, as people know them from ``.gitignore``, without its exceptions."""

from __future__ import annotations

import re

from galleria_action.values import dataclass

#: more patterns, or longer ones, than anybody writes; each is tried on every file
_MAX_PATTERNS, _MAX_LENGTH = 100, 300


@dataclass(frozen=True, slots=True)
class Patterns:
    """Several patterns. ``*`` and ``?`` stay within one name, ``**`` does not.

    A pattern with a slash before its end counts from the top, one without matches a name at any depth; with a slash
    at the end it matches folders only, and with them all that is in them.
    """

    lines: tuple[str, ...] = ()
    _files: tuple[re.Pattern[str], ...] = ()
    _folders: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def read(cls, text: str) -> Patterns:
        """One pattern a line; empty lines and those that begin with ``#`` are left out.

        Raises ``ValueError`` for a pattern that could not mean what its writer thinks.
        """
        lines = tuple(line for raw in text.splitlines() if (line := raw.strip()) and not line.startswith("#"))
        if len(lines) > _MAX_PATTERNS:
            raise ValueError(f"there are {len(lines):,} patterns; at most {_MAX_PATTERNS} are read")
        for line in lines:
            _refuse_odd(line)
        files = tuple(_compiled(line) for line in lines if not line.endswith("/"))
        folders = tuple(_compiled(line.rstrip("/")) for line in lines)
        return cls(lines, files, folders)

    def match(self, path: str, *, folder: bool) -> bool:
        """Whether ``path`` (relative, with slashes) is to be left out."""
        return any(pattern.fullmatch(path) for pattern in (self._folders if folder else self._files))


def _refuse_odd(line: str) -> None:
    if len(line) > _MAX_LENGTH:
        raise ValueError(f"the pattern {line[:40]!r}... is longer than {_MAX_LENGTH} characters")
    if line.startswith("!"):
        raise ValueError(f"{line!r}: exceptions (!) are not supported; name what is to be left out")
    if "\\" in line:
        raise ValueError(f"{line!r} holds a backslash; folders are separated by /")
    if not line.strip("/*"):
        raise ValueError(f"{line!r} would leave out everything")
    if ".." in line.split("/") or "." in line.split("/"):
        raise ValueError(f"{line!r} leads elsewhere; patterns are relative to the folder of the site")
    if line.count("**") > 2:
        raise ValueError(f"{line!r} holds more than two **")


def _compiled(line: str) -> re.Pattern[str]:
    *above, last = line.strip("/").split("/")
    text = _folders(above)
    text += ".+" if above and last == "**" else _name(last)
    return re.compile(text if "/" in line else f"(?:.*/)?{text}", re.DOTALL)


def _folders(names: list[str]) -> str:
    """A regular expression for folders. What stands between two ``**`` is right at its first place, as in ``_name``."""
    blocks = [""]
    for name in names:
        if name == "**":
            blocks.append("")
        else:
            blocks[-1] += _name(name) + "/"
    first, *rest = blocks
    middle = "".join(f"(?>(?:[^/]++/)*?{block})" for block in rest[:-1])
    return first + middle + "".join(f"(?:[^/]++/)*?{block}" for block in rest[-1:])


def _name(name: str) -> str:
    """A regular expression for one name. Each literal between two stars is right at its first place, so it is never
    sought a second time: many stars cost no more than one."""
    first, *rest = ("".join("[^/]" if c == "?" else re.escape(c) for c in part) for part in re.split(r"\*+", name))
    middle = "".join(f"(?>[^/]*?{part})" for part in rest[:-1])
    return first + middle + "".join(f"[^/]*{part}" for part in rest[-1:])
