"""A bucket as one asks it: requests signed and sent, refusals told from successes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from galleria_action import __version__
from galleria_action.net.answer import Response
from galleria_action.net.proxies import ProxyRefused
from galleria_action.net.signature import NO_BODY, Signer
from galleria_action.net.waiting import run
from galleria_action.storage.connection import Connection
from galleria_action.storage.faults import Fault, of_answer
from galleria_action.storage.interface import Body, sha256_of
from galleria_action.storage.s3.credentials import Keys
from galleria_action.storage.s3.wire import LINE_FAILURES, Wire

__all__ = ("LINE_FAILURES", "BucketServer", "Refused", "Response", "fault_of")

#: of what a refusal says, so much is read
LONGEST_REFUSAL = 1 << 16
_SUCCESSES = frozenset((200, 204))
_AGENT = {"user-agent": f"galleria-action/{__version__}", "accept-encoding": "identity"}
_NOTHING: Mapping[str, str] = {}


class Refused(Exception):
    """The server's answer is not a success."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class BucketServer:
    """The bucket of ``connection``, for any number of threads; ``keys`` gives the credentials for each request."""

    def __init__(self, connection: Connection, keys: Callable[[], Keys]) -> None:
        self.connection = connection
        parts = urlsplit(connection.url)
        self._wire = Wire(f"{parts.scheme}://{parts.netloc}", connection.network)
        self._path = parts.path.rstrip("/")
        self._keys = keys
        self._signing: tuple[Keys, Signer] | None = None
        self._accepted = False

    def ask(self, method: str, key: str = "", query: str = "", **request: Any) -> Response:
        """As ``ask_later``, for who waits for the answer."""
        return run(self.ask_later(method, key, query, **request))

    async def ask_later(
        self,
        method: str,
        key: str = "",
        query: str = "",
        *,
        headers: Mapping[str, str] = _NOTHING,
        body: Body = b"",
        digest: str | None = None,
        most: int = LONGEST_REFUSAL,
        peek: bool = False,
    ) -> Response:
        """The answer to a request, if it is a success. ``key`` is the whole key of an object, ``query`` made by
        ``canonical_query``, ``headers`` by lower-case name, ``digest`` the body's SHA-256 (hex) where it is known.

        Not more than ``most`` bytes of the answer are read, and one more to tell. Raises ``Refused`` and
        ``LINE_FAILURES``.
        """
        path = f"{self._path}/{quote(key, safe='-_.~/')}" if key else self._path or "/"
        payload = digest or (sha256_of(body) if body else NO_BODY)
        signed = self._signer().headers(
            method, self._wire.host, path, query, datetime.now(UTC), payload=payload, more=headers
        )
        target = f"{path}?{query}" if query else path
        answer = await self._wire.ask(
            method, target, {**signed, **_AGENT}, body, most=max(most, LONGEST_REFUSAL), peek=peek
        )
        if answer.status in _SUCCESSES:
            self._accepted = True
            return answer
        raise Refused(self._refusal(answer))

    def open_ahead(self, count: int) -> None:
        """Have ``count`` connections for what is asked next, opened meanwhile."""
        self._wire.open_ahead(count)

    def _signer(self) -> Signer:
        """The same as long as the keys are: it remembers what it has worked out of them."""
        keys, known = self._keys(), self._signing
        if known is None or (known[0] is not keys and known[0] != keys):
            known = self._signing = keys, Signer(keys.access, keys.secret, keys.token, self.connection.region)
        return known[1]

    def _refusal(self, answer: Response) -> Fault:
        text = answer.body[:LONGEST_REFUSAL].decode("utf-8", "replace")
        return of_answer(answer.status, text, answer.headers, clock_is_right=self._accepted)


def fault_of(error: Exception) -> Fault:
    """What a failure of the line amounts to."""
    import ssl

    if isinstance(error, ssl.SSLError):
        return Fault("tls")
    if isinstance(error, ProxyRefused):
        return Fault("proxy", message=str(error))
    if isinstance(error, socket.gaierror):
        return Fault("dns")
    if isinstance(error, TimeoutError):
        return Fault("timeout")
    if isinstance(error, ConnectionRefusedError):
        return Fault("refused")
    if isinstance(error, ConnectionError):
        return Fault("cut")
    return Fault("refused", message=str(error))
