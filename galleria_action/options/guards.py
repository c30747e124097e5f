"""What a deploy may do without being asked again."""

from __future__ import annotations

from enum import StrEnum

from galleria_action.deployment.guards import DeleteLimit
from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import FLAG, PLAN_ID, choice, parsed
from galleria_action.options.origin import NEVER, ConfigRule, Trust, tighten
from galleria_action.values import dataclass


class Orphans(StrEnum):
    """What objects that no metadata names do."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"
    DELETE = "delete"


class Unproven(StrEnum):
    """What happens to objects of which nothing proves that they hold what the metadata says."""

    UPLOAD = "upload"
    KEEP = "keep"


class PlanApproval(StrEnum):
    """What a plan does that reviewers have not seen."""

    OFF = "off"
    WARN = "warn"
    REQUIRE = "require"


def _deletes_no_more(limit: DeleteLimit, default: DeleteLimit) -> bool:
    """A count and a share cannot be compared, but for none at all."""
    return limit.amount == 0 or (limit.percent is default.percent and limit.amount <= default.amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOptions(Group):
    """Guards against what was not meant."""

    force: bool = option(
        FLAG, "false", "upload every photo whatever the hashes say", Topic.PLAN, config=tighten(True, False)
    )
    max_delete: DeleteLimit = option(
        parsed("TEXT", DeleteLimit.parse, "string", "integer"),
        "25%",
        "refuse a plan that deletes more photos: a count, or a share of the remote ones",
        Topic.PLAN,
        config=ConfigRule(Trust.TIGHTEN, _deletes_no_more, "fewer"),
    )
    allow_empty: bool = option(
        FLAG,
        "false",
        "permit a gallery with no photos to replace one that has some",
        Topic.PLAN,
        config=tighten(True, False),
    )
    orphans: Orphans = option(
        choice(Orphans),
        "fail",
        "what objects that no metadata names do",
        Topic.PLAN | Topic.VERIFY,
        config=tighten(Orphans.DELETE, Orphans.IGNORE, Orphans.WARN, Orphans.FAIL),
    )
    unproven: Unproven = option(
        choice(Unproven),
        "upload",
        "objects that are there, though nobody can prove what they hold (another tool put them there): upload, keep",
        Topic.PLAN,
        config=tighten(Unproven.KEEP, Unproven.UPLOAD),
    )
    allow_older: bool = option(
        FLAG,
        "false",
        "permit a commit that is older than the one of the live gallery to replace it",
        Topic.PLAN,
        config=tighten(True, False),
    )
    approved_plan: str | None = optional(PLAN_ID, "plan id that must match", Topic.PLAN, config=NEVER)
    plan_approval: PlanApproval = option(
        choice(PlanApproval),
        "off",
        "what a plan does that is not the one in the merged pull request's comment; require stops",
        Topic.APPLY,
        config=tighten(PlanApproval.OFF, PlanApproval.WARN, PlanApproval.REQUIRE),
    )
