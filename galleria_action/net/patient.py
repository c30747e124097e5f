"""Python's own client for HTTP, with the patience that it lacks: what comes in does not trickle.

Its timeouts are for each packet, and a head has no bound: a server that sends a byte a minute, or one ``100 Continue``
after the other, would hold us up for ever.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from typing import Any

from galleria_action.net.answer import BadAnswer
from galleria_action.net.patience import LONGEST_HEAD, SLOWEST_BYTES_PER_SECOND
from galleria_action.net.proxies import Proxy, ProxyRefused

_MOST_TRAILERS, _LONGEST_TRAILER = 100, 1 << 16


class _Watched(io.RawIOBase):
    """What ``raw`` reads, counted and timed from its first byte on."""

    def __init__(self, raw: io.RawIOBase, seconds: float) -> None:
        self._raw, self._seconds = raw, seconds
        self._began: float | None = None
        self.seen = 0
        self.most: int | None = LONGEST_HEAD

    def readinto(self, room: Any) -> int | None:
        """See ``io.RawIOBase``. Raises ``TimeoutError`` for what trickles, ``HTTPException`` for an endless head."""
        count = self._raw.readinto(room)
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self.seen += count or 0
        if now - self._began > self._seconds + self.seen / SLOWEST_BYTES_PER_SECOND:
            raise TimeoutError("the answer trickles in")
        if self.most is not None and self.seen > self.most:
            raise http.client.HTTPException("the head of the answer does not end")
        return count

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._raw.close()
        super().close()


class PatientResponse(http.client.HTTPResponse):
    """An answer that may be silent for as long as its line permits, but has then ``seconds``, and a second more for
    each ``SLOWEST_BYTES_PER_SECOND``."""

    def __init__(self, *args: Any, seconds: float = 60.0, **named: Any) -> None:
        super().__init__(*args, **named)
        self._watched = _Watched(self.fp.detach(), seconds)
        self.fp = io.BufferedReader(self._watched)

    def begin(self) -> None:
        """See ``http.client.HTTPResponse``. Raises ``HTTPException`` and ``OSError``."""
        super().begin()
        self._watched.most = None

    def _read_and_discard_trailer(self) -> None:
        """What may follow the last chunk, which Python reads for as long as there is any."""
        for _ in range(_MOST_TRAILERS):
            if self.fp.readline(_LONGEST_TRAILER) in (b"\r\n", b"\n", b""):
                return
        raise http.client.HTTPException("the trailer of the answer does not end")


# -- through a proxy to a server with TLS -----------------------------------------------------------------------------


def tunnel(proxy: Proxy, host: str, port: int, context: ssl.SSLContext, seconds: float) -> Any:
    """A line to ``host`` through ``proxy``, which has ``seconds`` for each of its steps: a socket, or what behaves like
    one that can only be waited for, where the proxy itself is spoken to over TLS.

    Raises ``OSError``: ``ProxyRefused`` for what the proxy says, ``BadAnswer`` for what it does not.
    """
    connection = (
        _ThroughTls(proxy, context, seconds)
        if proxy.scheme == "https"
        else http.client.HTTPSConnection(proxy.host, proxy.port, timeout=seconds, context=context)
    )
    answers: list[PatientResponse] = []

    def answer(*args: Any, **fields: Any) -> PatientResponse:
        answers.append(PatientResponse(*args, **fields))
        return answers[-1]

    connection.response_class = answer  # type: ignore[assignment]
    connection.set_tunnel(host, port, {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {})
    try:
        connection.connect()
    except http.client.HTTPException as error:
        connection.close()
        raise BadAnswer(str(error)) from error
    except OSError as error:
        connection.close()
        if str(error).startswith("Tunnel connection failed"):
            raise ProxyRefused(str(error)) from error
        raise
    finally:
        for its in answers:  # Python leaves that to who collects it, before 3.11.4
            its.close()
    return connection.sock


class _ThroughTls(http.client.HTTPSConnection):
    """To a server with TLS, through a proxy that is itself spoken to over TLS."""

    def __init__(self, proxy: Proxy, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(proxy.host, proxy.port, timeout=seconds, context=context)
        self._proxy_name, self._tls = proxy.host, context

    def connect(self) -> None:
        from urllib3.util.ssltransport import SSLTransport

        line = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(line, server_hostname=self._proxy_name)
        self._tunnel()  # type: ignore[attr-defined]
        self.sock = SSLTransport(self.sock, self._tls, server_hostname=self._tunnel_host)  # type: ignore[attr-defined]
