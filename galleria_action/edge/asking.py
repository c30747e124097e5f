"""Asks a service until it has done what is asked, or time is over: patient, and never for ever."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from galleria_action.errors import ConfigInvalid, PurgeFailed
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Answer, Astray, Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.net.rest import after_header
from galleria_action.values import dataclass, field

_TRIES = 6
_FIRST_WAIT_SECONDS = 0.5
_LARGEST_ANSWER = 1 << 20
_LONGEST_TEXT = 300
#: statuses after which the same request may well succeed
PASSES = frozenset((408, 425, 429, 500, 502, 503, 504))


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. ``headers`` are made anew for each try, because a signature holds the time."""

    method: str
    url: str
    headers: Callable[[], Mapping[str, str]] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass
class Asker:
    """Asks over ``network``; everything together has ``seconds``. ``pause`` waits and says whether to go on."""

    network: Network = field(repr=False)
    seconds: float
    pause: Callable[[float], bool]
    clock: Callable[[], float] = time.monotonic
    _end: float = 0.0

    def __post_init__(self) -> None:
        self._http = Http(self.network, loyal=True, clock=self.clock)
        self._end = self.clock() + self.seconds

    def ask(self, request: Request, what: str, later: Callable[[Answer], float | None] = lambda answer: None) -> Answer:
        """The answer to ``request``, if it is a success (2xx). ``what`` names the service in errors.

        Tried again where that may help: after what the service asks for (``Retry-After``), or what ``later`` says of an
        answer in seconds. Raises ``PurgeFailed``.
        """
        for attempt in range(_TRIES):
            soon = _FIRST_WAIT_SECONDS * 2.0**attempt
            try:
                answer = self._once(request)
            except NoAnswer as error:
                failure = _unanswered(what, str(error))
                wait = -1.0 if isinstance(error, Astray) else soon
            else:
                if 200 <= answer.status < 300:
                    return answer
                failure, wait = _refused(what, answer), _wait(answer, soon, later(answer))
            left = self._end - self.clock()
            if wait < 0 or attempt + 1 == _TRIES or wait >= left or not self.pause(wait):
                raise failure
        raise AssertionError("the last try raises")

    def wait(self, seconds: float) -> bool:
        """Wait, and say whether there is time left."""
        return seconds < self._end - self.clock() and self.pause(seconds)

    def _once(self, request: Request) -> Answer:
        left = self._end - self.clock()
        try:
            return self._http.ask(
                request.method,
                request.url,
                headers=request.headers(),
                seconds=min(30.0, left),
                most=_LARGEST_ANSWER,
                body=request.body,
            )
        except TooLong:
            raise NoAnswer("the answer does not end") from None
        except ConfigInvalid as error:
            raise Astray(error.message) from error


def json_of(answer: Answer) -> Any:
    """The document in ``answer``; ``None`` where there is none."""
    try:
        return json.loads(answer.body) if answer.body else None
    except (ValueError, RecursionError):
        return None


def _wait(answer: Answer, soon: float, later: float | None) -> float:
    """Seconds until the next try; negative where there is to be none."""
    if later is None and answer.status not in PASSES:
        return -1.0
    return max(soon, later or 0.0, after_header(answer.headers.get("retry-after")))


def _unanswered(what: str, why: str) -> PurgeFailed:
    return PurgeFailed(f"{what}: {why}.", hint="The purge is owed; the next run tries again.")


def _refused(what: str, answer: Answer) -> PurgeFailed:
    text = " ".join(_said(answer).split())[:_LONGEST_TEXT]
    about = f"{answer.status}{f' ({text})' if text else ''}"
    if answer.status in (401, 403):
        return PurgeFailed(
            f"{what} does not permit the purge: it answers with {about}.",
            hint="Is the credential right, and may it purge? docs/edge.md names the permission for each service.",
        )
    if answer.status == 404:
        return PurgeFailed(
            f"{what} does not know what is to be purged: it answers with {about}.",
            hint="Is the id in the option cdn right, and does the credential belong to the same account?",
        )
    return PurgeFailed(f"{what} answers with {about}.", hint="The purge is owed; the next run tries again.")


def _said(answer: Answer) -> str:
    """What a service says of a refusal, in one of the ways that they have."""
    document = json_of(answer)
    if isinstance(document, dict):
        errors = document.get("errors")
        first = errors[0] if isinstance(errors, list) and errors else {}
        named = first.get("message") if isinstance(first, dict) else None
        told = named or next(
            (document[it] for it in ("msg", "Message", "message", "description") if document.get(it)), ""
        )
        return str(told)
    text = answer.body[:4096].decode("utf-8", "replace")
    for name in ("Message", "Code"):
        start, end = text.find(f"<{name}>"), text.find(f"</{name}>")
        if 0 <= start < end:
            return text[start + len(name) + 2 : end]
    return "" if "<" in text else text
