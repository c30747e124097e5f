"""Bytes that are nearly right."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

#: of the formats that are parsed here, and of what breaks parsers
TOKENS = (
    b"", b"\0", b"\xff" * 8, b"\xff\xd8\xff\xe1", b"II*\0", b"MM\0*", b"Exif\0\0", b"<", b"</", b"/>", b"<!--", b"-->",
    b"<![CDATA[", b"]]>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#x110000;", b"<?xml?>", b"xmlns='",
    b'encoding="gb2312"', b'encoding="utf-16"', b"{", b"}", b"[", b"]", b'"', b"\\", b"\\ud800", b"\\u0000", b":", b",",
    b"null", b"true", b"NaN", b"-0", b"1e999", b"9" * 400, b"9" * 5000, b"-1", b"0", b"1.5", b"&a", b"*a", b"!!binary",
    b"!!python/object:os.system", b"<<: ", b"---\n", b"%YAML 9.9\n", b"- ", b"\t", b"\r\n", b"\n\n", b"\r\n\r\n",
    b"Content-Length: ", b"Transfer-Encoding: chunked", b"HTTP/1.1 100 Continue\r\n\r\n", b"../", b"/", b".galleria/",
    b"gallery-metadata.json", b"\xef\xbb\xbf", b"\xfe\xff", b"\xed\xa0\x80", "\u202e\u0130".encode(), b"\x1f\x8b",
)  # fmt: skip


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of ``seeds`` with a few changes, or two of them in one."""
    body = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        chance.choice(_CHANGES)(body, chance)
    if chance.random() < 0.1:
        other = chance.choice(seeds)
        body[chance.randint(0, len(body)) :] = other[chance.randint(0, len(other)) :]
    return bytes(body[:_LONGEST])


_LONGEST = 200_000
_Change = Callable[[bytearray, random.Random], None]


def _part(body: bytearray, chance: random.Random) -> slice:
    start = chance.randint(0, len(body))
    return slice(start, start + chance.choice((1, 2, 4, 16, 200)))


def _flip(body: bytearray, chance: random.Random) -> None:
    if body:
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)


def _noise(body: bytearray, chance: random.Random) -> None:
    place = _part(body, chance)
    body[place] = chance.randbytes(len(body[place]))


def _drop(body: bytearray, chance: random.Random) -> None:
    del body[_part(body, chance)]


def _cut(body: bytearray, chance: random.Random) -> None:
    del body[chance.randint(0, len(body)) :]


def _repeat(body: bytearray, chance: random.Random) -> None:
    place = _part(body, chance)
    body[place.stop : place.stop] = bytes(body[place]) * chance.choice((1, 2, 10, 100))


def _token(body: bytearray, chance: random.Random) -> None:
    place = _part(body, chance)
    body[slice(place.start, place.start if chance.random() < 0.7 else place.stop)] = chance.choice(TOKENS)


def _number(body: bytearray, chance: random.Random) -> None:
    """In place of digits other digits, or a number in bytes anywhere."""
    digits = [at for at, byte in enumerate(body) if 48 <= byte < 58]
    if digits and chance.random() < 0.7:
        at = chance.choice(digits)
        body[at : at + 1] = chance.choice((b"-1", b"0", b"99999999999999999999", b"1e9", b"0x10", b"\xd9\xa3"))
    elif len(body) >= 4:
        at = chance.randrange(len(body) - 3)
        body[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f"))


_CHANGES: tuple[_Change, ...] = (_flip, _noise, _drop, _cut, _repeat, _token, _token, _number)
