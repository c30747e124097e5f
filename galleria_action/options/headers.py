"""What is sent with each object."""

from __future__ import annotations

from dataclasses import dataclass

from galleria_action.options.declaration import Group, Topic, option
from galleria_action.options.kinds import HEADER


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderOptions(Group):
    """Headers by the kind of object."""

    cache_control_photos: str = option(HEADER, "public, max-age=86400", "Cache-Control of photos", Topic.PLAN)
    cache_control_site: str = option(
        HEADER, "public, max-age=0, must-revalidate", "Cache-Control of the site", Topic.PLAN
    )
    cache_control_metadata: str = option(HEADER, "no-cache", "Cache-Control of the metadata", Topic.PLAN)
