"""Does the bucket hold what it should? Compared as deep as the options say, and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from galleria_action.deployment.events import Advanced, Verified
from galleria_action.deployment.model import Plan
from galleria_action.deployment.remote.reading import caught_up, list_target
from galleria_action.deployment.remote.verification import (
    Verification,
    archived,
    expectations,
    unrecorded,
    verify_deep,
    verify_listing,
)
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.options.checks import Verify
from galleria_action.options.gallery import HashCheck
from galleria_action.options.guards import Orphans
from galleria_action.quantities import count
from galleria_action.storage.interface import ObjectInfo, ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import Comparison
from galleria_action.values import replace

if TYPE_CHECKING:
    from galleria_action.deployment.apply.work import Work

_T = TypeVar("_T")

#: so many keys are named in a warning
_SHOWN = 5


def compare(
    context: Context,
    store: ReadStore,
    named: frozenset[str],
    manifest: Manifest,
    listing: Mapping[str, ObjectInfo],
    promising: Callable[[], Mapping[str, str]],
    found: Verification | None = None,
) -> Verification:
    """Compare what is ``named`` and recorded with what is there; by the ``listing`` it was ``found`` already, where
    that is given. ``promising`` gives the SHA-256 (hex) that the metadata tells, by key. Raises the store's errors."""
    found = found or verify_listing(named, manifest, listing)
    context.tell(Verified(found))
    deep = context.options.checks.verify is Verify.DEEP
    unknown = unrecorded(named, manifest)
    # only of what nothing records anybody asks what the metadata says
    promised = promising() if unknown and context.options.gallery.hash_check is not HashCheck.OFF else {}
    if deep:
        expected = expectations(named, manifest, promised, listing)
        with context.counting("Verified", len(expected), sum(it.size for it in expected)):
            concurrency = context.options.upload.concurrency
            found = verify_deep(store, found, expected, concurrency, lambda size: context.tell(Advanced(size)))
        context.tell(Verified(found))
    if away := archived(listing, named, manifest.objects):
        context.warn(_archived(away))
    if unknown:
        context.warn(_unrecorded(unknown, promised, deep=deep))
    return found


def _archived(keys: Sequence[str]) -> str:
    shown = ", ".join(keys[:_SHOWN]) + (", …" if len(keys) > _SHOWN else "")
    return (
        f"{count(len(keys), 'object')} moved to an archive class, from which visitors get an error: {shown}. A deploy "
        "sends them again; the bucket's lifecycle rules move them back to the archive unless they are changed."
    )


def _unrecorded(unknown: frozenset[str], promised: Mapping[str, str], *, deep: bool) -> str:
    what = f"There is no record of {count(len(unknown), 'object')}: .galleria/ was lost, or another tool put "
    what += "it there, so " if len(unknown) == 1 else "them there, so "
    hashed, looked_at = len(unknown & promised.keys()), len(unknown - promised.keys())
    done = []
    if hashed:
        done.append(f"{count(hashed, 'photo')} compared with deployment_file_hash")
    if looked_at:
        done.append(f"{count(looked_at, 'file')} looked at whether {'it is' if looked_at == 1 else 'they are'} whole")
    how = " and ".join(done) if deep else "no more than the presence verified"
    return f"{what}{how}. A deploy sends again what nobody can prove, and records it."


def promises(metadata: GalleryMetadata | None) -> dict[str, str]:
    """What the metadata says of published bytes: the SHA-256 (hex) of every full photo by its key."""
    return {photo.files.full: photo.deployment_file_hash.lower() for photo in (metadata.photos if metadata else ())}


def judge(context: Context, found: Verification) -> Verification:
    """Return ``found`` where it is good enough under the option ``orphans``. Raises ``VerifyFailed``."""
    orphans = context.options.guards.orphans
    if found.orphaned and orphans is Orphans.WARN:
        context.warn(f"Left over in the gallery's folders, named by nothing: {count(len(found.orphaned), 'object')}.")
    if found.whole and not (found.orphaned and orphans in (Orphans.FAIL, Orphans.DELETE)):
        return found
    wrong = {"missing": found.missing, "mismatched": found.mismatched, "orphaned": found.orphaned}
    counts = ", ".join(f"{len(keys):,} {word}" for word, keys in wrong.items() if keys)
    raise VerifyFailed(
        f"The bucket does not hold what the gallery says: {counts} ({found.checked:,} objects expected).",
        hint=_remedy(found, deep=context.options.checks.verify is Verify.DEEP),
        findings=[Finding(f"{word}: {key}") for word, keys in wrong.items() for key in keys],
    )


