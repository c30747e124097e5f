"""What a deploy may do without being asked again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from galleria_action.deployment.guards import DeleteLimit
from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import FLAG, PLAN_ID, choice, parsed


class Orphans(StrEnum):
    """What objects that no metadata names do."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"
    DELETE = "delete"


class PlanApproval(StrEnum):
    """What a plan does that reviewers have not seen."""

    OFF = "off"
    WARN = "warn"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOptions(Group):
    """Guards against what was not meant."""

    force: bool = option(FLAG, "false", "upload every photo whatever the hashes say", Topic.PLAN)
    max_delete: DeleteLimit = option(
        parsed("TEXT", DeleteLimit.parse, "string", "integer"),
        "25%",
        "refuse a plan that deletes more photos: a count, or a share of the remote ones",
        Topic.PLAN,
    )
    allow_empty: bool = option(
        FLAG, "false", "permit a gallery with no photos to replace one that has some", Topic.PLAN
    )
    orphans: Orphans = option(
        choice(Orphans), "fail", "what objects that no metadata names do", Topic.PLAN | Topic.VERIFY
    )
    approved_plan: str | None = optional(PLAN_ID, "plan id that must match", Topic.PLAN)
    plan_approval: PlanApproval = option(
        choice(PlanApproval),
        "off",
        "what a plan does that is not the one in the merged pull request's comment; require stops",
        Topic.APPLY,
    )
