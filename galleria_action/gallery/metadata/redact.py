"""Publish what a gallery needs and not where its photographer keeps the originals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from galleria_action.errors import GalleryInvalid
from galleria_action.expressions import expression

_SPACE = expression(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def redact_paths(metadata: bytes) -> bytes:
    """``gallery-metadata.json`` with each photo's ``original_path`` cut to its last part.

    ``/`` and ``\\`` both separate, because the photos may come from another system than this one. Everything else
    stays byte for byte: order, spacing, unknown fields, a byte order mark. The same object comes back when there is
    nothing to redact.

    Raises ``GalleryInvalid`` when ``metadata`` is not JSON in UTF-8.
    """
    try:
        text = metadata.decode()
        spans = list(_redactions(text))
    except (ValueError, RecursionError) as error:
        raise GalleryInvalid(
            f"The paths in the metadata cannot be redacted, because it cannot be read: {error}",
            hint="Write gallery-metadata.json anew.",
        ) from error
    if not spans:
        return metadata
    parts: list[str] = []
    position = 0
    for start, end, replacement in spans:
        parts += [text[position:start], replacement]
        position = end
    return "".join([*parts, text[position:]]).encode()


def last_part(path: str) -> str:
    """The file name at the end of ``path``, whichever system wrote it."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def _redactions(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a path stands in ``text``, from quote to quote, and the JSON that is to replace it."""
    begin = int(text.startswith("\ufeff"))
    _DECODER.decode(text[begin:])
    for name, photos_at, _ in _members(text, begin):
        for photo_at in _items(text, photos_at) if name == "photos" else ():
            for field, start, end in _members(text, photo_at):
                path, _ = _DECODER.raw_decode(text, start)
                if field == "original_path" and isinstance(path, str) and last_part(path) != path:
                    yield start, end, json.dumps(last_part(path), ensure_ascii=text[start:end].isascii())


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """The members of the object at ``at``: name, start and end of the value. Nothing for any other value."""
    at = _skip_space(text, at)
    more = text[at] == "{" and text[at := _skip_space(text, at + 1)] != "}"
    while more:
        name, at = _DECODER.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + len(":"))
        _, end = _DECODER.raw_decode(text, start)
        yield name, start, end
        more, at = _behind_comma(text, end)


def _items(text: str, at: int) -> Iterator[int]:
    """Where the items of the array at ``at`` begin. Nothing for any other value."""
    at = _skip_space(text, at)
    more = text[at] == "[" and text[at := _skip_space(text, at + 1)] != "]"
    while more:
        yield at
        _, end = _DECODER.raw_decode(text, at)
        more, at = _behind_comma(text, end)


def _behind_comma(text: str, at: int) -> tuple[bool, int]:
    """Whether a comma follows, and where the next element begins."""
    at = _skip_space(text, at)
    return text[at] == ",", _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
