"""Does the bucket hold what it should? Compared as deep as the options say, and judged."""

from __future__ import annotations

from collections.abc import Mapping

from galleria_action.deployment.events import Advanced, Verified
from galleria_action.deployment.remote.verification import Verification, verify_deep, verify_listing
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.options.checks import Verify
from galleria_action.options.guards import Orphans
from galleria_action.report.wording import count
from galleria_action.storage.interface import ObjectInfo, ReadStore
from galleria_action.usecases.context import Context


def compare(
    context: Context,
    store: ReadStore,
    named: frozenset[str],
    manifest: Manifest,
    listing: Mapping[str, ObjectInfo],
) -> Verification:
    """Compare what is ``named`` and recorded with what is there. Raises the store's errors."""
    found = verify_listing(named, manifest, listing)
    context.tell(Verified(found))
    if context.options.checks.verify is not Verify.DEEP:
        return found
    sizes = [entry.size for entry in manifest.objects.values()]
    with context.counting("Verified", len(sizes), sum(sizes)):
        concurrency = context.options.upload.concurrency
        found = verify_deep(store, found, manifest, concurrency, lambda size: context.tell(Advanced(size)))
    context.tell(Verified(found))
    unrecorded = len(named - manifest.objects.keys() - {METADATA_KEY})
    if unrecorded:
        what = f"{count(unrecorded, 'object')} {'was' if unrecorded == 1 else 'were'}"
        context.warn(f"{what} not deployed by this tool, so no more than the presence could be verified.")
    return found


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
    if deep:
        # Bits that rot and headers that another tool changed leave no trace in a listing, by which a deploy goes.
        remedies.append("What only verify: deep finds is healed by a deploy with force: true.")
    if found.orphaned:
        remedies.append(f"It leaves what is left over: {orphans[0].lower()}{orphans[1:]}")
    return " ".join(remedies)
