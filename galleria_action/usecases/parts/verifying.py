"""Does the bucket hold what it should? Compared as deep as the options say, and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from galleria_action.deployment.events import Advanced, Verified
from galleria_action.deployment.remote.verification import (
    Verification,
    archived,
    expectations,
    unrecorded,
    verify_deep,
    verify_listing,
)
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.options.checks import Verify
from galleria_action.options.gallery import HashCheck
from galleria_action.options.guards import Orphans
from galleria_action.quantities import count
from galleria_action.storage.interface import ObjectInfo, ReadStore
from galleria_action.usecases.context import Context

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
