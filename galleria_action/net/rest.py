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
from itertools import count
from typing import Any
from urllib.parse import urljoin

from galleria_action.errors import ConfigInvalid
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Answer, Astray, Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.values import dataclass, field

_PAGES = 100
_TRIES = 4
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
    _http: Http = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._http = Http(Network.of(self.environ), loyal=True, clock=self.clock)

    def allow(self, seconds: float) -> None:
        """Give ``seconds`` from now on for everything that is asked."""
        self._deadline = self.clock() + seconds

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that the server answers to ``method`` on ``path`` (relative to the base); ``None`` if nothing."""
        return _json(self._request(method, self._url(path), body))

    def pages(self, path: str) -> Iterator[Any]:
        """The items of a list on ``path``, which may have a query, over all its pages."""
        url = self._url(f"{path}{'&' if '?' in path else '?'}per_page=100")
        for _ in range(_PAGES):
            answer = self._request("GET", url, None)
            items = _json(answer)
            if not isinstance(items, list):
                raise ApiError("the answer is not a list")
            yield from items
            following = _NEXT.search(answer.headers.get("link", ""))
            if not following:
                return
            url = self._next_page(url, following[1])
        raise ApiError(f"the list does not end after {_PAGES} pages")

    def _next_page(self, url: str, location: str) -> str:
        try:
            return self._http.follow(url, location, "the next page")
        except Astray as astray:
            raise ApiError(str(astray)) from None

    def _request(self, method: str, url: str, body: Any) -> Answer:
        """Try until it works, until it is clear that it will not, or until the time is over."""
        for attempt in count():
            try:
                answer = self._send(method, url, body)
            except ApiError as error:
                failure, wait = error, -1.0 if isinstance(error.__cause__, Astray) else 0.5 * 2.0**attempt
            else:
                if answer.status < 300:
                    return answer
                failure, wait = _failure(answer), _pause(answer, attempt)
            repeatable = wait >= 0 and not (method == "POST" and failure.unsettled)
            if not repeatable or attempt + 1 == _TRIES or self.clock() + wait >= self._deadline:
                raise failure
            self.sleep(wait)
        raise AssertionError("counting has no end")

    def _send(self, method: str, url: str, body: Any) -> Answer:
        try:
            return self._http.ask(
                method,
                url,
                headers={**self.headers, **({} if body is None else {"Content-Type": "application/json"})},
                body=None if body is None else json.dumps(body).encode(),
                seconds=self._deadline - self.clock(),
                most=_LARGEST_ANSWER,
            )
        except TooLong:
            raise ApiError("the answer does not end", unsettled=True) from None
        except NoAnswer as error:
            raise ApiError(str(error), unsettled=error.unsettled) from error
        except ConfigInvalid as error:
            raise ApiError(error.message) from error

    def _url(self, path: str) -> str:
        return urljoin(f"{self.base}/", path)


def _failure(answer: Answer) -> ApiError:
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


def _pause(answer: Answer, attempt: int) -> float:
    """Seconds after which trying again makes sense; negative when it never does."""
    headers, soon = answer.headers, 0.5 * 2.0**attempt
    spent = headers.get("x-ratelimit-remaining") == "0"
    limited = answer.status == 429 or (answer.status == 403 and (spent or b"rate limit" in answer.body))
    if answer.status < 500 and not limited and not (answer.status == 403 and "retry-after" in headers):
        return -1.0
    if "retry-after" in headers:
        return max(soon, after_header(headers["retry-after"]))
    if limited:
        return max(soon, after_header(headers.get("x-ratelimit-reset")) - time.time()) if spent else 60.0
    return soon


def after_header(text: str | None) -> float:
    """The seconds that a header such as ``Retry-After`` names; 0 for a date, or anything else."""
    return float(text) if text and re.fullmatch(r"[0-9]{1,10}", text) else 0.0


def _json(answer: Answer) -> Any:
    if not answer.body:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise ApiError("the answer is not JSON", answer.status) from error
