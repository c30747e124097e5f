"""``deploy``: the whole path, from the files on disk to a verified bucket."""

from __future__ import annotations

from galleria_action.deployment.apply.upload import UploadsDone
from galleria_action.deployment.layout import laid_out
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.applying import announce, nothing_to_do, open_checkpoint, put_online
from galleria_action.usecases.parts.local import check_local
from galleria_action.usecases.parts.places import note_router
from galleria_action.usecases.parts.planning import make_comparison
from galleria_action.usecases.parts.positions import look_for_positions
from galleria_action.usecases.parts.records import in_place, warn_of_readers
from galleria_action.usecases.parts.releasing import check_hold
from galleria_action.usecases.parts.unfinished import settled
from galleria_action.usecases.plan import plan
from galleria_action.usecases.results import Deployed, PlanMade, PutAside, ShareUploaded
from galleria_action.usecases.shard import upload_share
from galleria_action.usecases.slots.steps import steps_of


def deploy(context: Context) -> Deployed | PlanMade | PutAside | ShareUploaded:
    """Validate, plan, have it approved, upload, commit, delete, verify. With ``dry-run`` it is ``plan``, and with
    ``shard`` only the shard's share is uploaded."""
    if context.options.dry_run or context.without_secrets:
        return plan(context)
    if context.options.upload.shard:
        return upload_share(context, context.options.upload.shard)
    side = check_local(context)
    slots = context.slots()
    store = laid_out(slots.store, slots.live)
    made = make_comparison(context, store, side)
    look_for_positions(context, made.plan)
    made = settled(context, store, side, made)
    made = in_place(context, store, side, made)
    checkpoint = open_checkpoint(context, store, made)
    if made.plan.changed:
        check_hold(store, made.remote)
        announce(context, store, made)
        if slots.router:
            note_router(context, store, made.remote)
        steps = steps_of(context, slots, made)
        done: Deployed | PutAside = put_online(context, store, made, checkpoint, UploadsDone(), steps)
    else:
        done = nothing_to_do(context, store, made, checkpoint)
    warn_of_readers(context)
    return done
