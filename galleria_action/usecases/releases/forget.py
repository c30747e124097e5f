"""``forget``: a photo goes from the live gallery, every kept release and the pool, and a listing proves it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import partial

from galleria_action.deployment.apply.carry_out import carried_out
from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.retain import pooled, retain_under
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.documents.writing import commit
from galleria_action.deployment.events import Planned, Recognised
from galleria_action.deployment.layout import Layout, is_elsewhere, laid_out, whole
from galleria_action.deployment.model import Commit, Delete, Plan, Reason
from galleria_action.deployment.outgoing.done import Idle
from galleria_action.deployment.releases.forgetting import Document, document_without, keys_of, record_without
from galleria_action.deployment.releases.history import History
from galleria_action.deployment.releases.record import Kind, Standing, is_open
from galleria_action.deployment.releases.rollback import Restored
from galleria_action.deployment.remote.reading import RemoteState, list_target, read_remote
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.manifest import Kind as Part
from galleria_action.deployment.state.pool import POOL_HEADERS, pool_key
from galleria_action.deployment.state.publication import Publication, Replaced
from galleria_action.deployment.state.written import headers_of, written
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.errors import ConfigInvalid, Finding, GalleryInvalid, PlanChanged, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.gallery.metadata.schema import RemoteInvalid, parse_remote
from galleria_action.quantities import count
from galleria_action.storage.interface import RECORD_HEADERS, Headers, ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.places import check_router
from galleria_action.usecases.parts.purging import Gone, purging, purging_of
from galleria_action.usecases.parts.releasing import begin, concluding, history_of, terms_of
from galleria_action.usecases.parts.unfinished import cleared
from galleria_action.usecases.parts.verifying import verify_brought
from galleria_action.usecases.previews.holding import previews_with
from galleria_action.usecases.previews.removal import finish_closing, remove
from galleria_action.usecases.releases.forget_elsewhere import Trace, forget_elsewhere, traces_elsewhere
from galleria_action.usecases.results import Answered, PlanMade
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class _Traces:
    """Where a photo is to be found: the ``plan`` that takes it from the live gallery, its ``keys``, the objects of the
    pool that have its bytes, and the metadata ``documents`` there that name it, by their key. ``left`` is what the live
    metadata says without it, where that names it."""

    plan: Plan
    wanted: Restored
    left: GalleryMetadata | None
    keys: frozenset[str]
    kept: frozenset[str]
    documents: Mapping[str, Document]

    @property
    def anywhere(self) -> bool:
        return bool(self.plan.changed or self.keys or self.documents)


def forget(context: Context) -> Answered | PlanMade:
    """Forget the photo that the options name. Under ``dry-run`` only the plan of the live gallery is made.

    Run again after whatever ended it. Raises ``ConfigInvalid`` for a photo that is nowhere, ``GalleryInvalid`` where
    nobody understands the metadata that names it, ``VerifyFailed`` when something of it remains, and whatever ends a
    deploy.
    """
    photo = context.options.releases.photo
    assert photo, "the options have been checked"
    if context.options.dry_run:
        store: ReadStore = context.reading_store()
        remote = read_remote(store, listing=True)
        return PlanMade(_found(context, store, remote, history_of(store, remote), photo).plan)
    slots = context.slots()
    writing = laid_out(slots.store, slots.live)
    remote = cleared(context, writing)
    check_router(context, writing, remote)
    history = history_of(writing, remote)
    traces = _found(context, writing, remote, history, photo)
    beside = any(map(is_elsewhere, remote.listing or ())) or slots.live != Layout.IN_PLACE
    elsewhere = traces_elsewhere(slots, slots.store, photo) if beside else ()
    objects, target = remote.manifest.objects, whole(writing)
    contents = {objects[key].sha256 for key in traces.keys if key in objects}
    previews = previews_with(context, target, photo, contents)
    if not (traces.anywhere or elsewhere or previews):
        _prune(context, writing, remote)
        raise _nowhere(remote, photo)
    begin(context, target, traces.plan)
    for name in previews:  # first, while it is known what its bytes are
        remove(context, target, name)
    if elsewhere:
        with purging_of(context, target, map(partial(_seen, context), elsewhere)):
            files = count(forget_elsewhere(context, slots, elsewhere, photo), "file")
        context.say(f"{files} of it gone from {', '.join(it.layout.folder or 'the root' for it in elsewhere)}")
    if traces.plan.changed:
        _from_the_live_gallery(context, writing, remote, traces, photo)
    _from_the_records(context, writing, traces, photo)
    _prune(context, writing, read_remote(writing, listing=True))
    _prove(writing, traces)
    finish_closing(context, writing, remote.listing)
    files, gone = count(len(traces.keys), "file"), count(len(previews), "preview")
    return Answered(
        f"{photo} is forgotten: {files} gone from the gallery, from every kept release and from the pool, {gone} "
        "removed; a listing proves it. Take it out of the workspace as well, or the next deploy brings it again. Pages "
        "that show it, caches and versions of the bucket are not touched."
    )


def _seen(context: Context, trace: Trace) -> Gone:
    """What caches may hold of it: visitors do not ask for what lies in a slot, but some caches know it by that."""
    public, folder = context.options.review.public_url, trace.layout.folder
    return Gone(f"{public}/{folder}".rstrip("/") if public else None, context.target.prefix + folder, trace.keys)


def _found(context: Context, store: ReadStore, remote: RemoteState, history: History, photo: str) -> _Traces:
    with context.phase("Plan"):
        context.warn_all((*remote.warnings, *history.warnings))
        if remote.mode:
            context.tell(Recognised(remote.mode))
        live = store.get(METADATA_KEY) if remote.metadata_base else None
        document = document_without(live.body, photo) if live else None
        documents = _kept_documents(store, history, photo)
        everywhere = [*documents.values(), *([document] if document else [])]
        keys = keys_of(photo, remote.manifest, everywhere, history.releases)
        headers = (live and live.headers) or Headers("application/json", "no-cache")
        left = _left(document)
        plan, wanted = _plan(context, remote, document, left, headers, photo, keys)
        context.tell(Planned(plan))
    approved = context.options.guards.approved_plan
    if approved and approved != plan.plan_id:
        raise PlanChanged(
            f"The plan is not the approved one: it is {plan.plan_id}, approved was {approved}. Nothing was written.",
            hint="Look at the new plan and approve its id.",
        )
    held = (it for release in history.releases for key, it in release.undo.items() if key in keys and it and it.kept)
    recorded = (pool_key(remote.manifest.objects[key].sha256) for key in keys if key in remote.manifest.objects)
    return _Traces(plan, wanted, left, keys, frozenset([*(it.kept or "" for it in held), *recorded]), documents)


def _left(document: Document | None) -> GalleryMetadata | None:
    """What the live ``document`` says without the photo; ``None`` where it does not name it. Raises
    ``GalleryInvalid``: what nobody understands is not written anew."""
    try:
        return parse_remote(document.without) if document and document.without is not None else None
    except RemoteInvalid as error:
        raise GalleryInvalid(
            f"The metadata that is live cannot be understood: {error}. Nothing was written.",
            hint="Deploy the gallery again, so that its metadata is in order, and then forget the photo.",
        ) from error


def _kept_documents(store: ReadStore, history: History, photo: str) -> dict[str, Document]:
    """The metadata documents in the pool that name the photo."""
    held = (release.undo.get(METADATA_KEY) for release in history.releases)
    found: dict[str, Document] = {}
    for key in dict.fromkeys(it.kept for it in held if it and it.kept):
        stored = store.get(key)
        document = document_without(stored.body, photo) if stored else None
        if document and document.without is not None:
            found[key] = document
    return found


def _plan(
    context: Context,
    remote: RemoteState,
    document: Document | None,
    left: GalleryMetadata | None,
    headers: Headers,
    photo: str,
    keys: Collection[str],
) -> tuple[Plan, Restored]:
    """What takes the photo from the live gallery."""
    objects, listing = remote.manifest.objects, remote.listing or {}
    parts: dict[Part, Collection[str] | None] = {
        "photo": [key for key, entry in objects.items() if entry.kind == "photo" and key not in keys],
        "site": [key for key, entry in objects.items() if entry.kind == "site"],
    }
    body = document.without if document else None
    commit = None if body is None else Commit(METADATA_KEY, hashlib.sha256(body).hexdigest(), headers, body)
    before = len(remote.metadata.photos) if remote.metadata else len({it.photo for it in objects.values() if it.photo})
    named = {key for key, entry in objects.items() if entry.kind == "site"}
    if left:
        named |= left.keys()
    gone = sorted(key for key in keys if key in listing and key not in named)
    stays = {folded(key) for key in (*named, *gone, METADATA_KEY)}
    # what an earlier run committed and did not come to delete
    still = {key: it.photo for key, it in remote.manifest.leaving.items() if it.is_still(listing.get(key))}
    deletes = [Delete(key, Reason.REMOVED, photo) for key in gone]
    deletes += (Delete(key, Reason.REMOVED, whose) for key, whose in sorted(still.items()) if folded(key) not in stays)
    plan = Plan(
        mode=remote.mode or "directory",
        target=context.target,
        base=remote.metadata_base if commit else remote.manifest_base,
        uploads=(),
        deletes=tuple(deletes),
        unchanged_photos=(),
        removed_photos=(photo,) if gone or commit else (),
        remote_photo_count=before,
        local_photo_count=before - bool(gone or commit),
        commit=commit,
    )
    return plan, Restored(plan.mode, parts, commit)


def _from_the_live_gallery(
    context: Context, store: WriteStore, remote: RemoteState, traces: _Traces, photo: str
) -> None:
    terms = replace(terms_of(context), kind=Kind.FORGET, despite_hold=True, forgets=photo)
    uploader = Idle(context.options.upload.concurrency)
    work = Work(traces.plan, traces.wanted, remote, store, uploader, context.stop, context.tell, None, terms)
    named = traces.left.keys() | {METADATA_KEY} if traces.left else frozenset(traces.wanted.keys["photo"] or ())
    steps = rolling(traces.wanted, Restore({}))
    with (
        purging(context, store, remote, traces.plan) as work.caches,
        carried_out(work, steps, context.phase("Forget")) as manifest,
        concluding(context, work) as judged,
    ):
        judged.verification = verify_brought(context, work, named, manifest, traces.left)


def _from_the_records(context: Context, store: WriteStore, traces: _Traces, photo: str) -> None:
    """Under a claim: nobody writes a record meanwhile that still needs what goes."""
    hold = Hold.claim_after(store, Publication(traces.plan.plan_id, None, {}), context.stop, context.say)
    others: dict[str, Replaced] = {}
    remote = read_remote(store, listing=False)
    history, still = history_of(store, remote), remote.manifest.objects.keys()
    held = [release.undo.get(METADATA_KEY) for release in history.releases]
    for key, document in traces.documents.items():
        body = document.without or b""
        place = pool_key(hashlib.sha256(body).hexdigest())
        context.stop.check()
        etag = store.put(place, body, POOL_HEADERS)
        before = next(it for it in held if it and it.kept == key)
        others[key] = replace(before, size=len(body), etag=etag, kept=place)
    for release in history.releases:
        without = record_without(release, photo, traces.keys, still, others)
        if without is release:
            continue
        # one that is open is ended as well: whoever is about to end it wants to write what it knew
        ended = replace(without, standing=Standing.UNVERIFIED) if is_open(release.key) else without
        context.stop.check()
        store.put(ended.key, ended.to_bytes(), RECORD_HEADERS)
        if ended.key != release.key:
            context.stop.check()
            store.delete([release.key])
    _from_what_is_leaving(context, store, remote, traces)
    context.stop.check()
    hold.release()


def _from_what_is_leaving(context: Context, store: WriteStore, remote: RemoteState, traces: _Traces) -> None:
    """The record names keys until a later run has seen that they are gone: those of the photo it is not to name."""
    leaving = remote.manifest.leaving
    gone = {key for key in traces.keys & leaving.keys() if store.head(key) is None}
    if gone:
        manifest = replace(remote.manifest, leaving={key: it for key, it in leaving.items() if key not in gone})
        body = written(manifest)
        context.stop.check()
        commit(store, MANIFEST_KEY, body, headers_of(body), remote.manifest_base)


def _prune(context: Context, store: WriteStore, remote: RemoteState) -> None:
    """Unlike after a deploy it is not left to others: its bytes are to be gone."""
    hold = Hold.claim_after(store, Publication(), context.stop, context.say)
    pool, keep = set(pooled(remote.listing)), context.options.releases.keeping
    retain_under(hold, pool, keep, context.now(), context.say, context.stop.check)


def _prove(store: ReadStore, traces: _Traces) -> None:
    """Raise ``VerifyFailed`` when anything of the photo is still there, but for bytes that another needs as well."""
    listing = list_target(store)
    remote = read_remote(store, listing=False)
    history = history_of(store, remote)
    needed = {key for release in history.releases for key in release.kept()}
    shared = {pool_key(entry.sha256) for entry in remote.manifest.objects.values()}
    left = sorted((traces.kept | traces.documents.keys()) & listing.keys() - needed - shared)
    left += sorted(key for key in traces.keys if key in listing and key not in remote.manifest.objects)
    if left:
        raise VerifyFailed(
            f"{count(len(left), 'object')} of the photo could not be deleted.",
            hint="Run forget again. If it stays, check that the credentials may s3:DeleteObject.",
            findings=[Finding(f"still there: {key}") for key in left],
        )


def _nowhere(remote: RemoteState, photo: str) -> ConfigInvalid:
    ids = [it.id for it in remote.metadata.photos] if remote.metadata else list(remote.manifest.of_kind("photo"))
    near = get_close_matches(photo, ids, 5, 0.6)
    return ConfigInvalid(
        f"There is no photo {photo!r} here, neither in the gallery nor in a kept release.",
        hint=f"Is it one of these? {', '.join(near)}" if near else "Its id stands in gallery-metadata.json.",
    )
