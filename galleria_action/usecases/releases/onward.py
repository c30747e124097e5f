"""``deploy --from``: the very release of another environment goes online here; no files are needed for that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

from galleria_action.deployment.apply.bring import Bring
from galleria_action.deployment.apply.carry_out import carried_out
from galleria_action.deployment.apply.order import shows
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.delivery import HeaderRules
from galleria_action.deployment.events import Planned, Recognised
from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.guards import check_guards
from galleria_action.deployment.layout import laid_out, place_of, whole
from galleria_action.deployment.model import Plan
from galleria_action.deployment.outgoing.done import Idle
from galleria_action.deployment.releases.onward import Offer, offered, plan_onward, recorded_there
from galleria_action.deployment.releases.record import Release, TakenFrom
from galleria_action.deployment.releases.rollback import WayBack, chosen, pool_of, way_back
from galleria_action.deployment.remote.reading import RemoteState, read_remote
from galleria_action.deployment.sources import check_live_collisions
from galleria_action.deployment.state.elsewhere import StateElsewhere
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.errors import ConfigInvalid, Conflict, ReleaseUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.web_types import WebType, needs_a_look, web_type
from galleria_action.gallery.media import media_type
from galleria_action.hands import Hands
from galleria_action.options import Options
from galleria_action.options.guards import Orphans
from galleria_action.quantities import count, human_size
from galleria_action.storage.interface import Headers, ReadStore, Target, WriteStore
from galleria_action.storage.settings import StoreSettings
from galleria_action.usecases.context import Context
from galleria_action.usecases.cors import check_cors
from galleria_action.usecases.parts.age import check_age
from galleria_action.usecases.parts.places import check_places, check_router, note_router
from galleria_action.usecases.parts.planning import as_before, same_mode, storing_of, tell_orphans
from galleria_action.usecases.parts.probing import headers_of, probe
from galleria_action.usecases.parts.probing_ahead import look_ahead
from galleria_action.usecases.parts.purging import purging
from galleria_action.usecases.parts.releasing import (
    begin,
    check_hold,
    concluding,
    history_of,
    metadata_of,
    terms_of,
    tidy,
)
from galleria_action.usecases.parts.unfinished import cleared
from galleria_action.usecases.parts.verifying import verify_against, verify_brought
from galleria_action.usecases.previews.removal import finish_closing
from galleria_action.usecases.results import PlanMade, PutAside, TakenOver
from galleria_action.usecases.slots.steps import steps_onward
from galleria_action.values import dataclass, replace

_NO_RULES = HeaderRules()
#: what a generated site tells search engines with noindex
_ROBOTS = "robots.txt"


@dataclass(frozen=True, slots=True)
class _Source:
    """The other gallery: its options, its store, what lies there."""

    context: Context
    store: WriteStore
    options: Options

    def lies_at(self, key: str) -> tuple[Target, str]:
        target, place = whole(self.store), place_of(self.store, key)
        if isinstance(target, StateElsewhere):
            return target.lies_at(place)
        return self.context.target, place


@dataclass(frozen=True, slots=True)
class _Made:
    """The plan, and all that it was made from."""

    plan: Plan
    offer: Offer
    wanted: Wanted
    recorded: Mapping[str, ManifestEntry]
    source: _Source
    remote: RemoteState


def plan_onward_of(context: Context) -> PlanMade:
    """Show what taking the release over would do. Raises as ``deploy_onward`` does before anything is written."""
    made = _planned(context, context.reading_store(), None)
    tell_orphans(context, made.plan)
    if made.plan.changed:
        check_cors(context, may_write=False)
    return PlanMade(made.plan)


def deploy_onward(context: Context) -> TakenOver | PutAside:
    """Bring the release online that the options name: by copies inside the service where endpoint and credentials are
    the same, else streamed; compared with what was recorded in either case.

    Raises ``ConfigInvalid`` for an environment that is not there, ``ReleaseUnavailable``, the guards' refusals, and
    whatever ends a deploy.
    """
    slots = context.slots()
    store = laid_out(slots.store, slots.live)
    remote = cleared(context, store)
    made = _planned(context, store, remote)
    plan, offer = made.plan, made.offer
    then = offer.metadata or remote.metadata
    named = then.keys() | {METADATA_KEY} if then else frozenset(made.wanted.keys_of("photo") or ())
    if not plan.changed:
        tidy(context, store, remote)
        with purging(context, store, remote):
            found = verify_against(context, store, named, plan, remote.manifest, remote.listing, then)
        probe(context, remote.manifest, made.wanted.document or remote.metadata_base)
        return TakenOver(plan, offer.taken_from, 0, found)
    check_hold(store, remote)
    begin(context, slots.store, plan)
    check_cors(context, may_write=True)
    if slots.router:
        note_router(context, slots.store, remote)
    terms = replace(terms_of(context), taken_from=offer.taken_from)
    uploader = Idle(context.options.upload.concurrency)
    work = Work(plan, made.wanted, remote, store, uploader, context.stop, context.tell, None, terms)
    work.look_ahead = partial(look_ahead, context)
    inside, in_slots = _same_service(made.source.context.settings, context), context.options.strategy.strategy.in_slots
    bring = Bring(made.recorded, made.source.store, offer.at, inside, aside=in_slots)
    steps = steps_onward(context, slots, made.wanted, bring, made.recorded)
    with (
        purging(context, store, remote, plan if shows(steps) else None) as work.caches,
        carried_out(work, steps, context.phase("Deploy")) as manifest,
    ):
        if work.slot and not shows(steps):
            return PutAside(plan, work.slot.layout.folder, work.uploader.done.summary())
        with concluding(context, work) as judged:
            judged.verification = verify_brought(context, work, named, manifest, then)
    document = made.wanted.document or remote.metadata_base
    probe(context, manifest, document, plan, remote.manifest.objects, headers_of(made.wanted, plan))
    finish_closing(context, store, remote.listing)
    return TakenOver(plan, offer.taken_from, len(bring.streamed), judged.verification)


def _planned(context: Context, store: ReadStore, remote: RemoteState | None) -> _Made:
    """The plan, shown before a guard can refuse it."""
    options = context.options
    with context.phase("Plan"):
        source = _source(context)
        offer = _offer(context, source)
        if remote is None:
            remote = as_before(context, read_remote(store, listing=True))
        context.warn_all(remote.warnings)
        context.tell(Recognised(offer.mode))
        wanted = offer.wanted(Headers("application/json", options.headers.cache_control_metadata))
        check_places(context, store, wanted, remote)
        same_mode(wanted, remote)
        check_live_collisions(wanted, remote.manifest, remote.metadata)
        headers = _headers(context, source.store, offer)
        recorded = recorded_there(offer, headers)
        plan = plan_onward(
            offer,
            wanted,
            recorded,
            headers,
            remote,
            context.target,
            storing_of(context.settings),
            force=options.guards.force,
            delete_orphans=options.guards.orphans is Orphans.DELETE,
            strategy=options.strategy.strategy,
        )
        context.tell(Planned(plan))
        size = human_size(sum(copy.size for copy in plan.copies))
        how = "inside the service" if _same_service(source.context.settings, context) else "through this machine"
        context.say(f"From {offer.taken_from.environment}: {count(len(plan.copies), 'object')} ({size}) {how}")
    guards = options.guards
    check_guards(plan, guards.max_delete, allow_empty=guards.allow_empty, approved_plan=guards.approved_plan)
    if plan.changed:
        check_age(context, wanted, remote.manifest)
    return _Made(plan, offer, wanted, recorded, source, remote)


# -- the other environment -----------------------------------------------------------------------------------------


def _source(context: Context) -> _Source:
    """Open the other environment's gallery. Raises ``ConfigInvalid`` for one that is not there, or is this one."""
    name = context.options.environments.from_ or ""
    if name not in context.environments.names:
        known = ", ".join(context.environments.names) or "none"
        raise ConfigInvalid(
            f"from: {name!r:.80} is not an environment of the config file; it has {known}.",
            hint="Give it a section in galleria.yml with the bucket it deploys to.",
        )
    options = context.environments.options(name)
    if options.store is None:
        raise ConfigInvalid(f"from: the section {name!r:.80} names no bucket; its release lies nowhere.")
    other = replace(context, options=options)
    if other.target == context.target:
        raise ConfigInvalid(f"from: {name!r:.80} and this environment are the same gallery, {context.target}.")
    return _Source(other, other.store(), options)


