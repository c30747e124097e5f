"""The client for everything that is not the data plane of a bucket: APIs of CIs, public galleries, caches.

Every answer is bounded in bytes and in time, whoever gives it, and redirects are followed by one rule.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from galleria_action.net.encoding import TooLong
from galleria_action.net.network import Network
from galleria_action.values import dataclass, field

if TYPE_CHECKING:
    import urllib3

_CONNECT_SECONDS = 5.0
_SECONDS_BETWEEN_PACKETS = 10.0
_PIECE = 1 << 16
_REDIRECTS = 3
_REDIRECTED = frozenset((301, 302, 307, 308))


class NoAnswer(Exception):
    """A request that was not answered as one can use it; the text says why, on one line, and names the host.

    ``unsettled`` tells that the server may have done what was asked all the same.
    """

    def __init__(self, message: str, *, unsettled: bool = False) -> None:
        super().__init__(message)
        self.unsettled = unsettled


class Astray(NoAnswer):
    """A redirect that is not followed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. ``headers`` by lower-case name; the body is as it was sent, compressed or not."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Http:
    """Asks servers over ``network``. A ``loyal`` client, whose headers hold a secret, stays with the scheme, host and
    port it was told: redirects that lead elsewhere raise ``Astray``. Others follow a few, but not from https to http.
    """

    network: Network = field(repr=False)
    loyal: bool
    clock: Callable[[], float] = time.monotonic
    _pools: dict[tuple[str, bool], urllib3.PoolManager] = field(default_factory=dict, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        seconds: float,
        most: int,
        body: bytes | None = None,
    ) -> Answer:
        """The answer to ``method`` on ``url``, whatever its status, within ``seconds`` in all.

        Raises ``NoAnswer`` without one, and ``TooLong`` for a body of more than ``most`` bytes.
        """
        end = self.clock() + seconds
        for _ in range(_REDIRECTS + 1):
            answer = self._once(method, url, headers, body, end, most)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTED or not location:
                return answer
            url = self.follow(url, location, "a redirect")
        return answer

    def follow(self, url: str, location: str, what: str) -> str:
        """The address that ``location`` means on ``url``. Raises ``Astray`` where this client must not go there;
        ``what`` names it in the text."""
        there = urljoin(url, location)
        old, new = urlsplit(url), urlsplit(there)
        if _origin(old) == _origin(new):
            return there
        if new.scheme == "https" and old.scheme == "http" and old.hostname == new.hostname:
            if not self.loyal:
                return there
            raise Astray(f"{what} leads from http to https: write https://{old.hostname} in the address")
        if self.loyal:
            raise Astray(f"{what} leads from {old.hostname} to another host, where the token must not go")
        if new.scheme != old.scheme and new.scheme != "https":
            raise Astray(f"{what} leads from {old.hostname} to an address that is not secure")
        return there

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, end: float, most: int
    ) -> Answer:
        import urllib3

        left, host = end - self.clock(), urlsplit(url).hostname or "the server"
        if left <= 0:
            raise NoAnswer("no time is left")
        try:
            response = self._pool(url).request(
                method,
                url,
                body=body,
                headers={"Accept-Encoding": "identity", **headers},
                timeout=urllib3.Timeout(connect=min(_CONNECT_SECONDS, left), read=min(_SECONDS_BETWEEN_PACKETS, left)),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, lowered, self._read(response, end, most, host))
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise NoAnswer(f"{host} cannot be reached ({_why(error)})") from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise NoAnswer(f"{host} did not answer ({type(error).__name__})", unsettled=True) from error

    def _read(self, response: urllib3.BaseHTTPResponse, end: float, most: int, host: str) -> bytes:
        """The body, unless it is longer than asked for or trickles in for ever."""
        body = bytearray()
        try:
            while piece := response.read1(_PIECE, decode_content=False):
                body += piece
                if len(body) > most:
                    raise TooLong
                if self.clock() > end:
                    raise NoAnswer(f"the answer of {host} does not end", unsettled=True)
            return bytes(body)
        finally:
            response.close()

    def _pool(self, url: str) -> urllib3.PoolManager:
        from galleria_action.net.pools import open_pools

        proxy = self.network.proxies.for_url(url)
        secure = "https" in (urlsplit(url).scheme, proxy.scheme if proxy else "")
        way = (proxy.url if proxy else "", secure)
        with self._opening:  # reading the system's certificates takes longer than a request, and once is enough
            if way not in self._pools:
                self._pools[way] = open_pools(proxy, self.network.trust.context() if secure else None)
            return self._pools[way]


def _why(error: Exception) -> str:
    """Why no connection was made, for people."""
    import urllib3

    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "its name is not known"
    return "it takes no connection" if isinstance(error, urllib3.exceptions.NewConnectionError) else "it is silent"


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
