"""Words from outside, made fit for our texts: what a server says is hostile input, and a key may hold anything."""

from __future__ import annotations

import re

from galleria_action.expressions import expression

_MAX_TEXT = 200
_SIGNED = expression(
    r"(?:X-Amz-[A-Za-z-]+|Signature|Credential|AWSAccessKeyId)=[^\s&,]+|\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b", re.IGNORECASE
)


def clean(text: str) -> str:
    """``text`` from outside, safe to print: one line, printable, bounded, without anything that looks signed.

    What is too long ends before the word that would be split: half a token is not recognised by what hides secrets.
    """
    line = _line(_whole_words(text, 8 * _MAX_TEXT))
    return _whole_words(_SIGNED.sub("…", line) if _may_be_signed(line) else line, _MAX_TEXT)


def _may_be_signed(line: str) -> bool:
    """A glance, which spares most runs the expression: servers say why they refuse a condition in a few plain words."""
    upper = line.upper()
    return not line.isascii() or "=" in line or "AKIA" in upper or "ASIA" in upper


def _whole_words(text: str, most: int) -> str:
    return text if len(text) <= most else re.sub(r"\S*\Z", "…", text[: most - 1], count=1)


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shown(key: str) -> str:
    """A key, safe to print; it may be a single long word."""
    line = _line(key)
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "…"


def size_in_words(size: int | None) -> str:
    """``12.3 MB``; ``None`` is an unknown size."""
    if size is None:
        return "of unknown size"
    for unit, bytes_of_it in (("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)):
        if size >= bytes_of_it:
            return f"{size / bytes_of_it:.1f} {unit}"
    return f"{size} byte{'' if size == 1 else 's'}"
