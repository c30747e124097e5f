"""Requests without a body, signed and sent with what Python has on board: botocore takes a fifth of a second to import,
which is more than a whole run with nothing to do."""

from __future__ import annotations

import http.client
import socket
import ssl
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote, urlsplit

from galleria_action import __version__
from galleria_action.storage.faults import Fault, of_answer
from galleria_action.storage.signature import Signer

_CONNECT_SECONDS = 10
#: Between two packets.
_READ_SECONDS = 60
_LONGEST_REFUSAL = 1 << 16
_SUCCESSES = frozenset((200, 204))
#: What the line, or who is at its other end, may raise.
LINE_FAILURES = (OSError, http.client.HTTPException)


class Refused(Exception):
    """The server's answer is no success."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class SignedServer:
    """One connection to the bucket at ``url``, opened anew after each failure."""

    def __init__(self, url: str, signer: Signer) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path.rstrip("/")
        self._signer = signer
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=_CONNECT_SECONDS)

    def ask(self, method: str, key: str = "", query: str = "", *, most: int = _LONGEST_REFUSAL) -> bytes:
        """The body of a success, cut one byte after ``most``. ``key`` is the whole key of an object, ``query`` made by
        ``canonical_query``. Raises ``Refused`` and ``LINE_FAILURES``."""
        whole = False
        try:
            answer = self._send(method, key, query)
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
            if not whole:
                self.close()

    def _send(self, method: str, key: str, query: str) -> http.client.HTTPResponse:
        connection = self._connection
        if connection.sock is None:
            connection.connect()
            cast(socket.socket, connection.sock).settimeout(_READ_SECONDS)
        path = f"{self._path}/{quote(key, safe='-_.~/')}" if key else self._path or "/"
        signed = self._signer.headers(method, self._host, path, query, datetime.now(UTC))
        headers = {**signed, "user-agent": f"galleria-action/{__version__}"}
        connection.request(method, f"{path}?{query}" if query else path, headers=headers)
        return connection.getresponse()

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        self._connection.close()


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
