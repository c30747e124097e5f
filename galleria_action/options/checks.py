"""What is checked in the bucket."""

from __future__ import annotations

from enum import StrEnum

from galleria_action.options.declaration import Group, Topic, option
from galleria_action.options.kinds import FLAG, choice
from galleria_action.options.origin import tighten
from galleria_action.values import dataclass


class Verify(StrEnum):
    """How the bucket is compared with what it should hold."""

    LIST = "list"
    DEEP = "deep"
    OFF = "off"


class Cors(StrEnum):
    """What missing CORS rules do."""

    REQUIRE = "require"
    WARN = "warn"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions(Group):
    """Checks of the bucket and of its rules."""

    verify: Verify = option(
        choice(Verify),
        "list",
        "how the bucket is checked: list (present, size, ETag), deep (download and hash), off",
        Topic.PLAN | Topic.VERIFY,
        config=tighten(Verify.OFF, Verify.LIST, Verify.DEEP),
    )
    cors: Cors = option(
        choice(Cors),
        "require",
        "what missing CORS rules do; require stops",
        Topic.PLAN,
        config=tighten(Cors.SKIP, Cors.WARN, Cors.REQUIRE),
    )
    setup_cors: bool = option(
        FLAG,
        "false",
        "write the default gallery rules when they are missing or differ",
        Topic.PLAN | Topic.CORS,
        config=tighten(True, False),
    )
