"""Under what a release is made, and how many of them are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from galleria_action.deployment.releases.record import Kind, Release, TakenFrom, Who
from galleria_action.values import dataclass, field


@dataclass(frozen=True, slots=True)
class Keeping:
    """What can be rolled back to: so many ``releases`` before the live one, and those that were live within so many
    ``days``."""

    releases: int = 5
    days: int | None = None

    @property
    def anything(self) -> bool:
        """Whether anything is kept at all."""
        return bool(self.releases or self.days)

    def kept(self, releases: Sequence[Release], now: datetime) -> Sequence[Release]:
        """The end of ``releases`` (the oldest first, the last one live) that is kept: with the live one."""
        return releases[self.dropped([release.at for release in releases], now) :]

    def dropped(self, made: Sequence[datetime], now: datetime) -> int:
        """How many of the releases that were ``made`` at these times are not kept."""
        first = max(0, len(made) - 1 - self.releases)
        since = None if self.days is None else now - timedelta(days=self.days)
        while first and since and made[first] >= since:  # it is when the one before ceased to be live
            first -= 1
        return first


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """Who makes a release, when and how, and what is kept. ``restores`` is the release whose state it brings back,
    ``previous`` the one that a step back from it leads to; ``despite_hold`` says that a hold of deploys does not
    concern it. ``forgets`` is the id of a photo of which nothing is kept. ``taken_from`` is the release of another
    environment that it takes over, ``strategy`` how it goes live."""

    keep: Keeping = Keeping()
    who: Who = field(default_factory=Who)
    now: Callable[[], datetime] = field(default=_now)
    kind: Kind = Kind.DEPLOY
    restores: str | None = None
    previous: str | None = None
    despite_hold: bool = False
    forgets: str | None = None
    strategy: str = "rolling"
    taken_from: TakenFrom | None = None
