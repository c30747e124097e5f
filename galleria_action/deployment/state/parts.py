"""A large record written in parts: neither its text nor more than one of its columns is ever there as a whole."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain
from typing import Any

from galleria_action.columns import Numbers, Texts, Values

#: zlib's word (window of 2^15 bytes, and 16) for a gzip file: without a time, so that the same is the same
_AS_GZIP = 15 + 16
#: characters of a text, or items of a list, that are written together
_TOGETHER = 1 << 16
#: the JSON of what is short, without spaces
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def in_parts(fields: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """The JSON object of ``fields``, each of which is asked for when the one before is written. An iterator of fields
    stands for an object, too, and a column for the list of its values."""
    before = "{"
    for name, value in fields:
        yield f"{before}{_json(name)}:"
        yield from _parts(value)
        before = ","
    yield "{}" if before == "{" else "}"


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping | Iterator):
        yield from in_parts(value.items() if isinstance(value, Mapping) else value)
    elif isinstance(value, str):
        yield '"'
        for at in range(0, len(value), _TOGETHER):
            yield _json(value[at : at + _TOGETHER])[1:-1]
        yield '"'
    elif isinstance(value, list | Numbers | Texts | Values):
        before = "["
        for at in range(0, len(value), _TOGETHER):
            some = [value[row] for row in range(at, min(at + _TOGETHER, len(value)))]
            yield before + _json(some)[1:-1]
            before = ","
        yield "[]" if before == "[" else "]"
    else:
        yield _json(value)


def packed(parts: Iterable[str], least: int) -> bytes:
    """``parts`` as UTF-8, packed (gzip, without a time) where that has ``least`` bytes."""
    encoded = (part.encode() for part in parts)
    plain = bytearray()
    for part in encoded:
        plain += part
        if len(plain) >= least:
            return _packed(chain([plain], encoded))
    return bytes(plain)


def _packed(parts: Iterable[bytes | bytearray]) -> bytes:
    machine, together = zlib.compressobj(6, wbits=_AS_GZIP), BytesIO()
    for part in parts:
        together.write(machine.compress(part))
    together.write(machine.flush())
    return together.getvalue()
