"""``promote``: what waits in a slot goes live, or is taken back. Needs no files."""

from __future__ import annotations

from functools import partial

from galleria_action.deployment.apply.carry_out import carried_out
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.work import InSlot, Work
from galleria_action.deployment.events import Planned, Recognised
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.layout import laid_out
from galleria_action.deployment.model import Commit, Plan
from galleria_action.deployment.outgoing.done import Idle
from galleria_action.deployment.releases.rollback import Restored
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.routing.router import Routing, Slots
from galleria_action.deployment.slots.promotion import changed_keys, check_staged, plan_forward, wanted
from galleria_action.deployment.slots.staged import STAGED_KEY, Staged, read_staged
from galleria_action.deployment.state.publication import Publication
from galleria_action.deployment.strategies.blue_green import promoted
from galleria_action.errors import StorageUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.hands import Hands
from galleria_action.storage.interface import Headers, ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.places import check_router, note_router
from galleria_action.usecases.parts.planning import storing_of
from galleria_action.usecases.parts.probing import headers_of, probe
from galleria_action.usecases.parts.probing_ahead import look_ahead
from galleria_action.usecases.parts.purging import purging
from galleria_action.usecases.parts.releasing import begin, concluding, terms_of
from galleria_action.usecases.parts.unfinished import cleared
from galleria_action.usecases.parts.verifying import verify_against, verify_brought
from galleria_action.usecases.previews.removal import finish_closing
from galleria_action.usecases.results import Answered, PlanMade, Promoted
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class _Promotion:
    """What waits: as it was written down, as it lies ``there``, what is to be done, and what is wanted then."""

    staged: Staged
    there: RemoteState
    plan: Plan
    wanted: Restored


def promote(context: Context) -> Answered | PlanMade | Promoted:
    """Have visitors see the gallery that waits, or with ``abort`` see that nobody will. Under ``dry-run`` only the plan
    is made.

    Raises ``ReleaseUnavailable`` where nothing waits, ``Conflict`` where another gallery went live since, the guards'
    refusals, and whatever ends a deploy.
    """
    slots = context.slots()
    if context.options.strategy.abort:
        return _abort(context, slots)
    store = laid_out(slots.store, slots.live)
    staged = read_staged(slots.store)
    remote = read_remote(store, listing=True) if context.options.dry_run else cleared(context, store)
    check_router(context, store, remote)
    if slots.router and slots.live == staged.slot:
        return _is_live(context, slots, remote)
    promotion = _planned(context, slots, staged, remote)
    if context.options.dry_run:
        return PlanMade(promotion.plan)
    if not promotion.plan.changed:
        return _is_live(context, slots, remote)
    done = _shown(context, slots, store, promotion, remote)
    finish_closing(context, store, remote.listing)
    return done


def _shown(context: Context, slots: Slots, store: WriteStore, promotion: _Promotion, remote: RemoteState) -> Promoted:
    staged = promotion.staged
    begin(context, slots.store, promotion.plan)
    if slots.router:
        note_router(context, slots.store, remote)
    work = Work(
        promotion.plan, promotion.wanted, remote, store, Idle(context.options.upload.concurrency),
        context.stop, context.tell, None,
        replace(terms_of(context), strategy=staged.strategy, taken_from=staged.taken_from),
        slot=_in_slot(slots, promotion), look_ahead=partial(look_ahead, context),
    )  # fmt: skip
    restore = Restore(promotion.there.manifest.objects, slot=staged.slot)
    with (
        purging(context, store, remote, promotion.plan) as work.caches,
        carried_out(work, promoted(slots, promotion.wanted, restore), context.phase("Promote")) as manifest,
    ):
        _forget(context, slots)
        with concluding(context, work) as judged:
            named, metadata = promotion.there.named_keys(), promotion.there.metadata
            judged.verification = verify_brought(context, work, named, manifest, metadata)
    document = promotion.wanted.document or remote.metadata_base
    known = headers_of(promotion.wanted, promotion.plan)
    probe(context, manifest, document, promotion.plan, remote.manifest.objects, known)
    return Promoted(promotion.plan, judged.verification)


