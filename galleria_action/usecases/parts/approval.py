"""Is this the plan that reviewers have seen? Asked right before a deploy writes, under ``plan-approval``."""

from __future__ import annotations

from galleria_action.ci.interface import Approval, NoApproval
from galleria_action.deployment.model import Plan
from galleria_action.errors import Finding, PlanChanged
from galleria_action.options.guards import PlanApproval
from galleria_action.usecases.context import Context

_SHOWN = 50


def check_approval(context: Context, plan: Plan, left_of: str | None = None) -> None:
    """Compare ``plan``, which writes something, with the reviewed one.

    What remains of an approved plan after an interrupted deploy is approved, too: ``left_of`` is the id of the plan of
    which the bucket proves that ``plan`` is what remains. Raises ``PlanChanged`` under ``plan-approval: require``. A
    plan id that was given as ``approved-plan`` has been compared by the guards; but that of shards comes from another
    job of the same run, and no reviewer has seen it.
    """
    options = context.options
    if options.guards.plan_approval is PlanApproval.OFF or (options.guards.approved_plan and not options.sharded):
        return
    try:
        approved = context.approval()
    except NoApproval as missing:
        problem = PlanChanged(f"There is no approved plan. {missing} Nothing was written.", hint=missing.hint)
    else:
        if approved.plan_id in (plan.plan_id, left_of):
            part = "" if approved.plan_id == plan.plan_id else "what an interrupted deploy has left of "
            context.say(f"The plan is {part}the approved one: {approved.where}")
            return
        problem = _other_plan(approved, plan)
    if options.guards.plan_approval is PlanApproval.REQUIRE:
        raise problem
    context.warn(problem.message.replace("Nothing was written.", "plan-approval is warn, so it is deployed."))


def _other_plan(approved: Approval, plan: Plan) -> PlanChanged:
    names = approved.fingerprint.differences(plan)
    shown = [Finding(f"differs from the approved plan: {name}") for name in names[:_SHOWN]]
    if len(names) > _SHOWN:
        shown.append(Finding(f"and {len(names) - _SHOWN:,} more"))
    what = f"{len(names):,} keys or folders differ" if names else "the actions are the same, the bucket is another"
    if approved.fingerprint.detail == "none":
        what = "what differs is not known"
    elif approved.fingerprint.covers(plan):
        what = "it is a part of it, and nothing proves that a deploy of the whole had begun"
    return PlanChanged(
        f"The plan is not the approved one ({approved.where}): it is {plan.plan_id}, approved was {approved.plan_id}; "
        f"{what}. The gallery or the bucket changed in between. Nothing was written.",
        hint="Look at the new plan below. To deploy it, open a pull request for it, or give its id as approved-plan.",
        findings=shown,
    )
