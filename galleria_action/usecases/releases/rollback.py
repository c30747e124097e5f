"""``rollback``: an earlier release comes back, from what was kept of it; no files are needed for that."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from galleria_action.deployment.apply.carry_out import carried_out
from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.events import BroughtBack, Planned, Recognised
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.layout import laid_out
from galleria_action.deployment.model import Plan
from galleria_action.deployment.releases.history import History
from galleria_action.deployment.releases.hold import put_hold
from galleria_action.deployment.releases.record import Kind
from galleria_action.deployment.releases.rollback import WayBack, chosen, plan_back, wanted_by, way_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.slots.fill import Fill
from galleria_action.deployment.slots.filling import pieces_back
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.deployment.strategies.blue_green import brought_back
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.errors import ReleaseUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.gallery.metadata.schema import RemoteInvalid, parse_remote
from galleria_action.quantities import count, human_size
from galleria_action.storage.interface import ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.applying import verify_against
from galleria_action.usecases.parts.pictures import tell_pictures_back
from galleria_action.usecases.parts.places import check_router
from galleria_action.usecases.parts.planning import storing_of, under_way, warn_of_copies
from galleria_action.usecases.parts.probing import headers_of, probe
from galleria_action.usecases.parts.probing_ahead import look_ahead
from galleria_action.usecases.parts.purging import purging
from galleria_action.usecases.parts.releasing import begin, concluding, history_of, idle_uploader, terms_of, tidy
from galleria_action.usecases.parts.unfinished import cleared
from galleria_action.usecases.previews.removal import finish_closing
from galleria_action.usecases.results import PlanMade, RolledBack
from galleria_action.values import replace


def rollback(context: Context) -> RolledBack | PlanMade:
    """Bring the release back that the options name. Under ``dry-run`` only the plan is made.

    Raises ``ReleaseUnavailable`` for a release that is not there or whose bytes are gone, the guards' refusals, and
    whatever ends a deploy.
    """
    if context.options.dry_run:
        return PlanMade(_planned(context, context.reading_store(), None)[0])
    slots = context.slots()
    store = laid_out(slots.store, slots.live)
    remote = cleared(context, store)
    done = _back(context, slots, store, remote)
    finish_closing(context, store, remote.listing)
    return done


def _back(context: Context, slots: Slots, store: WriteStore, remote: RemoteState) -> RolledBack:
    plan, way, wanted, history = _planned(context, store, remote)
    if not plan.changed:
        tidy(context, store, remote)
        _hold(context, store, way)
        named = _named(way, remote.metadata)
        with purging(context, store, remote):
            found = verify_against(context, store, named, plan, remote.manifest, remote.listing, remote.metadata)
        return RolledBack(plan, way.release.state, found)
    begin(context, slots.store, plan)
    _hold(context, store, way)
    terms = replace(
        terms_of(context),
        kind=Kind.ROLLBACK,
        restores=way.release.state,
        previous=_previous(history, way.release.state),
        despite_hold=True,
    )
    work = Work(plan, wanted, remote, store, idle_uploader(context, store), context.stop, context.tell, None, terms)
    work.history = history
    work.look_ahead = partial(look_ahead, context)
    then = parse_remote(wanted.document.body) if wanted.document else remote.metadata
    named = _named(way, then)
    if slots.router:
        fill = Fill(slots, lambda work: pieces_back(way, named, slots.live))
        steps: Sequence[Step] = brought_back(slots, fill)
    else:
        steps = rolling(wanted, Restore(way.recorded))
    with (
        purging(context, store, remote, plan) as work.caches,
        carried_out(work, steps, context.phase("Rollback")) as manifest,
    ):
        work.looked()
        with concluding(context, work.store, work.release, instead=history.live) as judged:
            judged.verification = verify_against(context, work.store, named, plan, manifest, None, then)
    context.tell(BroughtBack(way.release.who.commit))
    document = wanted.document or remote.metadata_base
    probe(context, manifest, document, plan, remote.manifest.objects, headers_of(wanted, plan))
    return RolledBack(plan, way.release.state, judged.verification)


def _planned(context: Context, store: ReadStore, remote: RemoteState | None) -> tuple[Plan, WayBack, Wanted, History]:
    """The plan, shown before a guard can refuse it."""
    options = context.options
    with context.phase("Plan"):
        if remote is None:
            remote = read_remote(store, listing=True)
            if unfinished := remote.unfinished:
                context.warn(under_way(unfinished))
                remote = remote.before(unfinished)
        context.warn_all(remote.warnings)
        check_router(context, store, remote)
        if remote.mode:
            context.tell(Recognised(remote.mode))
        history = history_of(store, remote)
        context.warn_all(history.warnings)
        pool = {key: it.size for key, it in (remote.listing or {}).items() if key.startswith(POOL_FOLDER)}
        way = way_back(history, chosen(history, options.releases.to, options.releases.steps), remote, pool)
        way.check()
        body = _document(store, way)
        wanted = wanted_by(way, remote, body)
        then = _parsed(way, body)
        plan = plan_back(way, wanted, remote, then, context.target, storing_of(context.settings))
        context.tell(Planned(plan))
        tell_pictures_back(context, plan, then or remote.metadata, remote, store)
        if any(release.forgotten for release in history.releases if release.id > way.release.id):
            context.warn("Photos were forgotten since then; the gallery comes back without them.")
        files = count(len(plan.copies), "object")
        context.say(f"Back to {way.release.id}: {files} to bring back ({human_size(way.size)} inside the service)")
        if plan.copies:
            warn_of_copies(context, way.size)
    guards = options.guards
    check_guards(plan, guards.max_delete, allow_empty=guards.allow_empty, approved_plan=guards.approved_plan)
    return plan, way, wanted, history


def _document(store: ReadStore, way: WayBack) -> bytes | None:
    """The metadata of that time, where it is another. Raises ``ReleaseUnavailable`` when it is not what was kept."""
    if way.document is None or way.document.kept is None:
        return None
    found = store.get(way.document.kept)
    if found is None or pool_key(hashlib.sha256(found.body).hexdigest()) != way.document.kept:
        raise ReleaseUnavailable(
            f"The metadata of {way.release.id} is not in the pool as it was kept. Nothing was written.",
            hint="Somebody has changed it there. history lists what can be brought back.",
        )
    return found.body


def _parsed(way: WayBack, body: bytes | None) -> GalleryMetadata | None:
    try:
        return parse_remote(body) if body is not None else None
    except RemoteInvalid as error:
        raise ReleaseUnavailable(
            f"The metadata of {way.release.id} cannot be understood: {error}. Nothing was written.",
            hint="history lists what can be brought back.",
        ) from error


def _hold(context: Context, store: WriteStore, way: WayBack) -> None:
    """Before anything else, so that no deploy comes in between."""
    if context.options.releases.hold:
        context.stop.check()
        put_hold(store, way.release.id, context.who)
        context.say("Deploys are held from now on, until release-hold.")


def _previous(history: History, state: str) -> str | None:
    """Where a step back from ``state`` leads."""
    return next((it.previous for it in history.releases if state in (it.id, it.restores)), None)


def _named(way: WayBack, metadata: GalleryMetadata | None) -> frozenset[str]:
    """The keys that the gallery of that time names."""
    if metadata:
        return metadata.keys() | {METADATA_KEY}
    return frozenset(key for key, entry in way.recorded.items() if entry.kind == "photo")
