"""Asks as a visitor does, again and again until it is right or time is over: caches, DNS and load balancers take it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from galleria_action.edge.probe.expected import Expected
from galleria_action.edge.probe.judging import Grade, Remark, judged, judged_by_others, told_by_caches
from galleria_action.errors import ConfigInvalid
from galleria_action.hands import Hands
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Answer, Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.storage.public_store import public_address
from galleria_action.values import dataclass

_HANDS = 4
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 10.0
_SECONDS = 20.0
#: requests of one probe, whatever comes of them
_MOST_REQUESTS = 500
#: of a document whose size nobody knows, and beyond what is expected of others
_LARGEST, _MORE = 32 << 20, 64 << 10
_DAYS_LEFT = 7


@dataclass(frozen=True, slots=True)
class Seen:
    """How many addresses were looked at, for how many ``seconds``, and what is to be said of them."""

    looked_at: int
    seconds: float
    remarks: tuple[Remark, ...]
    about_caches: str = ""

    def graded(self, *grades: Grade) -> tuple[Remark, ...]:
        """The remarks of these grades."""
        return tuple(it for it in self.remarks if it.grade in grades)


@dataclass
class Visitor:
    """Visits the gallery at ``url`` over ``network`` for at most ``seconds``. ``cors`` says how bad it is that other
    sites may not read it (``None``: nobody cares). ``pause`` waits and says whether to go on. ``cookie`` gives the
    cookies that are brought along, anew for each request: a cookie may hold the time."""

    url: str
    network: Network
    seconds: float
    pause: Callable[[float], bool]
    cors: Grade | None = None
    clock: Callable[[], float] = time.monotonic
    cookie: Callable[[], str] = str

    def glance(self, expected: Expected) -> Answer | None:
        """What one address is answered with at this moment; ``None`` where it cannot be had."""
        try:
            return self._ask(Http(self.network, loyal=True, clock=self.clock), expected, {})
        except (NoAnswer, TooLong, ConfigInvalid):
            return None

    def look(self, expected: Sequence[Expected]) -> Seen:
        """Look at all that is ``expected``, at what is not right again and again. Never raises."""
        began, wait, asked = self.clock(), _FIRST_WAIT_SECONDS, 0
        remarks: dict[str, tuple[Remark, ...]] = {}
        waiting, about = list(expected), ""
        http = Http(self.network, loyal=True, clock=self.clock)
        while waiting and asked < _MOST_REQUESTS:
            asked += len(waiting)
            with Hands(_HANDS, "visitor") as hands:
                seen = list(hands.map(lambda it: self._look_at(http, it, first=it is expected[0]), waiting))
            about = about or next((text for it, (text, _) in zip(waiting, seen, strict=True) if it is expected[0]), "")
            remarks |= {it.key: found for it, (_, found) in zip(waiting, seen, strict=True)}
            waiting = [it for it in waiting if any(found.grade is not Grade.ODD for found in remarks[it.key])]
            left = began + self.seconds - self.clock()
            if not waiting or left <= 0 or not self.pause(min(wait, left)):
                break
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
        told = (*(it for found in remarks.values() for it in found), *self._certificate())
        return Seen(len(expected), self.clock() - began, told, about)

    def _look_at(self, http: Http, expected: Expected, *, first: bool) -> tuple[str, tuple[Remark, ...]]:
        """What caches say, and what is to be said. Only of the ``first`` it is asked whether others may read it: some
        caches keep what is asked for with an ``Origin`` apart from what visitors get."""
        others = self.cors if first else None
        try:
            answer = self._ask(http, expected, {})
            found = list(judged(expected, answer))
            if others:
                asked = self._ask(http, expected, {"Origin": "://".join(urlsplit(self.url)[:2])})
                found += judged_by_others(expected, asked, others)
        except TooLong:
            larger = Remark(expected.key, Grade.WRONG, "is larger than what was deployed")
            return "", () if expected.gone else (larger,)
        except (NoAnswer, ConfigInvalid) as error:
            return "", (Remark(expected.key, Grade.WRONG, f"cannot be had: {error}"),)
        return told_by_caches(answer), tuple(found)

    def _ask(self, http: Http, expected: Expected, headers: Mapping[str, str]) -> Answer:
        most = _LARGEST if expected.size is None else expected.size + _MORE
        url, named = public_address(self.url, expected.key), {"User-Agent": "galleria-action", **headers}
        if cookie := self.cookie():
            named["Cookie"] = cookie
        return http.ask("GET", url, headers=named, seconds=_SECONDS, most=most)

    def _certificate(self) -> Iterable[Remark]:
        """How long the certificate is good for. Behind a proxy, and where nobody answers, that is not looked at."""
        parts = urlsplit(self.url)
        if parts.scheme != "https" or not parts.hostname or self.network.proxies.for_url(self.url):
            return
        try:
            with (
                socket.create_connection((parts.hostname, parts.port or 443), _SECONDS) as line,
                self.network.trust.context().wrap_socket(line, server_hostname=parts.hostname) as secure,
            ):
                ends = str((secure.getpeercert() or {}).get("notAfter", ""))
            left = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - datetime.now(UTC)
        except (OSError, ValueError, ConfigInvalid):
            return
        if left.days < _DAYS_LEFT:
            days = "day" if left.days == 1 else "days"
            yield Remark("", Grade.AROUND, f"The certificate of {parts.hostname} ends in {left.days} {days}")
