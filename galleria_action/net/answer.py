"""An answer of a server, read as a coroutine: within bounds of size, and of patience.

What is read is what Python's own ``http.client`` reads, with what it lacks: a head has a bound, interim answers have an
end, and nobody may trickle. Source: RFC 9112.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from io import BytesIO
from itertools import repeat
from typing import Any

from galleria_action.expressions import expression
from galleria_action.net import patience
from galleria_action.net.waiting import readable
from galleria_action.values import dataclass

_AT_ONCE, _AT_ONCE_OF_MUCH = 16 << 10, 256 << 10
_LONGEST_LINE = 1 << 16
_STATUS = expression(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
#: what begins with one letter is found at once; a carriage return before it changes nothing
_LINE_END = expression(rb"\n")
_HEAD_END = expression(rb"\n\r?\n")
_FOLD = expression(r"\n[ \t]+")
_CHUNK = expression(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")
_IN_CLEAR: tuple[type[OSError], ...] = (BlockingIOError,)
_NOTHING_TO_READ = frozenset((204, 304))


class BadAnswer(ConnectionError):
    """What came is not an answer, or not all of one."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server said. ``headers`` by lower-case name. A body that is longer than asked for is cut one byte after;
    ``size`` is what the server says it has (``None``: it does not say)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int | None


class Reader:
    """Reads one answer from ``line``, a connected socket. ``seconds`` is how long it may be silent, and, with a second
    for each ``SLOWEST_BYTES_PER_SECOND``, how long it may take once it has begun. ``nothing_yet`` is what the line
    raises as long as there is nothing to be read."""

    def __init__(self, line: Any, *, seconds: float, nothing_yet: tuple[type[OSError], ...] = _IN_CLEAR) -> None:
        self._line, self._seconds, self._nothing_yet = line, seconds, nothing_yet
        self._read = bytearray()
        self._began: float | None = None
        self._seen, self._at_once = 0, _AT_ONCE
        #: whether the connection can be used again
        self.whole = False

    async def response(self, method: str, most: int, *, peek: bool = False) -> Response:
        """The answer to a request by ``method``, with at most ``most`` bytes of its body and one more to tell; with
        ``peek`` none of a success.

        Raises ``OSError``: ``BadAnswer`` also for a body that breaks off.
        """
        version, status, headers = await self._head()
        size = _size(headers.get("content-length", ""))
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        told = headers.get("connection", "").lower()
        lasting = "close" not in told and (version == b"1" or "keep-alive" in told)
        if method == "HEAD" or status in _NOTHING_TO_READ:
            body, end = b"", True
        elif peek and status < 300:
            body, end = b"", False
        elif chunked:
            body, end = await self._chunks(most)
        elif size is None:
            body, end = await self._until_closed(most), False
        else:
            body, end = await self._taken(min(size, most + 1), size), size <= most
        self.whole = end and lasting and not self._read
        return Response(status, headers, body, size)

    async def _head(self) -> tuple[bytes, int, dict[str, str]]:
        """Version, status and headers of the first answer that is not an interim one."""
        while True:
            line = await self._found(_LINE_END, 0, _LONGEST_LINE)
            if not (status := _STATUS.match(self._read)):
                raise BadAnswer(f"it begins with {bytes(self._read[: min(line, 100)])!r}")
            version, code = status.groups()
            end = await self._found(_HEAD_END, line - 1, patience.LONGEST_HEAD)
            if self._seen > patience.LONGEST_HEAD:
                raise BadAnswer("the head of the answer does not end")
            lines = self._read[line:end].decode("latin-1")
            del self._read[:end]
            if not code.startswith(b"1"):
                return version, int(code), _headers(lines)

    async def _found(self, pattern: re.Pattern[bytes], start: int, most: int) -> int:
        """Where ``pattern``, of at most three bytes, ends behind ``start``, in what has come or will come."""
        while not (found := pattern.search(self._read, start)):
            if len(self._read) > most:
                raise BadAnswer("the head of the answer does not end")
            start = max(start, len(self._read) - 2)
            if not await self._more():
                raise _broken_off(bytes(self._read[:100]))
        return found.end()

    async def _taken(self, count: int, of: int) -> bytes:
        self._at_once = _AT_ONCE if count <= _AT_ONCE else _AT_ONCE_OF_MUCH
        taken = BytesIO()  # gives what was put into it without a copy, which of a large document is much
        while (left := count - taken.tell()) > len(self._read):
            taken.write(self._read)
            self._read.clear()
            if not await self._more():
                raise BadAnswer(f"{of - taken.tell()} bytes of the answer are missing")
        taken.write(memoryview(self._read)[:left])
        del self._read[:left]
        return taken.getvalue()

    async def _until_closed(self, most: int) -> bytes:
        while len(self._read) <= most and await self._more():
            pass
        return bytes(self._read[: most + 1])

    async def _chunks(self, most: int) -> tuple[bytes, bool]:
        body = bytearray()
        while size := await self._chunk_size():
            body += await self._taken(min(size, most + 1 - len(body)), size)
            if len(body) > most:
                return bytes(body), False
            if await self._lined() not in (b"\r\n", b"\n"):
                raise BadAnswer("a chunk that is longer than it says")
        trailers = 0
        while await self._lined() not in (b"\r\n", b"\n"):
            trailers += 1
            if trailers > 100:
                raise BadAnswer("the trailer of the answer does not end")
        return bytes(body), True

    async def _chunk_size(self) -> int:
        line = await self._lined()
        size = _CHUNK.fullmatch(line)
        if not size:
            raise BadAnswer("a chunk without a size")
        return int(size[1], 16)

    async def _lined(self) -> bytes:
        end = await self._found(_LINE_END, 0, _LONGEST_LINE)
        line = bytes(self._read[:end])
        del self._read[:end]
        return line

    async def _more(self) -> bool:
        """Read what has come; whether there was any. Raises ``TimeoutError`` for what trickles."""
        if self._began is None and self._nothing_yet == _IN_CLEAR:  # what was asked a moment ago is not answered yet
            await readable(self._line, self._seconds)
        while True:
            try:
                piece = self._line.recv(self._at_once)
                break
            except self._nothing_yet:
                await readable(self._line, self._seconds)
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._seen += len(piece)
        if now - self._began > self._seconds + self._seen / patience.SLOWEST_BYTES_PER_SECOND:
            raise TimeoutError("the answer trickles in")
        self._read += piece
        return bool(piece)


def _broken_off(seen: bytes) -> Exception:
    if seen:
        return BadAnswer(f"the answer broke off after {seen!r}")
    return ConnectionResetError("the connection was closed without an answer")


def _headers(lines: str) -> dict[str, str]:
    """By lower-case name, the last one of each; a line that begins with a space goes on with the one before."""
    unfolded = _FOLD.sub(" ", lines.replace("\r\n", "\n"))
    parts = map(str.partition, unfolded.split("\n"), repeat(":"))
    return {name.strip().lower(): value.strip() for name, colon, value in parts if colon}


def _size(length: str) -> int | None:
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None
