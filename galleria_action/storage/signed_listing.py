"""Asks S3 for listings with what Python has on board: botocore takes a fifth of a second to import, and most of a
second more for 10,000 keys. obstore's listing is fast too, but does not keep the contract (``obstore_store``)."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit

from galleria_action import __version__
from galleria_action.storage.faults import Call, Fault, failure, of_answer
from galleria_action.storage.interface import ObjectInfo
from galleria_action.storage.listing import BadListing, Page, every_object
from galleria_action.storage.listing_page import MAX_BYTES, read_page
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.signature import Signer, canonical_query

_CONNECT_SECONDS = 10
#: Between two packets.
_READ_SECONDS = 60
_LONGEST_REFUSAL = 1 << 16


def listed(url: str, signer: Signer, call: Call, persist: Persistence) -> Iterator[ObjectInfo]:
    """Every object that ``call``, a listing, asks for. ``url`` is the bucket's.

    Raises the errors of ``ReadStore.list``.
    """
    server = _Server(url, signer)
    wanted = {"list-type": "2", "encoding-type": "url", "prefix": call.target.prefix + (call.key or "")}

    def fetch(token: str | None) -> Page:
        try:
            return read_page(server.get(canonical_query(wanted | ({"continuation-token": token} if token else {}))))
        except BadListing as error:
            raise failure(Fault("malformed", message=str(error)), call) from None
        except _Refused as refused:
            raise failure(refused.fault, call) from None
        except (OSError, http.client.HTTPException) as error:
            raise failure(_fault(error), call) from error

    try:
        yield from every_object(lambda token: persist(lambda: fetch(token)), call)
    finally:
        server.close()


class _Refused(Exception):
    """The server's answer is no success."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class _Server:
    """One connection to the bucket at ``url``, opened anew after each failure."""

    def __init__(self, url: str, signer: Signer) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path or "/"
        self._signer = signer
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=_CONNECT_SECONDS)

    def get(self, query: str) -> bytes:
        """The body of a success. Raises ``_Refused``, ``BadListing`` and the errors of the line."""
        whole = False
        try:
            answer = self._ask(query)
            body = answer.read(MAX_BYTES + 1)
            if answer.status != 200:
                text = body[:_LONGEST_REFUSAL].decode("utf-8", "replace")
                raise _Refused(of_answer(answer.status, text, {k.lower(): v for k, v in answer.getheaders()}))
            if len(body) > MAX_BYTES:
                raise BadListing("an answer that is far too long")
            if answer.length:
                # A read of a bounded length returns what came, even if more was announced.
                raise http.client.IncompleteRead(body, answer.length)
            whole = True
            return body
        finally:
            if not whole:
                self.close()

    def _ask(self, query: str) -> http.client.HTTPResponse:
        connection = self._connection
        if connection.sock is None:
            connection.connect()
            cast(socket.socket, connection.sock).settimeout(_READ_SECONDS)
        signed = self._signer.headers("GET", self._host, self._path, query, datetime.now(UTC))
        headers = {**signed, "user-agent": f"galleria-action/{__version__}"}
        connection.request("GET", f"{self._path}?{query}", headers=headers)
        return connection.getresponse()

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        self._connection.close()


def _fault(error: Exception) -> Fault:
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
