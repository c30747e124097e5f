"""A large record written in parts: neither its text nor more than one of its columns is ever there as a whole."""

from __future__ import annotations

import binascii
import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import chain, groupby
from typing import Any

from galleria_action.columns import Numbers, Texts, Values

#: what a gzip file begins with: deflated, and without a time, so that the same is the same; from Unix
_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\x03"
#: of a deflate stream: the last block, with nothing in it (RFC 1951, 3.2.6)
_LAST_BLOCK = b"\x03\0"
#: of zlib: a record is longer by a thousandth than with its usual 6, and there in two thirds of the time
_LEVEL = 4
#: characters of a text, items of a list, or groups of three bytes that are written together
_TOGETHER = 1 << 16
#: the JSON of what is short, without spaces
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def in_parts(fields: Iterable[tuple[str, Any]]) -> Iterator[str | bytes]:
    """The JSON object of ``fields``, each of which is asked for when the one before is written. An iterator of fields
    stands for an object, too, a column for the list of its values, and bytes for their base64; of that the parts are
    bytes."""
    before = "{"
    for name, value in fields:
        yield f"{before}{_json(name)}:"
        yield from _parts(value)
        before = ","
    yield "{}" if before == "{" else "}"


def _parts(value: Any) -> Iterator[str | bytes]:
    if isinstance(value, Mapping | Iterator):
        yield from in_parts(value.items() if isinstance(value, Mapping) else value)
    elif isinstance(value, str):
        yield '"'
        for at in range(0, len(value), _TOGETHER):
            yield _json(value[at : at + _TOGETHER])[1:-1]
        yield '"'
    elif isinstance(value, bytes):
        yield '"'
        for at in range(0, len(value), 3 * _TOGETHER):
            yield binascii.b2a_base64(memoryview(value)[at : at + 3 * _TOGETHER], newline=False)
        yield '"'
    elif isinstance(value, list | Numbers | Texts | Values):
        before = "["
        for at in range(0, len(value), _TOGETHER):
            rows = range(at, min(at + _TOGETHER, len(value)))
            some = value[rows.start : rows.stop] if isinstance(value, list) else list(value.at(rows))
            yield before + _json(some)[1:-1]
            before = ","
        yield "[]" if before == "[" else "]"
    else:
        yield _json(value)


def packed(parts: Iterable[str | bytes], least: int) -> bytes:
    """``parts`` as UTF-8, packed (gzip, without a time) where that has ``least`` bytes."""
    left = iter(parts)
    seen: list[str | bytes] = []
    length = 0
    for part in left:
        seen.append(part)
        length += len(_encoded(part))
        if length >= least:
            return _packed(chain(seen, left))
    return b"".join(map(_encoded, seen))


def _encoded(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def _packed(parts: Iterable[str | bytes]) -> bytes:
    """One gzip file (RFC 1952), whose deflate stream is made in stretches. In the hashes of photos that differ nothing
    ever repeats: whoever looks for it all the same takes three times as long, and the little that it finds makes them
    longer."""
    together, checksum, length = BytesIO(), 0, 0
    together.write(_HEAD)
    for binary, some in groupby(parts, lambda part: isinstance(part, bytes)):
        first = next(some)
        strategy = zlib.Z_HUFFMAN_ONLY if binary and _never_repeats(first) else zlib.Z_DEFAULT_STRATEGY
        machine = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
        for part in map(_encoded, chain([first], some)):
            together.write(machine.compress(part))
            checksum, length = zlib.crc32(part, checksum), length + len(part)
        together.write(machine.flush(zlib.Z_SYNC_FLUSH))
    together.write(_LAST_BLOCK + struct.pack("<II", checksum, length & 0xFFFFFFFF))
    return together.getvalue()


def _never_repeats(base64: str | bytes) -> bool:
    """Whether a quick look finds nothing in ``base64`` but that it has six bits in each of its bytes."""
    sample = _encoded(base64)[:_TOGETHER]
    return len(zlib.compress(sample, 1)) > 0.7 * len(sample)
