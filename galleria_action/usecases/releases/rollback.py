"""``rollback``: an earlier release comes back, from what was kept of it; no files are needed for that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from galleria_action.deployment.apply.beside import Beside
from galleria_action.deployment.apply.carry_out import carried_out
from galleria_action.deployment.apply.keep import look_around
from galleria_action.deployment.apply.order import Step
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.work import Around, Work
from galleria_action.deployment.events import BroughtBack, Planned, Recognised
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.layout import laid_out
from galleria_action.deployment.model import Plan
from galleria_action.deployment.outgoing.done import Idle
from galleria_action.deployment.releases.history import History
from galleria_action.deployment.releases.hold import put_hold
from galleria_action.deployment.releases.record import Kind
from galleria_action.deployment.releases.rollback import WayBack, chosen, plan_back, pool_of, wanted_by, way_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.state.pool import pool_key
from galleria_action.deployment.state.publication import Publication
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.errors import Cancelled, GalleriaError, ReleaseUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.quantities import count, human_size
from galleria_action.storage.conditions import prove_ahead
from galleria_action.storage.interface import ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.pictures import tell_pictures_back
from galleria_action.usecases.parts.places import check_router
from galleria_action.usecases.parts.planning import as_before, storing_of, warn_of_copies
from galleria_action.usecases.parts.probing import headers_of, probe
from galleria_action.usecases.parts.probing_ahead import look_ahead
from galleria_action.usecases.parts.purging import purging
from galleria_action.usecases.parts.releasing import begin, concluding, history_of, metadata_of, terms_of, tidy
from galleria_action.usecases.parts.unfinished import cleared
from galleria_action.usecases.parts.verifying import verify_against, verify_brought
from galleria_action.usecases.previews.removal import finish_closing
from galleria_action.usecases.results import PlanMade, RolledBack
from galleria_action.values import dataclass, replace


def rollback(context: Context) -> RolledBack | PlanMade:
    """Bring the release back that the options name. Under ``dry-run`` only the plan is made.

    Raises ``ReleaseUnavailable`` for a release that is not there or whose bytes are gone, the guards' refusals, and
    whatever ends a deploy.
    """
    if context.options.dry_run:
        return PlanMade(_planned(context, context.reading_store()).plan)
    slots = context.slots()
    store = laid_out(slots.store, slots.live)
    prove_ahead(slots.store)  # while it is read what lies there
    remote = cleared(context, store)
    with _claiming_ahead(context, store) as ahead:
        done = _back(context, slots, store, remote, ahead)
    finish_closing(context, store, remote.listing)
    return done


@dataclass
class _Ahead:
    """A claim to publish that is made while the plan is. So what is not to change any more is looked at beside what the
    plan needs, and nobody waits for it afterwards."""

    context: Context
    store: WriteStore
    hold: Hold | None = None
    around: Around | None = None

    def claim(self) -> None:
        """Raises ``Conflict`` where another publishes and does not come to its end."""
        self.hold = Hold.claim_after(self.store, Publication(), self.context.stop, self.context.say)

    def look_around(self, remote: RemoteState) -> None:
        """Raises ``Conflict`` where another has committed since ``remote`` was read."""
        self.around = look_around(self.store, remote, self.context.options.upload.concurrency)

    def handed_over(self) -> Hold | None:
        """The claim, for which somebody else answers from now on."""
        hold, self.hold = self.hold, None
        return hold

    def give_up(self) -> None:
        """Nothing is published."""
        if hold := self.handed_over():
            self.context.stop.check()
            hold.release()


@contextmanager
def _claiming_ahead(context: Context, store: WriteStore) -> Iterator[_Ahead]:
    """A claim that goes when what is done meanwhile is refused. What remains after a signal is taken for dead."""
    ahead = _Ahead(context, store)
    try:
        yield ahead
    except Cancelled:
        raise
    except GalleriaError:
        with suppress(GalleriaError):
            ahead.give_up()
        raise


def _back(context: Context, slots: Slots, store: WriteStore, remote: RemoteState, ahead: _Ahead) -> RolledBack:
    made = _planned(context, store, remote, ahead)
    plan, way, wanted, history = made.plan, made.way, made.wanted, made.history
    if not plan.changed:
        ahead.give_up()
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
    uploader, hold = Idle(context.options.upload.concurrency), ahead.handed_over()
    work = Work(plan, wanted, remote, store, uploader, context.stop, context.tell, hold, terms)
    work.history, work.around = history, ahead.around
    work.look_ahead = partial(look_ahead, context)
    then = made.then or remote.metadata
    named = _named(way, then)
    if slots.router:
        from galleria_action.deployment.slots.fill import Fill
        from galleria_action.deployment.slots.filling import pieces_back
        from galleria_action.deployment.strategies.blue_green import brought_back

        fill = Fill(slots, lambda work: pieces_back(way, named, slots.live))
        steps: Sequence[Step] = brought_back(slots, fill)
    else:
        steps = rolling(wanted, Restore(way.recorded))
    with (
        purging(context, store, remote, plan) as work.caches,
        carried_out(work, steps, context.phase("Rollback")) as manifest,
        concluding(context, work, instead=history.live) as judged,
    ):
        judged.verification = verify_brought(context, work, named, manifest, then)
    context.tell(BroughtBack(way.release.who.commit))
    document = wanted.document or remote.metadata_base
    probe(context, manifest, document, plan, remote.manifest.objects, headers_of(wanted, plan))
    return RolledBack(plan, way.release.state, judged.verification)


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan and what it was made of; ``then`` is the metadata of that release, where it is another than what is
    live."""

    plan: Plan
    way: WayBack
    wanted: Wanted
    history: History
    then: GalleryMetadata | None


def _planned(
    context: Context, store: ReadStore, remote: RemoteState | None = None, ahead: _Ahead | None = None
) -> _Made:
    """The plan, shown before a guard can refuse it. It is made ``ahead`` of a claim that it is carried out under."""
    options = context.options
    with context.phase("Plan"):
        if remote is None:
            remote = as_before(context, read_remote(store, listing=True))
        context.warn_all(remote.warnings)
        check_router(context, store, remote)
        if remote.mode:
            context.tell(Recognised(remote.mode))
        with Beside(options.upload.concurrency) as beside:
            if ahead:
                beside.begin(ahead.claim)
            history = history_of(store, remote)
        context.warn_all(history.warnings)
        pool = pool_of(remote)
        way = way_back(history, chosen(history, options.releases.to, options.releases.steps), remote, pool)
        way.check()
        with Beside(options.upload.concurrency) as beside:
            if ahead:
                beside.begin(partial(ahead.look_around, remote))
            body = _document(store, way)
        wanted = wanted_by(way, remote, body)
        then = metadata_of(way.release, body)
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
    return _Made(plan, way, wanted, history, then)


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