def _remedy(found: Verification, *, deep: bool) -> str:
    orphans = "Look at the orphans, then deploy with orphans: delete, or accept them with orphans: warn."
    if found.whole:
        return f"Every photo is there; some objects are left over. {orphans}"
    remedies = ["Deploy again: it uploads what is missing or wrong and nothing else."]
    if found.mismatched and not deep:
        remedies.append("Was the bucket copied or encrypted anew? Then verify: deep tells by the bytes themselves.")
    if deep:
        # Bits that rot and headers that another tool changed leave no trace in a listing, by which a deploy goes.
        remedies.append("What only verify: deep finds is healed by a deploy with force: true.")
    if found.orphaned:
        remedies.append(f"It leaves what is left over: {orphans[0].lower()}{orphans[1:]}")
    return " ".join(remedies)


# -- after a deploy ------------------------------------------------------------------------------------------------


def verify_deployed(
    context: Context, store: WriteStore, made: Comparison, manifest: Manifest, written: Callable[[], None] | None
) -> Verification | None:
    """Prove that the bucket now holds what was deployed. After writes a new listing is asked for, and ``written`` may
    raise before it is judged; it is ``None`` where nothing was written.

    What was left alone is not looked at: another deploy may be at work on it at this moment. Raises ``VerifyFailed``.
    """
    if _is_off(context):
        if written:
            written()
        return None
    others = _left_alone(made, manifest)
    own = replace(manifest, objects=_without(others, manifest.objects))
    listing, found = made.remote.listing, None
    if written or listing is None:
        listing, found = _listing_after(context, store, _named(made), made.plan, own)
    if written:
        written()
    seen = None if others else found
    own_listing = _without(others, listing)
    return judge(context, compare(context, store, _named(made), own, own_listing, made.local.promised, seen))


def verify_brought(
    context: Context, work: Work, named: frozenset[str], manifest: Manifest, metadata: GalleryMetadata | None
) -> Verification | None:
    """The same after ``work`` of which there are no files here: the gallery's keys are ``named``, by ``metadata`` where
    it has some."""
    if _is_off(context):
        work.looked()
        return None
    listing, found = _listing_after(context, work.store, named, work.plan, manifest)
    work.looked()
    return judge(context, compare(context, work.store, named, manifest, listing, partial(promises, metadata), found))


def verify_against(
    context: Context,
    store: WriteStore,
    named: frozenset[str],
    plan: Plan,
    manifest: Manifest,
    listing: Mapping[str, ObjectInfo] | None,
    metadata: GalleryMetadata | None,
) -> Verification | None:
    """The same where nothing was written. Without a ``listing`` a new one is asked for."""
    if _is_off(context):
        return None
    found = None
    if not listing:
        listing, found = _listing_after(context, store, named, plan, manifest)
    return judge(context, compare(context, store, named, manifest, listing, partial(promises, metadata), found))


def _is_off(context: Context) -> bool:
    off = context.options.checks.verify is Verify.OFF
    if off:
        context.warn("verify: off, so nothing proves that the bucket holds the gallery.")
    return off


def _listing_after(
    context: Context, store: WriteStore, named: frozenset[str], plan: Plan, own: Manifest
) -> tuple[Mapping[str, ObjectInfo], Verification]:
    """A listing after our own writes, and what it shows."""
    gone = {delete.key for delete in plan.deletes}

    def look() -> tuple[Mapping[str, ObjectInfo], Verification]:
        listing = list_target(store, list(named), Entries.of(own.objects))
        return listing, verify_listing(named, own, listing)

    def as_deployed(seen: tuple[Mapping[str, ObjectInfo], Verification]) -> bool:
        return seen[1].whole and gone.isdisjoint(seen[1].orphaned)

    return caught_up(look, as_deployed, context.stop.pause)


def _named(made: Comparison) -> frozenset[str]:
    """The keys of photos and metadata that this deploy answers for."""
    if made.local.photos is None:
        return frozenset()
    keys, document = made.local.photo_keys(), made.local.document
    return keys | {document.key} if document else keys


def _left_alone(made: Comparison, manifest: Manifest) -> Set[str]:
    photos = manifest.of_kind("photo").keys() if made.local.photos is None else set()
    site = manifest.of_kind("site").keys() if made.local.site is None else set()
    return photos | site


def _without(keys: Set[str], objects: Mapping[str, _T]) -> Mapping[str, _T]:
    return {key: it for key, it in objects.items() if key not in keys} if keys else objects
