"""HTTP to one server, for any number of threads: connections that are used again, bodies sent in pieces, answers read
within bounds. It knows nothing of S3 and follows no redirect.

A body is sent as long as anything moves, however slow; a server that refuses before it has read all of the body is
heard at once; no answer is longer than asked for, or slower than anybody's line (``net/answer``).
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
import weakref
from bisect import insort
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from galleria_action.hands import Later
from galleria_action.net.answer import Reader, Response
from galleria_action.net.network import Network
from galleria_action.net.waiting import done, readable, run, writable
from galleria_action.storage.interface import Body, Stretch, chunks_of, pieces_of

if TYPE_CHECKING:
    import ssl

CONNECT_SECONDS = 10.0
#: between two packets of an answer, before its first one, and for each piece of a body
SILENCE_SECONDS = 60.0
#: for what a server says that stopped listening
_LAST_WORDS_SECONDS = 5.0
_PIECE, _PIECE_OF_FILE = 256 << 10, 1 << 20
#: file systems that cannot send by themselves, or cannot read what was asked for: reading tells
_NOT_FROM_THIS_FILE = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO))
#: a body up to this size is sent together with the head, in one packet or few
_SMALL = 64 << 10
#: what a new connection carries before it has to wait for the other side: ten packets (RFC 6928)
_FIRST_WINDOW = 10 * 1460
#: after which a server may have closed a connection that nobody used; the shortest that is usual is five
_FRESH_SECONDS = 4.0

#: What the line, or who is at its other end, may raise.
LINE_FAILURES = (OSError,)

#: a connected socket, or what behaves like one
_Line = Any
#: how many bytes it has carried, since when it is idle
_Idle = list[tuple[int, float, _Line]]
_Coming = deque[Later[tuple[float, _Line]]]


class Wire:
    """The server at ``url`` (scheme, host, port) over ``network``."""

    def __init__(self, url: str, network: Network) -> None:
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._tls else 80)
        usual = self._port == (443 if self._tls else 80)
        #: as the Host header has it
        self.host = parts.netloc.rpartition(":")[0] if parts.port and usual else parts.netloc
        self._proxy = network.proxies.for_url(url)
        self._absolute = f"http://{self.host}" if self._proxy and not self._tls else ""
        #: whether what is sent is what the line carries
        self._in_clear = not self._tls and not (self._proxy and self._proxy.scheme == "https")
        self._network = network
        self._context: ssl.SSLContext | None = None
        #: what a line raises that has nothing to say yet, or takes nothing more for now
        self._unreadable: tuple[type[OSError], ...] = (BlockingIOError,)
        self._unwritable: tuple[type[OSError], ...] = (BlockingIOError,)
        self._lock = threading.Lock()
        #: the one that has carried most last
        self._idle: _Idle = []
        self._coming: _Coming = deque()
        weakref.finalize(self, _close_all, self._idle, self._coming)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str], body: Body = b"", *, most: int, peek: bool = False
    ) -> Response:
        """The answer to one request. ``path`` is percent-encoded, with its query; ``headers`` hold the host.

        Not more than ``most`` bytes of the body are read, and one more to tell; with ``peek`` none of a success. Raises
        ``LINE_FAILURES``, also for a body that breaks off.
        """
        head = self._head(method, path, headers, len(body))
        carried, line = self._idle_one(len(body)) or (0, await self._coming_one() or await done(self._new))
        exchange = self._exchange(line, carried, method, head, body, most, peek)
        if not isinstance(line, socket.socket):  # it can only be waited for
            return await done(lambda: run(exchange))
        return await exchange

    def open_ahead(self, count: int) -> None:
        """Have ``count`` connections for what is asked next, with those that are there: they are opened meanwhile.
        Whoever is given one that could not be opened hears of it then."""
        for _ in range(count - len(self._idle) - len(self._coming)):
            coming: Later[tuple[float, _Line]] = Later()
            self._coming.append(coming)
            threading.Thread(target=coming.become, args=(self._ahead,), name="connect", daemon=True).start()

    async def _exchange(
        self, line: _Line, carried: int, method: str, head: bytes, body: Body, most: int, peek: bool
    ) -> Response:
        whole = False
        try:
            if await self._send(line, head, body):
                answer = Reader(line, seconds=SILENCE_SECONDS, nothing_yet=self._unreadable)
                response = await answer.response(method, most, peek=peek)
                whole = answer.whole
            else:
                answer = Reader(line, seconds=_LAST_WORDS_SECONDS, nothing_yet=self._unreadable)
                response = await _refusal(answer, method, most)
            return response
        finally:
            if whole:
                with self._lock:
                    insort(self._idle, (carried + len(body), time.monotonic(), line), key=_by_load)
            else:
                line.close()

    # --- connections -------------------------------------------------------------------------------------------------

    def _idle_one(self, size: int) -> tuple[int, _Line] | None:
        """A connection with what it has carried: for a body of many bytes the one with the most, whose window has
        grown; else the one with the least, so that the other is there when it is needed."""
        try:
            while True:
                with self._lock:
                    carried, since, line = self._idle.pop(-1 if size > _FIRST_WINDOW else 0)
                if self._is_fresh(since, line):
                    return carried, line
                line.close()
        except IndexError:
            return None

    async def _coming_one(self) -> _Line | None:
        """One that is opened ahead."""
        with suppress(IndexError):
            while True:
                coming = self._coming.popleft()
                since, line = coming.result() if coming.done() else await done(coming.result)
                if self._is_fresh(since, line):
                    return line
                line.close()
        return None

    def _ahead(self) -> tuple[float, _Line]:
        line = self._new()
        return time.monotonic(), line

    def _is_fresh(self, since: float, line: _Line) -> bool:
        """Whether a connection that is idle ``since`` then still is one. What a server with TLS says of itself, to make
        the next handshake shorter (RFC 8446, 4.6.1), is neither an answer nor a goodbye."""
        if time.monotonic() - since >= _FRESH_SECONDS:
            return False
        if not (news := _has_news(line)) or self._in_clear or not isinstance(line, socket.socket):
            return not news
        try:
            line.recv(1)
        except self._unreadable:
            return True
        except OSError:
            pass
        return False

    def _new(self) -> _Line:
        way = self._proxy
        if way and self._tls:
            from galleria_action.net.patient import tunnel

            line = tunnel(way, self._host, self._port, self._tls_context(), CONNECT_SECONDS)
        elif way:
            line = self._connected(way.host, way.port, tls=way.scheme == "https")
        else:
            line = self._connected(self._host, self._port, tls=self._tls)
        line.settimeout(0 if isinstance(line, socket.socket) else SILENCE_SECONDS)
        return line

    def _connected(self, host: str, port: int, *, tls: bool) -> socket.socket:
        # Python would load its tables of Unicode for a name that is text, also where that is ASCII.
        name = host.encode() if host.isascii() else host
        line = socket.create_connection((name, port), CONNECT_SECONDS)  # type: ignore[arg-type]  # bytes will do
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._tls_context().wrap_socket(line, server_hostname=name) if tls else line
        except BaseException:
            line.close()
            raise

    def _tls_context(self) -> ssl.SSLContext:
        import ssl

        with self._lock:
            if self._context is None:
                self._context = self._network.trust.context()
                self._context.set_alpn_protocols(["http/1.1"])
                self._unreadable = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
                self._unwritable = (BlockingIOError, ssl.SSLWantWriteError)
            return self._context

    # --- one exchange ------------------------------------------------------------------------------------------------

    def _head(self, method: str, path: str, headers: Mapping[str, str], size: int) -> bytes:
        lines = [f"{method} {self._absolute}{path} HTTP/1.1", *map(": ".join, headers.items())]
        if self._absolute and self._proxy and self._proxy.authorization:
            lines.append(f"proxy-authorization: {self._proxy.authorization}")
        if size or method in ("PUT", "POST"):
            lines.append(f"content-length: {size}")
        head = "\r\n".join((*lines, "", ""))
        if not head.count("\r") == head.count("\n") == len(lines) + 1:
            raise ValueError("a header holds a line end")
        return head.encode("ascii")

    async def _send(self, line: socket.socket, head: bytes, body: Body) -> bool:
        """Whether the request was sent whole. It is not where the server answers before, or hangs up: that may be an
        answer, too."""
        small = len(body) <= _SMALL
        pieces = (b"".join((head, *map(bytes, chunks_of(body)))),) if small else (head, *pieces_of(body))
        try:
            for piece in pieces:
                if isinstance(piece, Stretch):
                    sent = await self._from_file(line, piece)
                else:
                    sent = await self._from_memory(line, piece)
                if not sent:
                    return False
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    async def _from_memory(self, line: socket.socket, piece: bytes | bytearray | memoryview) -> bool:
        """Send ``piece`` from memory. ``False`` when the server answers before."""
        view = memoryview(piece)
        return await self._whole(line, len(view), lambda at: line.send(view[at : at + _PIECE]))

    async def _from_file(self, line: socket.socket, piece: Stretch) -> bool:
        """The same from a file: without a copy of its bytes, where the system can."""
        at = 0

        def send(start: int) -> int:
            nonlocal at
            at = start
            number, begin = piece.file.number, piece.start + start
            count = os.sendfile(line.fileno(), number, begin, min(_PIECE_OF_FILE, piece.size - start))
            if not count:
                raise piece.short
            return count

        if self._in_clear:
            try:
                return await self._whole(line, piece.size, send)
            except OSError as error:
                if error.errno not in _NOT_FROM_THIS_FILE:
                    raise
        for chunk in piece.chunks(at):
            if not await self._from_memory(line, chunk):
                return False
        return True

    async def _whole(self, line: socket.socket, size: int, send: Callable[[int], int]) -> bool:
        """Have ``send``, which sends what it can of ``size`` bytes from where it is told, send them all. ``False`` when
        the server answers before."""
        sent, listening = 0, self._in_clear
        while sent < size:
            try:
                sent += send(sent)
            except self._unwritable:
                await writable(line, SILENCE_SECONDS, listening=listening)
            except self._unreadable:
                await readable(line, SILENCE_SECONDS)
            if sent < size and listening and _has_news(line):
                if _answers(line):
                    return False
                listening = False
        return True


async def _refusal(answer: Reader, method: str, most: int) -> Response:
    """What a server says that stopped listening; only a refusal counts."""
    try:
        response = await answer.response(method, most)
    except LINE_FAILURES:
        raise ConnectionResetError("the connection was closed while the body was sent") from None
    if response.status < 300:
        raise ConnectionResetError("a success before the body was sent")
    return response


def _by_load(idle: tuple[int, float, _Line]) -> int:
    return idle[0]


def _has_news(line: socket.socket) -> bool:
    """Whether an idle connection has something to say: that it is closed, as a rule."""
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))


def _answers(line: socket.socket) -> bool:
    """Whether what the other side says is an answer; not a ``100 Continue``, which nobody asked for."""
    return not line.recv(10, socket.MSG_PEEK).startswith(b"HTTP/1.1 1")


def _close_all(idle: _Idle, coming: _Coming) -> None:
    for _, _, line in idle:
        line.close()
    for ahead in coming:
        with suppress(*LINE_FAILURES):
            if ahead.done():
                ahead.result()[1].close()
