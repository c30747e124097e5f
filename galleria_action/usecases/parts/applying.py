"""The half of a deploy that writes: what a whole deploy, a shard of one and the end of a sharded one have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Deploying, Uploaded
from galleria_action.deployment.model import Plan
from galleria_action.deployment.outgoing.done import Idle, UploadsDone
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.remote.reading import list_target
from galleria_action.deployment.state.begun import BEGUN_KEY, end_begun, read_begun, write_begun
from galleria_action.deployment.state.checkpoint import CHECKPOINTS, Checkpoint, InBucket, InFile, Nowhere
from galleria_action.errors import ConfigInvalid
from galleria_action.options.guards import PlanApproval
from galleria_action.quantities import count
from galleria_action.storage.conditions import prove_ahead
from galleria_action.storage.interface import ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.cors import check_cors
from galleria_action.usecases.parts.approval import check_approval
from galleria_action.usecases.parts.planning import Comparison
from galleria_action.usecases.parts.probing import headers_of, probe
from galleria_action.usecases.parts.probing_ahead import look_ahead
from galleria_action.usecases.parts.purging import purging
from galleria_action.usecases.parts.releasing import be_ready, concluding, terms_of, tidy
from galleria_action.usecases.parts.verifying import verify_deployed
from galleria_action.usecases.results import Deployed, PutAside
from galleria_action.values import replace

if TYPE_CHECKING:  # what sends files is loaded when some are to be sent
    from galleria_action.deployment.apply.order import Step
    from galleria_action.deployment.apply.upload import Uploader
    from galleria_action.deployment.apply.work import Work
    from galleria_action.deployment.previews.lending import Lender

#: different warnings about EXIF, each with its files
_SHOWN_TEXTS = 20


# -- before the first write ----------------------------------------------------------------------------------------


def fingerprint_of(context: Context, plan: Plan) -> str:
    """What decides the stored bytes and headers beyond what the entry of each object records itself."""
    settings = [str(context.target), plan.mode, plan.storing.told()]
    return hashlib.sha256(repr(settings).encode()).hexdigest()


def open_checkpoint(context: Context, store: WriteStore, made: Comparison) -> Checkpoint:
    """The checkpoint of this target, with what an earlier run left in it where something is to be uploaded."""
    upload = context.options.upload
    fingerprint = fingerprint_of(context, made.plan)
    listing = made.remote.listing
    if upload.checkpoint_file:
        checkpoint = _in_file(context, upload.checkpoint_file, fingerprint)
    else:
        wanted = upload.resume and made.plan.uploads
        asked = [found.key for found in store.list(CHECKPOINTS)] if wanted and listing is None else ()
        place = InBucket.among(store, records_in(listing or asked))
        checkpoint = Checkpoint(place, fingerprint, written=bool(place.pieces))
    if upload.resume and made.plan.uploads and checkpoint.written:
        checkpoint.resume()
        tell_trouble(context, checkpoint)
    return checkpoint


def _in_file(context: Context, path: Path, fingerprint: str) -> Checkpoint:
    """The checkpoint in a local file; nowhere when something else is there, which is left alone."""
    place = InFile(context.place, path)
    try:
        return Checkpoint(place, fingerprint, written=place.exists())
    except ConfigInvalid as occupied:
        context.warn(f"checkpoint-file: {occupied.message} It is left alone; starting fresh, without a checkpoint.")
        return Checkpoint(Nowhere(), fingerprint)


def announce(context: Context, store: WriteStore, made: Comparison, left_of: str | None = None) -> None:
    """The last questions before the gallery is written to, and word that it is; what the service does with a condition
    is found out from then on. ``left_of`` is the id of the plan of which the one that was made is known to be what
    remains."""
    begun = read_begun(store) if _is_approved(context) else None
    left_of = begun.plan_id if begun and begun.covers(made.plan) else left_of
    check_approval(context, made.plan, left_of)
    context.stop.check()
    check_cors(context, may_write=True)
    context.tell(Deploying())
    if _is_approved(context) and left_of is None:
        write_begun(store, made.plan)
    elif left_of is None:
        _end_begun(context, store, made)
    # while what carries the plan out is loaded, and photos are sent; these have connections that are used again
    be_ready(store, made.plan)
    prove_ahead(store, sum(up.size for up in made.plan.uploads))


def _is_approved(context: Context) -> bool:
    """Whether somebody has to approve the plan of this run. A sharded one has documents of its own for that."""
    guards = context.options.guards
    return not context.options.sharded and bool(guards.approved_plan or guards.plan_approval is not PlanApproval.OFF)


def _end_begun(context: Context, store: WriteStore, made: Comparison) -> None:
    """What was begun before is over, whatever became of it: nothing that is left of it is approved any more."""
    if not _is_approved(context) and BEGUN_KEY not in (made.remote.listing or ()):
        return
    if trouble := end_begun(store):
        context.warn(f"{BEGUN_KEY} could not be removed. It is in nobody's way: {trouble}")


# -- writing -------------------------------------------------------------------------------------------------------


def with_listing(store: ReadStore, made: Comparison) -> Comparison:
    """``made`` with a listing where anything is to be uploaded: what is there must not be written over."""
    if made.remote.listing is not None or not made.plan.uploads:
        return made
    return replace(made, remote=replace(made.remote, listing=list_target(store)))


def make_uploader(
    context: Context,
    store: WriteStore,
    made: Comparison,
    checkpoint: Checkpoint | None,
    done: UploadsDone,
    lender: Lender | None = None,
) -> Uploader:
    """The uploader for ``made``, of which ``done`` is done. Under ``resume`` it skips what is there already, unless
    everything is forced. What is there stays as it is until it is published."""
    from galleria_action.deployment.apply.upload import Uploader
    from galleria_action.deployment.outgoing.prepare import PreparePolicy

    options, remote = context.options, made.remote
    listing = remote.listing or {}
    return Uploader(
        store=store,
        policy=PreparePolicy(options.gallery.hash_check, options.gallery.exif_errors, options.gallery.strip_gps),
        concurrency=options.upload.concurrency,
        stop=context.stop,
        tell=context.tell,
        listing=listing if options.upload.resume and not options.guards.force else {},
        known=remote.manifest,
        live=_reachable(context, made),
        checkpoint=checkpoint,
        lender=lender,
        done=done,
    )


def _reachable(context: Context, made: Comparison) -> Set[str]:
    """The keys of uploads that must not be written to before the publish: those that visitors may reach, or, where the
    gallery is made in a slot, all of them."""
    remote = made.remote
    uploads = {up.key for up in made.plan.uploads}
    if context.options.strategy.strategy.in_slots:
        return uploads
    known = remote.listing or {}, remote.named_keys(), remote.manifest.objects
    return {key for key in uploads if any(key in keys for keys in known)}


def tell_trouble(context: Context, checkpoint: Checkpoint) -> None:
    """Warn, once, of what went wrong with the checkpoint."""
    if checkpoint.trouble:
        context.warn(checkpoint.trouble)
        checkpoint.trouble = ""


def tell_proof(context: Context, uploader: Uploader) -> None:
    """What proves the uploads, where that is not the ETag of each."""
    if uploader.by_hash:
        context.say(
            f"{count(uploader.by_hash, 'upload')} of {uploader.done.sent:,} proved by the signed SHA-256, which the "
            "service checks; the others by their ETags."
        )


def warn_of_uploads(context: Context, done: Uploaded) -> None:
    """What was noticed on the way about photos that were uploaded all the same."""
    if done.other_hashes:
        context.warn(
            f"{count(done.other_hashes, 'photo')} {'has' if done.other_hashes == 1 else 'have'} another hash after the "
            "EXIF edit than deployment_file_hash. That is as it should be where the tool that wrote the metadata "
            "writes the whole EXIF block anew: this edit changes the date and nothing else. hash-check: off leaves "
            "this out."
        )
    if done.exif_warnings:
        by_text: dict[str, list[str]] = {}
        for key, texts in sorted(done.exif_warnings.items()):
            for text in texts:
                by_text.setdefault(text, []).append(key)
        for text, keys in list(by_text.items())[:_SHOWN_TEXTS]:
            shown, more = ", ".join(keys[:5]), f" and {len(keys) - 5:,} more" if len(keys) > 5 else ""
            context.warn(f"EXIF of {count(len(keys), 'photo file')} ({shown}{more}): {text}")
        if len(by_text) > _SHOWN_TEXTS:
            context.warn(f"EXIF: {len(by_text) - _SHOWN_TEXTS:,} more warnings of other kinds")


def put_online(
    context: Context,
    store: WriteStore,
    made: Comparison,
    checkpoint: Checkpoint,
    done: UploadsDone,
    steps: Sequence[Step] = (),
    previous: str | None = None,
    lender: Lender | None = None,
) -> Deployed | PutAside:
    """Upload what is not ``done`` and ``lender`` has not, commit, delete, verify; or what ``steps`` are given. Raises
    whatever ends a deploy."""
    from galleria_action.deployment.apply.carry_out import carried_out
    from galleria_action.deployment.apply.order import shows
    from galleria_action.deployment.apply.work import Work
    from galleria_action.deployment.strategies.rolling import rolling

    made = with_listing(store, made)
    resumed = checkpoint if context.options.upload.resume and made.plan.uploads else None
    uploader: Uploader | Idle = Idle(context.options.upload.concurrency, done)
    if made.plan.uploads:
        uploader = make_uploader(context, store, made, resumed, done, lender)
    terms = replace(terms_of(context), previous=previous)
    work = Work(made.plan, made.local, made.remote, store, uploader, context.stop, context.tell, made.hold, terms)
    work.look_ahead = partial(look_ahead, context)
    steps = steps or rolling(made.local)
    with (
        purging(context, store, made.remote, made.plan if shows(steps) else None) as work.caches,
        carried_out(work, steps, _deploying(context, work, checkpoint)) as manifest,
    ):
        work.beside.begin(lambda: forget(context, checkpoint))
        work.beside.begin(lambda: _end_begun(context, store, made))
        if work.slot and not shows(steps):
            return PutAside(made.plan, work.slot.layout.folder, work.uploader.done.summary())
        with concluding(context, work) as judged:
            verification = judged.verification = verify_deployed(context, work.store, made, manifest, work.looked)
    known = headers_of(made.local, made.plan)
    document = made.local.document or made.remote.metadata_base
    probe(context, manifest, document, made.plan, made.remote.manifest.objects, known)
    return Deployed(made.plan, work.uploader.done.summary(), len(made.plan.removed_photos), verification)


@contextmanager
def _deploying(context: Context, work: Work, checkpoint: Checkpoint) -> Iterator[None]:
    try:
        with context.phase("Deploy"):
            yield
    finally:
        warn_of_uploads(context, work.uploader.done.summary())
        if not isinstance(work.uploader, Idle):
            tell_proof(context, work.uploader)
        tell_trouble(context, checkpoint)


def nothing_to_do(context: Context, store: WriteStore, made: Comparison, checkpoint: Checkpoint) -> Deployed:
    """The end of a run whose gallery is online already: proved all the same."""
    forget(context, checkpoint)
    if BEGUN_KEY in (made.remote.listing or ()):
        _end_begun(context, store, made)
    tidy(context, store, made.remote)
    with purging(context, store, made.remote):
        verification = verify_deployed(context, store, made, made.remote.manifest, None)
    known = headers_of(made.local, made.plan)
    probe(context, made.remote.manifest, made.local.document or made.remote.metadata_base, headers=known)
    return Deployed(made.plan, Uploaded(0, 0, 0, 0), 0, verification)


def forget(context: Context, checkpoint: Checkpoint) -> None:
    """Remove the checkpoint; that this fails harms nobody."""
    checkpoint.clear()
    tell_trouble(context, checkpoint)
