"""``live.json`` in the bucket, beside the slots: edge code, or a web server, reads it for each request."""

from __future__ import annotations

import time
from collections.abc import Callable

from galleria_action.deployment.documents.writing import commit
from galleria_action.deployment.layout import LIVE_KEY
from galleria_action.deployment.model import Base
from galleria_action.deployment.routing.router import Routing, Seen, moved, parse_routing
from galleria_action.errors import Conflict
from galleria_action.storage.interface import Headers, WriteStore
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass, field

_HEADERS = Headers("application/json", "no-cache")
_MOST = 1 << 14


@dataclass
class Pointer:
    """A ``Router``. ``store`` is rooted at the target. Some services take a write of one object every so many seconds
    (``apart``), and refuse what comes before: R2 one a second. Or they take so many ``at_once`` in the time of as many:
    DigitalOcean five in five minutes, of which one is left for the run before."""

    store: WriteStore
    apart: float
    pause: Pause
    at_once: int = 1
    clock: Callable[[], float] = time.monotonic
    lag_seconds: float = 0.0
    _written: list[float] = field(default_factory=list)

    def look(self) -> Seen:
        """See ``Router.look``."""
        found = self.store.get(LIVE_KEY, _MOST)
        return Seen(parse_routing(found.body, LIVE_KEY), found.etag) if found else Seen(Routing())

    def send(self, routing: Routing, seen: Seen) -> Seen:
        """See ``Router.send``."""
        ours = max(1, self.at_once - 1)
        if len(self._written) >= ours:
            left = self._written[-ours] + self.at_once * self.apart - self.clock()
            if left > 0:
                self.pause(left)
        base = Base("", seen.token) if seen.token is not None else None
        body = routing.to_bytes()
        try:
            done = commit(self.store, LIVE_KEY, body, _HEADERS, base)
        except Conflict as refused:
            raise moved(LIVE_KEY) from refused
        self._written.append(self.clock())
        return Seen(parse_routing(body, LIVE_KEY), done.etag)

    def wait(self, seen: Seen, pause: Pause, check: Callable[[], None]) -> None:
        """See ``Router.wait``: whoever asks the bucket gets it at once."""
