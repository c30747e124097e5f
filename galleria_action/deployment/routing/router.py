"""Which of the galleries below a target visitors are sent to, and what sends them.

A router may be a document in the bucket, a link on a disk, the configuration of a CDN. All say the same: which folder
is live, since when, and which one is on trial with a share of the visitors. ``schemas/live.schema.json`` is that as a
document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from galleria_action.deployment.layout import SLOTS, Layout
from galleria_action.errors import ConfigInvalid, Conflict
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.persistence import Pause
from galleria_action.values import dataclass, replace

_SCHEMA = 1
_TIME = "%Y-%m-%dT%H:%M:%SZ"
#: The edge may keep a visitor for a minute on the folder that the page came from, and what it is told for ten seconds
#: (schemas/live.schema.json). So for a slot that visitors were sent away from this long is what they may still need.
LEFT_ALONE_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Canary:
    """A gallery on trial: so many ``percent`` of the visitors get it, chosen by ``salt`` (hex digits)."""

    layout: Layout
    percent: int
    salt: str


@dataclass(frozen=True, slots=True)
class Routing:
    """Visitors are sent to ``live`` since then (``None``: for as long as anybody knows)."""

    live: Layout = Layout.IN_PLACE
    since: datetime | None = None
    canary: Canary | None = None

    @property
    def idle(self) -> Layout:
        """The slot that nobody is sent to."""
        return next(it for it in map(Layout.slot, SLOTS) if it != self.live)

    def left_alone(self, now: datetime, lag: float) -> float:
        """Seconds for which visitors may still need the slot that they were sent away from, by a router that needs
        ``lag`` seconds to have all of them hear of it."""
        if self.since is None or not LEFT_ALONE_SECONDS:
            return 0.0
        return max(0.0, (self.since + timedelta(seconds=LEFT_ALONE_SECONDS + lag) - now).total_seconds())

    def to_bytes(self) -> bytes:
        """The document that is stored."""
        canary = self.canary and {
            "folder": self.canary.layout.folder, "percent": self.canary.percent, "salt": self.canary.salt,
        }  # fmt: skip
        since = (self.since or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
        document = {"schema": _SCHEMA, "live": self.live.folder, "since": f"{since:{_TIME}}", "canary": canary}
        return json.dumps(document, separators=(",", ":")).encode()

    def on_trial(self, layout: Layout, percent: int, plan_id: str) -> Routing:
        """The same with ``layout`` on trial."""
        salt = hashlib.sha256(f"{plan_id} {layout.folder}".encode()).hexdigest()[:16]
        return replace(self, canary=Canary(layout, percent, salt))

    def switched(self, live: Layout, now: datetime) -> Routing:
        """All visitors are sent to ``live`` from ``now`` on."""
        return Routing(live, now.replace(microsecond=0))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a router was seen to do, and what a change of it has to match: ``token`` is the router's own."""

    routing: Routing
    token: str | None = None


class Router(Protocol):
    """What sends visitors. Every method may raise the storage's errors and what the service's say. ``lag_seconds`` is
    how long some visitors may not hear of a switch that is in force as far as anybody can tell."""

    lag_seconds: float

    def look(self) -> Seen:
        """What it does at this moment. Raises ``ConfigInvalid`` where somebody else has taken it for other things."""

    def send(self, routing: Routing, seen: Seen) -> Seen:
        """Have it do that, where it still does what was ``seen``. Raises ``Conflict`` where it does not."""

    def wait(self, seen: Seen, pause: Pause, check: Callable[[], None]) -> None:
        """Wait until what was ``seen`` is in force for all visitors. ``check`` may raise."""


@dataclass(frozen=True, slots=True)
class Slots:
    """A gallery in slots: ``store`` is rooted at the target, ``router`` was ``seen`` to do so; where there is none the
    gallery in place is live, and gets what was proved in the slot by copies. ``now`` tells the time."""

    store: WriteStore
    router: Router | None
    seen: Seen
    now: Callable[[], datetime]

    @property
    def live(self) -> Layout:
        """Where the live gallery lies."""
        return self.seen.routing.live

    @property
    def idle(self) -> Layout:
        """The slot that may be filled."""
        return self.seen.routing.idle

    def check(self) -> None:
        """Raise ``Conflict`` where visitors were sent elsewhere since. Under our claim nobody else does."""
        if self.router and self.router.look() != self.seen:
            raise moved("the router")


def parse_routing(raw: bytes, name: str) -> Routing:
    """Read a stored document, which lies under ``name``. What cannot be understood is never followed, nor written over:
    nobody would know what visitors see. Raises ``ConfigInvalid``."""
    try:
        document = json.loads(raw)
        if document["schema"] != _SCHEMA:
            raise ValueError(f"it has schema {str(document['schema'])[:20]}, this version reads {_SCHEMA}")
        canary = document["canary"]
        return Routing(Layout.at(_text(document["live"])), _since(document["since"]), canary and _canary(canary))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ConfigInvalid(
            f"{name}, which says where visitors are sent, cannot be understood ({error}). Nothing was written.",
            hint="Was it written by a newer version, or by another program? Then use that version, or give the gallery "
            "another prefix.",
        ) from error


def moved(name: str) -> Conflict:
    """The loser's error."""
    return Conflict(
        f"Another deploy has sent visitors elsewhere meanwhile: {name} is not as this run has seen it. Nothing was "
        "switched.",
        hint="Run again: a new plan is made against what is live now.",
    )


def _canary(value: Any) -> Canary:
    percent, salt = value["percent"], _text(value["salt"])
    if type(percent) is not int or not 1 <= percent <= 99 or not 1 <= len(salt) <= 64:
        raise ValueError("its canary has a wrong share")
    return Canary(Layout.at(_text(value["folder"])), percent, salt)


def _since(value: Any) -> datetime | None:
    since = datetime.strptime(_text(value), _TIME).replace(tzinfo=UTC)
    return since if since.year > 1970 else None


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("something in it has a wrong type")
    return value
