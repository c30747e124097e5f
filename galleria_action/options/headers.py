"""What is sent with each object."""

from __future__ import annotations

from galleria_action.deployment.delivery import RULES_SCHEMA, HeaderRules
from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import HEADER, Kind
from galleria_action.options.origin import FREE
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderOptions(Group):
    """Headers by the kind of object."""

    cache_control_photos: str = option(
        HEADER, "public, max-age=86400", "Cache-Control of photos", Topic.PLAN, config=FREE
    )
    cache_control_site: str = option(
        HEADER, "public, max-age=0, must-revalidate", "Cache-Control of the site", Topic.PLAN, config=FREE
    )
    cache_control_metadata: str = option(HEADER, "no-cache", "Cache-Control of the metadata", Topic.PLAN, config=FREE)
    headers: HeaderRules | None = optional(
        Kind("RULES", HeaderRules.parse, RULES_SCHEMA),
        "rules by pattern for content-type, content-encoding and cache-control; only in the config file",
        Topic.PLAN,
        only_in_config=True,
    )