def _same_service(one: StoreSettings, context: Context) -> bool:
    """Whether what ``one`` leads to can be copied by the service itself, with this run's credentials."""
    other = context.settings
    keys = [(it.access_key, it.secret_key, it.session_token, it.region) for it in (one, other)]
    return one.target.endpoint == other.target.endpoint and keys[0] == keys[1]


def _offer(context: Context, source: _Source) -> Offer:
    """What the other environment has of the wanted release. Raises ``ReleaseUnavailable``, ``Conflict``."""
    name, wanted = context.options.environments.from_ or "", context.options.environments.release
    remote = read_remote(source.store, listing=True)
    check_router(source.context, source.store, remote)
    if remote.unfinished:
        raise Conflict(
            f"A deploy is publishing in {name} at this moment, or died while it did. Nothing was written.",
            hint=f"Run again when it has ended; one that died is ended by the next deploy to {name}.",
        )
    if remote.mode is None or (remote.mode == "metadata" and remote.metadata is None):
        raise ReleaseUnavailable(
            f"There is no gallery in {name} ({source.context.target}). Nothing was written.",
            hint=f"Deploy it there first: deploy with environment: {name}. Is its bucket the right one?",
        )
    history = history_of(source.store, remote)
    if history.releases:
        last = len(history.releases) - 1
        index = chosen(history, wanted, 1) if wanted else last
        pool = pool_of(remote)
        way = way_back(history, index, remote, pool)
    elif wanted:
        raise ReleaseUnavailable(
            f"There is no release {wanted} in {name}: none was recorded. Nothing was written.",
            hint=f"Leave release out for what is live in {name}, or deploy there once: that makes a release.",
        )
    else:
        way = WayBack(Release("", ""), (), (), remote.manifest.objects, None)
    taken_from = TakenFrom(name, way.release.state if way.release.id else "", str(source.context.target))
    body = _document(source.store, way, remote)
    made = offered(taken_from, way, remote, source.lies_at, body, metadata_of(way.release, body))
    gallery = context.options.gallery
    if gallery.photos_only:
        made = made.without("site")
    return _for_search_engines(context, source, made.without("photo") if gallery.site_only else made)


