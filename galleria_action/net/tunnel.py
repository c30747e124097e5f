"""A line to a server with TLS, through a proxy. Imported where there is one: Python's own client asks it."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Any

from galleria_action.net.answer import BadAnswer
from galleria_action.net.patient import PatientResponse
from galleria_action.net.proxies import Proxy, ProxyRefused


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
    connection.response_class = PatientResponse
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
