"""``deploy``: the whole path, from the files on disk to a verified bucket."""

from __future__ import annotations

from galleria_action.deployment.layout import laid_out
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.routing.router import Slots
from galleria_action.options.strategy import Strategy
from galleria_action.storage.interface import WriteStore, open_ahead
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.ahead import BothSides, look_at_both
from galleria_action.usecases.parts.applying import announce, nothing_to_do, open_checkpoint
from galleria_action.usecases.parts.places import note_router
from galleria_action.usecases.parts.planning import make_comparison
from galleria_action.usecases.parts.positions import look_for_positions
from galleria_action.usecases.parts.records import in_place, warn_of_readers
from galleria_action.usecases.parts.releasing import BESIDE, check_hold
from galleria_action.usecases.parts.unfinished import settled
from galleria_action.usecases.previews.removal import finish_closing
from galleria_action.usecases.results import Deployed, PlanMade, PreviewDeployed, PutAside, ShareUploaded, TakenOver


def deploy(context: Context) -> Deployed | PlanMade | PutAside | ShareUploaded | PreviewDeployed | TakenOver:
    """Validate, plan, have it approved, upload, commit, delete, verify. With ``dry-run`` it is ``plan``, and with
    ``shard`` only the shard's share is uploaded; with ``from`` a release of another environment goes online. Pointed at
    a preview it leaves the gallery alone."""
    if context.preview and not context.without_secrets:
        from galleria_action.usecases.previews.deploy import deploy_preview

        return deploy_preview(context)
    if context.options.dry_run or context.without_secrets:
        from galleria_action.usecases.plan import plan

        return plan(context)
    if context.options.environments.from_:
        from galleria_action.usecases.releases.onward import deploy_onward
        from galleria_action.usecases.releases.taking_back import taking_back

        with taking_back(context):
            return deploy_onward(context)
    if context.options.upload.shard:
        from galleria_action.usecases.shard import upload_share

        return upload_share(context, context.options.upload.shard)
    opened: list[Slots] = []

    def live() -> WriteStore:
        opened.append(context.slots())
        return laid_out(opened[0].store, opened[0].live)

    both = look_at_both(context, live)
    side, store, slots = both.side, both.store, opened[0]
    made = make_comparison(context, store, side, lambda: _read(both))
    look_for_positions(context, made.plan.uploads)
    made = settled(context, store, side, made)
    made = in_place(context, store, side, made)
    checkpoint = open_checkpoint(context, store, made)
    if made.plan.changed:
        check_hold(store, made.remote)
        if context.options.strategy.strategy is Strategy.RECREATE:
            from galleria_action.usecases.parts.recreating import check_recreate

            check_recreate(context, made)
        announce(context, store, made)
        from galleria_action.usecases.releases.taking_back import taking_back
        from galleria_action.usecases.slots.carrying import carried_out

        if slots.router:
            note_router(context, store, made.remote)
        with taking_back(context):
            done: Deployed | PutAside = carried_out(context, slots, store, side, made, checkpoint)
    else:
        done = nothing_to_do(context, store, made, checkpoint)
    finish_closing(context, store, made.remote.listing)
    warn_of_readers(context)
    return done


def _read(both: BothSides[WriteStore]) -> RemoteState:
    """What lies there. Where that is another gallery, connections are opened while the change is planned."""
    remote, wanted = both.remote(), both.side.gallery.document
    if wanted and (remote.metadata_base is None or remote.metadata_base.sha256 != wanted.sha256):
        open_ahead(both.store, BESIDE)
    return remote
