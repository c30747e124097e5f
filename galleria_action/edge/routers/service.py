"""Asks the API of a CDN, with patience; and finds out how a switch ended that nobody answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from galleria_action.deployment.documents.writing import Unsettled
from galleria_action.deployment.routing.router import Routing, Seen, moved
from galleria_action.edge.asking import PASSES
from galleria_action.errors import ConfigInvalid, GalleriaError, PermissionRefused, StorageUnavailable
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Answer, Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.net.rest import after_header
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass, field

_TRIES = 5
_SECONDS = 30.0
_LARGEST = 1 << 20
_LONGEST_WAIT = 60.0


class Lost(Exception):
    """A write that was refused because somebody else has written meanwhile."""


@dataclass
class Service:
    """The API called ``name``, reached over ``network``. ``headers`` makes those of a request (method, host and path,
    body), anew for each try, because a signature holds the time."""

    name: str
    base: str
    headers: Callable[[str, str, bytes], Mapping[str, str]] = field(repr=False)
    network: Network = field(repr=False)
    pause: Pause = field(repr=False)

    def ask(
        self, method: str, path: str, body: bytes = b"", more: Mapping[str, str] | None = None, absent: bool = False
    ) -> Answer:
        """The answer to ``method`` on ``path`` if it is a success, or where something may be ``absent`` a 404.

        Raises ``Lost`` for a condition that does not hold, ``StorageUnavailable``, ``PermissionRefused`` and
        ``ConfigInvalid``.
        """
        http, url = Http(self.network, loyal=True), self.base + path
        for attempt in range(_TRIES):
            wait = 0.5 * 2.0**attempt
            headers = {**self.headers(method, path, body), **(more or {})}
            try:
                answer = http.ask(method, url, headers=headers, seconds=_SECONDS, most=_LARGEST, body=body or None)
            except (NoAnswer, TooLong) as error:
                failure: GalleriaError = StorageUnavailable(f"{self.name}: {error or 'the answer does not end'}.")
            else:
                if 200 <= answer.status < 300 or (absent and answer.status == 404):
                    return answer
                if answer.status in (409, 412):
                    raise Lost
                failure = self._refused(answer)
                if answer.status not in PASSES:
                    raise failure
                wait = max(wait, min(_LONGEST_WAIT, after_header(answer.headers.get("retry-after"))))
            if attempt + 1 == _TRIES or not self.pause(wait):
                raise failure
        raise AssertionError("the last try raises")

    def settled(self, send: Callable[[], object], wanted: Routing, seen: Seen, look: Callable[[], Seen]) -> Seen:
        """What is in force after ``send``. Raises ``Conflict`` where somebody else was faster, ``Unsettled`` where
        nobody can tell, and what ``send`` raises where it is certain that it came to nothing."""
        try:
            send()
            problem: GalleriaError | None = None
        except Lost:
            problem = None
        except StorageUnavailable as error:
            problem = error
        try:
            now = look()
        except GalleriaError as unreadable:
            raise Unsettled(self.name, unreadable) from unreadable
        if (now.routing.live, now.routing.canary) == (wanted.live, wanted.canary):
            return now
        if problem and now.routing == seen.routing:
            raise problem
        raise moved(self.name)

    def _refused(self, answer: Answer) -> GalleriaError:
        said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
        about = f"{self.name} answers with {answer.status}: {said}"
        if answer.status in (401, 403):
            return PermissionRefused(
                about, hint="Is the credential right, and may it do this? docs/releases.md names the permissions."
            )
        if answer.status in PASSES:
            return StorageUnavailable(about, hint="Run again. Visitors see what they saw before.")
        return ConfigInvalid(about, hint="Is what the option router names right?")
