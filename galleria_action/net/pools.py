"""urllib3's connections, with our patience. Imported when something is asked, because urllib3 takes its time."""

from __future__ import annotations

from ssl import SSLContext
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from galleria_action.net.patient import PatientResponse
from galleria_action.net.proxies import Proxy

#: from the first byte of an answer on
SECONDS = 30.0


class _Response(PatientResponse):
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, seconds=SECONDS, **named)


class _Plain(HTTPConnection):
    response_class = _Response


class _Secure(HTTPSConnection):
    response_class = _Response


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


def open_pools(proxy: Proxy | None, context: SSLContext | None) -> urllib3.PoolManager:
    """Connections that go through ``proxy``, where there is one. Without a ``context`` none of them may be secure."""
    if proxy:
        secret = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
        pools: urllib3.PoolManager = urllib3.ProxyManager(proxy.url, proxy_headers=secret, ssl_context=context)
    else:
        pools = urllib3.PoolManager(ssl_context=context)
    pools.pool_classes_by_scheme = {"http": _PlainPool, **({"https": _SecurePool} if context else {})}
    return pools
