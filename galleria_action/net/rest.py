"""A JSON API of a CI's own server, reached with its token: patient within a given time, and loyal to one host.

The token goes to the server that was named and to no other: redirects and next pages that lead elsewhere are
refused. Rules for waiting are GitHub's ("Rate limits for the REST API", "Best practices"): ``Retry-After``, else
``X-RateLimit-Reset`` where nothing remains, else a minute; other services mean the same by them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import urllib3

_PAGES = 100
_TRIES = 4
_REDIRECTS = 3
_SECONDS_FOR_ONE = 10.0
_LARGEST_ANSWER = 32 * 1024 * 1024
_LONGEST_TEXT = 300
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')


class ApiError(Exception):
    """A request that came to nothing. The text says what the server said, on one line.

    ``status`` is 0 without an answer. ``unsettled`` tells that the server may have done what was asked all the same.
    """

    def __init__(self, message: str, status: int = 0, *, unsettled: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.unsettled = unsettled

    @property
    def refused(self) -> bool:
        """Whether the token may not do this: servers say 404 as well, so as not to tell what there is."""
        return self.status in (401, 403, 404)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Rest:
    """Requests below ``base`` (a URL) with ``headers``; ``environ`` may name a proxy. Nothing is sent at first.

    Every method raises ``ApiError``, at the latest when the time is over that ``allow`` has given.
    """

    base: str
    headers: Mapping[str, str] = field(repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _deadline: float = 0.0
    _opened: Any = None

    def allow(self, seconds: float) -> None:
        """Give ``seconds`` from now on for everything that is asked."""
        self._deadline = self.clock() + seconds

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that the server answers to ``method`` on ``path`` (relative to the base); ``None`` if nothing."""
        return _json(self._request(method, self._url(path), body))

    def pages(self, path: str) -> Iterator[Any]:
        """The items of a list on ``path``, over all its pages."""
        url = self._url(f"{path}?per_page=100")
        for _ in range(_PAGES):
            answer = self._request("GET", url, None)
            items = _json(answer)
            if not isinstance(items, list):
                raise ApiError("the answer is no list")
            yield from items
            following = _NEXT.search(answer.headers.get("link", ""))
            if not following:
                return
            url = self._same_host(urljoin(url, following[1]), "the next page")
        raise ApiError(f"the list does not end after {_PAGES} pages")

    def _request(self, method: str, url: str, body: Any) -> _Answer:
        """Try until it works, until it is clear that it will not, or until the time is over."""
        redirects = 0
        for attempt in count():
            try:
                answer = self._send(method, url, body)
            except ApiError as error:
                failure, wait = error, 0.5 * 2.0**attempt
            else:
                if answer.status < 300:
                    return answer
                if answer.status in (301, 302, 307, 308) and "location" in answer.headers and redirects < _REDIRECTS:
                    url = self._same_host(urljoin(url, answer.headers["location"]), "a redirect")
                    redirects += 1
                    continue
                failure, wait = _failure(answer), _pause(answer, attempt)
            repeatable = wait >= 0 and not (method == "POST" and failure.unsettled)
            if not repeatable or attempt + 1 == _TRIES or self.clock() + wait >= self._deadline:
                raise failure
            self.sleep(wait)
        raise AssertionError("counting has no end")

    def _send(self, method: str, url: str, body: Any) -> _Answer:
        import urllib3

        left = self._deadline - self.clock()
        if left <= 0:
            raise ApiError("no time is left")
        timeout = urllib3.Timeout(connect=min(5.0, left), read=min(_SECONDS_FOR_ONE, left))
        try:
            response = self._pool().request(
                method,
                url,
                body=None if body is None else json.dumps(body),
                headers={**self.headers, **({} if body is None else {"Content-Type": "application/json"})},
                timeout=timeout,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            return _Answer(response.status, _lower(response.headers), self._read(response))
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError) as error:
            raise ApiError(f"{_host(url)} cannot be reached ({type(error).__name__})") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(f"{_host(url)} did not answer ({type(error).__name__})", unsettled=True) from error

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The body, unless it is enormous or trickles in for ever."""
        body = b""
        try:
            while piece := response.read1(1 << 16):
                body += piece
                if len(body) > _LARGEST_ANSWER or self.clock() > self._deadline:
                    raise ApiError("the answer does not end", response.status, unsettled=True)
            return body
        finally:
            response.close()

    def _pool(self) -> urllib3.PoolManager:
        if self._opened is None:
            import urllib3

            proxy = _proxy(self.base, self.environ)
            self._opened = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
        pool: urllib3.PoolManager = self._opened
        return pool

    def _url(self, path: str) -> str:
        return urljoin(f"{self.base}/", path)

    def _same_host(self, url: str, what: str) -> str:
        if _origin(url) != _origin(self.base):
            raise ApiError(f"{what} leads from {_host(self.base)} to another host, where the token must not go")
        return url


def _failure(answer: _Answer) -> ApiError:
    try:
        said = _json(answer)
    except ApiError:
        said = None
    text = str(said.get("message", "")) if isinstance(said, dict) else ""
    details = said.get("errors") if isinstance(said, dict) else None
    more = f" {json.dumps(details)}" if details else ""
    shown = " ".join(f"{text}{more}".split())
    if len(shown) > _LONGEST_TEXT:  # without half a word: it might be half a token, which nothing would hide
        shown = re.sub(r"\S*\Z", "…", shown[:_LONGEST_TEXT], count=1)
    return ApiError(f"{answer.status}{f' {shown}' if shown else ''}", answer.status, unsettled=answer.status >= 500)


def _pause(answer: _Answer, attempt: int) -> float:
    """Seconds after which trying again makes sense; negative when it never does."""
    headers, soon = answer.headers, 0.5 * 2.0**attempt
    spent = headers.get("x-ratelimit-remaining") == "0"
    limited = answer.status == 429 or (answer.status == 403 and (spent or b"rate limit" in answer.body))
    if answer.status < 500 and not limited and not (answer.status == 403 and "retry-after" in headers):
        return -1.0
    if "retry-after" in headers:
        return max(soon, _seconds(headers["retry-after"]))
    if limited:
        return max(soon, _seconds(headers.get("x-ratelimit-reset")) - time.time()) if spent else 60.0
    return soon


def _seconds(text: str | None) -> float:
    return float(text) if text and re.fullmatch(r"[0-9]{1,10}", text) else 0.0


def _json(answer: _Answer) -> Any:
    if not answer.body:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ApiError("the answer is no JSON", answer.status) from error


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the server"


def _proxy(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy for ``url``, by the usual variables in either case."""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    parts = urlsplit(url)
    lower = {name.lower(): value for name, value in environ.items() if name.lower().endswith("_proxy")}
    if proxy_bypass_environment(parts.netloc, {"no": lower.get("no_proxy", "")}):
        return None
    return lower.get(f"{parts.scheme}_proxy") or None