def _document(store: ReadStore, way: WayBack, remote: RemoteState) -> bytes | None:
    """The metadata of that release, proved to be what was recorded. Raises ``ReleaseUnavailable``."""
    if remote.metadata_base is None:
        return None
    at, sha256 = METADATA_KEY, remote.metadata_base.sha256
    if way.document and way.document.kept:
        at, sha256 = way.document.kept, way.document.kept.removeprefix(POOL_FOLDER)
    found = store.get(at)
    if found is None or hashlib.sha256(found.body).hexdigest() != sha256:
        raise ReleaseUnavailable(
            f"The metadata of {way.release.id} is not as it was recorded. Nothing was written.",
            hint="Somebody has changed it there. verify tells what else is not as it was; history lists what there is.",
        )
    assert at == METADATA_KEY or at == pool_key(sha256)
    return found.body


def _for_search_engines(context: Context, source: _Source, offer: Offer) -> Offer:
    """What keeps search engines out of one environment is not taken over into one that wants them."""
    if _ROBOTS not in offer.recorded or context.options.studio.noindex or not source.options.studio.noindex:
        return offer
    context.warn(
        f"{_ROBOTS} of {offer.taken_from.environment} is left out, because noindex is false here. Pages that were "
        "generated with noindex say so themselves: to have them found, generate the site without it, and keep search "
        "engines out of the other environment by a header of its web server."
    )
    return replace(offer, recorded={key: it for key, it in offer.recorded.items() if key != _ROBOTS})


# -- as this environment delivers it -------------------------------------------------------------------------------


def _headers(context: Context, source: ReadStore, offer: Offer) -> dict[str, Headers]:
    """The headers of each object, as this environment's options say. What only the content tells, the other store has
    told once already, and is asked for it."""
    options = context.options.headers
    rules = options.headers or _NO_RULES
    asked = [key for key, it in offer.recorded.items() if it.kind == "site" and needs_a_look(key)]
    with Hands(context.options.upload.concurrency, "head") as pool:
        heads = dict(zip(asked, pool.map(lambda key: source.head(offer.at[key]), asked), strict=True))
    found: dict[str, Headers] = {}
    for key, entry in offer.recorded.items():
        photo = entry.kind == "photo"
        kind = WebType(media_type(key)) if photo else web_type(key)
        told = head.headers if (head := heads.get(key)) else None
        if told and offer.at[key] == key:
            kind = WebType(told.content_type, told.content_encoding)
        cache = options.cache_control_photos if photo else options.cache_control_site
        found[key] = rules.applied(key, Headers(kind.content_type, cache, kind.encoding))
    return found
