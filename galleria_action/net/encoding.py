"""Documents that come compressed: unpacked within a bound, or named as what they are."""

from __future__ import annotations

import zlib

_MOST_MEMBERS = 16
_MOST_CODINGS = 4
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Encoded(Exception):
    """A body that cannot be unpacked; the text names its encoding, and why."""


class TooLong(Exception):
    """A body that is longer than what was asked for."""


def decoded(body: bytes, encoding: str, most: int) -> bytes:
    """``body`` without its Content-Encoding, which is ``encoding`` (empty: none).

    Raises ``Encoded`` for what is not understood or is broken, and ``TooLong`` where more than ``most`` bytes come
    out: a few kilobytes can hold gigabytes.
    """
    codings = [coding.strip().lower() for coding in encoding.split(",")]
    if len(codings) > _MOST_CODINGS:
        raise Encoded("it says to be compressed many times over")
    for coding in reversed(codings):
        if coding in ("", "identity", "aws-chunked"):
            continue
        if coding not in ("gzip", "x-gzip", "deflate"):
            raise Encoded(f"it is compressed (Content-Encoding: {coding}), which is not understood here")
        body = _inflated(body, coding, most)
    return body


def _inflated(body: bytes, coding: str, most: int) -> bytes:
    """The content of one gzip member after the other, or of one zlib stream."""
    plain = b""
    for _ in range(_MOST_MEMBERS):
        machine = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            plain += machine.decompress(body, most + 1 - len(plain))
        except zlib.error:
            raise Encoded(f"it says to be compressed (Content-Encoding: {coding}), and is not") from None
        if len(plain) > most:
            raise TooLong
        if not machine.eof:
            raise Encoded(f"it is compressed (Content-Encoding: {coding}), and breaks off")
        body = machine.unused_data  # a copy, so many members would cost their number times their size
        if not body:
            return plain
    raise Encoded(f"it is compressed (Content-Encoding: {coding}) in too many pieces")
