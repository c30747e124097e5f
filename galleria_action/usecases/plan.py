"""``plan``: show what a deploy would do. Reads only: it is handed a store that cannot write."""

from __future__ import annotations

from galleria_action.deployment.events import Divided
from galleria_action.deployment.shards import shards_of
from galleria_action.usecases.context import Context
from galleria_action.usecases.cors import check_cors
from galleria_action.usecases.parts.ahead import look_at_both
from galleria_action.usecases.parts.files import check_sent
from galleria_action.usecases.parts.planning import make_comparison, tell_keeping, tell_orphans
from galleria_action.usecases.parts.positions import look_for_positions
from galleria_action.usecases.parts.records import warn_of_readers
from galleria_action.usecases.results import PlanMade


def plan(context: Context) -> PlanMade:
    """Plan, check the guards as a deploy would, and write nothing."""
    if context.without_secrets:
        from galleria_action.usecases.public import plan_publicly

        return plan_publicly(context)
    if context.options.environments.from_:
        from galleria_action.usecases.releases.onward import plan_onward_of

        return plan_onward_of(context)
    both = look_at_both(context, context.reading_store)
    compared = make_comparison(context, both.store, both.side, both.remote)
    made = compared.plan
    check_sent(context, both.side.gallery, (up.key for up in made.uploads))
    if context.options.upload.shard_count:
        context.tell(Divided(shards_of(made, context.options.upload.shard_count)))
    tell_orphans(context, made)
    tell_keeping(context, compared)
    look_for_positions(context, made.uploads)
    if made.changed:
        check_cors(context, may_write=False)
    warn_of_readers(context)
    return PlanMade(made)
