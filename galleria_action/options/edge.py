"""What lies between the bucket and its visitors: caches that are purged, and a look from outside."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from galleria_action.deployment.caches import Cache, parse_caches
from galleria_action.options.declaration import Group, Mistake, Topic, option, optional
from galleria_action.options.kinds import FLAG, choice, count, lines
from galleria_action.options.origin import tighten
from galleria_action.values import dataclass


class Purge(StrEnum):
    """What a cache that could not be purged does."""

    WARN = "warn"
    FAIL = "fail"


class Probe(StrEnum):
    """What a look as a visitor does, when it does not see what was deployed."""

    OFF = "off"
    WARN = "warn"
    FAIL = "fail"
    ROLLBACK = "rollback"


_WRITING = Topic.APPLY | Topic.RELEASES | Topic.PHOTO | Topic.PREVIEW
_TOPICS = _WRITING | Topic.VERIFY


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOptions(Group):
    """Caches, and the probe."""

    cdn: tuple[Cache, ...] | None = optional(
        lines("CACHES", parse_caches),
        "caches to purge, one a line: cloudfront:<distribution>, cloudflare:<zone>, bunny:<zone or url>, "
        "fastly:<service>, keycdn:<zone>, webhook:<url>",
        _WRITING,
    )
    invalidate_cdn: bool = option(FLAG, "true", "purge the caches of cdn; false leaves it to a later run", _WRITING)
    purge: Purge = option(
        choice(Purge),
        "warn",
        "what a cache that could not be purged does; it is owed in either case",
        _WRITING,
        config=tighten(Purge.WARN, Purge.FAIL),
    )
    purge_max: int = option(
        count(30_000), "30", "addresses that are purged one by one; more are collapsed to folders", _WRITING
    )
    purge_wait: bool = option(FLAG, "false", "wait until a purge is in force, where the service tells", _WRITING)
    probe: Probe = option(
        choice(Probe),
        "off",
        "look as a visitor whether all is there, at public-url: off, warn, fail, or rollback, which takes the "
        "release back",
        _TOPICS,
    )
    probe_timeout: int = option(count(3_600), "120", "seconds until visitors have to see what was deployed", _TOPICS)

    @property
    def caches(self) -> tuple[Cache, ...]:
        """The caches that are named."""
        return self.cdn or ()

    def needs_public_url(self) -> Iterator[Mistake]:
        """What cannot be done without ``public-url``."""
        text = "needs public-url, the address at which visitors see the gallery"
        if any(cache.needs_site for cache in self.caches):
            yield Mistake("cdn", text, ("public-url",))
        if self.probe is not Probe.OFF:
            yield Mistake("probe", text, ("public-url",))