def _planned(context: Context, slots: Slots, staged: Staged, remote: RemoteState) -> _Promotion:
    """The plan, shown before a guard can refuse it."""
    slot = laid_out(slots.store, staged.slot)
    with context.phase("Plan"):
        there = read_remote(slot, listing=True)
        context.warn_all((*remote.warnings, *there.warnings))
        check_staged(staged, there, remote, slots.live)
        document = _document(slot) if there.metadata_base else None
        changed = changed_keys(there, remote)
        with Hands(context.options.upload.concurrency, "head") as pool:
            heads = dict(zip(changed, pool.map(slot.head, changed), strict=True))
        headers = {key: head.headers if head else None for key, head in heads.items()}
        plan = plan_forward(
            there, remote, document, headers, context.target, storing_of(context.settings), staged.strategy
        )
        if there.mode:
            context.tell(Recognised(there.mode))
        context.tell(Planned(plan))
    guards = context.options.guards
    check_guards(plan, guards.max_delete, allow_empty=guards.allow_empty, approved_plan=guards.approved_plan)
    return _Promotion(staged, there, plan, wanted(there, document))


def _document(slot: ReadStore) -> Commit:
    found = slot.get(METADATA_KEY)
    if found is None:
        raise StorageUnavailable(f"{METADATA_KEY} in the slot is gone.", hint="Deploy again.")
    from hashlib import sha256

    headers = found.headers or Headers("application/json", "no-cache")
    return Commit(METADATA_KEY, sha256(found.body).hexdigest(), headers, found.body)


def _in_slot(slots: Slots, promotion: _Promotion) -> InSlot:
    there, layout = promotion.there, promotion.staged.slot
    assert there.manifest_base, "it was verified"
    return InSlot(
        layout, laid_out(slots.store, layout), there.manifest, there.manifest_base, there.metadata_base,
        there.named_keys(),
    )  # fmt: skip


def _is_live(context: Context, slots: Slots, remote: RemoteState) -> Promoted:
    """An earlier run has come this far; what waited is proved where it is live."""
    if not context.options.dry_run:
        _forget(context, slots)
    store, named = laid_out(slots.store, slots.live), remote.named_keys()
    plan = plan_forward(remote, remote, None, {}, context.target, storing_of(context.settings), "blue-green")
    found = verify_against(context, store, named, plan, remote.manifest, remote.listing, remote.metadata)
    return Promoted(plan, found)


def _forget(context: Context, slots: Slots) -> None:
    context.stop.check()
    for problem in slots.store.delete([STAGED_KEY]).values():
        context.warn(f"{STAGED_KEY} could not be removed. What it names is live by now: {problem}")


def _abort(context: Context, slots: Slots) -> Answered:
    """Nobody will see what waits; visitors who do are taken back first."""
    if not context.options.dry_run:
        cleared(context, laid_out(slots.store, slots.live))
    trial = slots.seen.routing.canary
    waits = slots.store.head(STAGED_KEY) is not None
    if not (waits or trial):
        return Answered("Nothing waits in a slot.")
    if context.options.dry_run:
        return Answered("A gallery waits in a slot; without dry-run it would be taken back.")
    context.stop.check()
    hold = Hold.claim_after(slots.store, Publication(), context.stop, context.say)
    slots.check()
    if slots.router and trial:
        context.stop.check()
        slots.router.send(Routing(slots.live, context.now()), slots.seen)
    context.stop.check()
    for problem in (slots.store.delete([STAGED_KEY]) if waits else {}).values():
        raise StorageUnavailable(f"{STAGED_KEY} could not be deleted: {problem}", hint="May the key s3:DeleteObject?")
    context.stop.check()
    hold.release()
    return Answered("What waited in the slot is taken back; visitors see the gallery that was live before.")
