"""Asks S3 for listings with what Python has on board: botocore takes a quarter second to import, and most of a
second more for 10,000 keys. obstore's listing is fast too, but does not keep the contract (``obstore_store``)."""

from __future__ import annotations

import http.client
import random
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import cast
from urllib.parse import urlsplit

from galleria_action import __version__
from galleria_action.storage.faults import Call, Fault, failure, of_answer
from galleria_action.storage.interface import ObjectInfo
from galleria_action.storage.listing import BadListing, Page, every_object
from galleria_action.storage.listing_page import MAX_BYTES, read_page
from galleria_action.storage.signature import Signer, canonical_query

_CONNECT_SECONDS = 10
#: Between two packets.
_READ_SECONDS = 60
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 15.0
_LONGEST_REFUSAL = 1 << 16


def listed(url: str, signer: Signer, call: Call, *, attempts: int) -> Iterator[ObjectInfo]:
    """Every object that ``call``, a listing, asks for. ``url`` is the bucket's; ``attempts`` bounds the requests for
    one page. Raises the errors of ``ReadStore.list``."""
    server = _Server(url, signer)
    wanted = {"list-type": "2", "encoding-type": "url", "prefix": call.target.prefix + (call.key or "")}

    def fetch(token: str | None) -> Page:
        query = canonical_query(wanted | ({"continuation-token": token} if token else {}))
        for attempt in count(1):
            answer = server.get(query)
            if isinstance(answer, bytes):
                return read_page(answer)
            if attempt >= attempts or not _may_pass(answer):
                raise failure(answer, call)
            bound = min(_FIRST_WAIT_SECONDS * 2**attempt, _LONGEST_WAIT_SECONDS)
            time.sleep(random.uniform(bound / 2, bound))
        raise AssertionError("count() does not end")

    try:
        yield from every_object(fetch, call)
    finally:
        server.close()


def _may_pass(fault: Fault) -> bool:
    if fault.kind == "answer":
        return fault.status in (408, 429, 500, 502, 503, 504)
    return fault.kind in ("cut", "timeout")


class _Server:
    """One connection to the bucket at ``url``, opened anew after a failure."""

    def __init__(self, url: str, signer: Signer) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path or "/"
        self._signer = signer
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.netloc, timeout=_CONNECT_SECONDS)

    def get(self, query: str) -> bytes | Fault:
        """The body of a success, or why there is none."""
        try:
            answer = self._ask(query)
            body = answer.read(MAX_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return _fault(error)
        if answer.status != 200 or len(body) > MAX_BYTES:
            self.close()
        if answer.status != 200:
            region = answer.headers.get("x-amz-bucket-region", "")
            return of_answer(answer.status, body[:_LONGEST_REFUSAL].decode("utf-8", "replace"), region)
        if len(body) > MAX_BYTES:
            raise BadListing("an answer that is far too long")
        return body

    def _ask(self, query: str) -> http.client.HTTPResponse:
        connection = self._connection
        if connection.sock is None:
            connection.connect()
            cast(socket.socket, connection.sock).settimeout(_READ_SECONDS)
        signed = self._signer.headers("GET", self._host, self._path, query, datetime.now(UTC))
        headers: Mapping[str, str] = {**signed, "user-agent": f"galleria-action/{__version__}"}
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
