"""Requests without a body, signed and sent with what Python has on board: botocore takes a fifth of a second to import,
which is more than a whole run with nothing to do."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote, urlsplit

from galleria_action import __version__
from galleria_action.storage.faults import Fault, of_answer
from galleria_action.storage.s3.signature import Signer

_CONNECT_SECONDS = 10
#: Between two packets.
_READ_SECONDS = 60
_LONGEST_REFUSAL = 1 << 16
_SUCCESSES = frozenset((200, 204))
#: What the line, or who is at its other end, may raise.
LINE_FAILURES = (OSError, http.client.HTTPException)
#: after which a server may have closed a connection that nobody used; the shortest that is usual is five
_FRESH_SECONDS = 4.0

_Idle = tuple[float, http.client.HTTPConnection]


class Refused(Exception):
    """The server's answer is no success."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class SignedServer:
    """The bucket at ``url``, for any number of threads. Connections are used again while they are fresh: a new one to a
    far server takes three times as long as what is asked."""

    def __init__(self, url: str, signer: Signer) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._signer = signer
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._idle: list[_Idle] = []
        weakref.finalize(self, _close_all, self._idle)

    def ask(self, method: str, key: str = "", query: str = "", *, most: int = _LONGEST_REFUSAL) -> bytes:
        """The body of a success, cut one byte after ``most``. ``key`` is the whole key of an object, ``query`` made by
        ``canonical_query``. Raises ``Refused`` and ``LINE_FAILURES``."""
        connection, whole = self._connected(), False
        try:
            answer = self._send(connection, method, key, query)
            body = answer.read(most + 1)
            if answer.length and len(body) <= most:
                # A read of a bounded length passes a body that broke off for a whole one.
                raise http.client.IncompleteRead(body, answer.length)
            if answer.status not in _SUCCESSES:
                text = body[:_LONGEST_REFUSAL].decode("utf-8", "replace")
                raise Refused(of_answer(answer.status, text, {k.lower(): v for k, v in answer.getheaders()}))
            whole = len(body) <= most
            return body
        finally:
            if whole and connection.sock is not None:
                self._idle.append((time.monotonic(), connection))
            else:
                connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        with suppress(IndexError):
            while True:
                since, connection = self._idle.pop()
                if time.monotonic() - since < _FRESH_SECONDS:
                    return connection
                connection.close()
        connection = self._kind(self._host, timeout=_CONNECT_SECONDS)
        connection.connect()
        cast(socket.socket, connection.sock).settimeout(_READ_SECONDS)
        return connection

    def _send(
        self, connection: http.client.HTTPConnection, method: str, key: str, query: str
    ) -> http.client.HTTPResponse:
        path = f"{self._path}/{quote(key, safe='-_.~/')}" if key else self._path or "/"
        signed = self._signer.headers(method, self._host, path, query, datetime.now(UTC))
        headers = {**signed, "user-agent": f"galleria-action/{__version__}"}
        connection.request(method, f"{path}?{query}" if query else path, headers=headers)
        return connection.getresponse()


def _close_all(idle: list[_Idle]) -> None:
    for _, connection in idle:
        connection.close()


def fault_of(error: Exception) -> Fault:
    if isinstance(error, ssl.SSLError):
        return Fault("tls")
    if isinstance(error, socket.gaierror):
        return Fault("dns")
    if isinstance(error, TimeoutError):
        return Fault("timeout")
    if isinstance(error, ConnectionRefusedError):
        return Fault("refused")
    if isinstance(error, ConnectionError | http.client.HTTPException):
        return Fault("cut")
    return Fault("refused", message=str(error))
