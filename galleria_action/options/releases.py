"""What is kept of earlier releases, and how one of them comes back."""

from __future__ import annotations

from galleria_action.deployment.releases.terms import Keeping
from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import FLAG, RELEASE, TEXT, count
from galleria_action.options.origin import NEVER
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOptions(Group):
    """Releases: how many are kept, and which one is meant."""

    keep_releases: int = option(
        count(10_000, least=0), "5", "releases before the live one that can be rolled back to; 0 for none", Topic.APPLY
    )
    keep_days: int | None = optional(
        count(36_500), "keep those as well that were live within so many days", Topic.APPLY
    )
    to: str | None = optional(RELEASE, "release that is rolled back to", Topic.RELEASES, config=NEVER)
    steps: int = option(count(10_000), "1", "how many releases to go back", Topic.RELEASES, config=NEVER)
    hold: bool = option(
        FLAG, "false", "refuse deploys after the rollback, until release-hold", Topic.RELEASES, config=NEVER
    )

    photo: str | None = optional(TEXT, "id of the photo that is to be forgotten", Topic.PHOTO, config=NEVER)

    @property
    def keeping(self) -> Keeping:
        """What is kept."""
        return Keeping(self.keep_releases, self.keep_days)
