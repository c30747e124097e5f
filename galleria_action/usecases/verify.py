"""``verify``: does the bucket hold exactly what the live metadata says? Reads only, needs no files on disk."""

from __future__ import annotations

from functools import partial

from galleria_action.deployment.events import Recognised, Verified
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import under_way
from galleria_action.usecases.parts.probing import probe
from galleria_action.usecases.parts.purging import tell_debts
from galleria_action.usecases.parts.verifying import compare, judge, promises
from galleria_action.usecases.results import BucketVerified


def verify(context: Context) -> BucketVerified:
    """Verify the live gallery. Raises ``VerifyFailed``, and the store's errors."""
    store = context.reading_store()
    with context.phase("Verify"):
        remote = read_remote(store, listing=True)
        if remote.mode:
            context.tell(Recognised(remote.mode))
        if remote.mode is None or (remote.mode == "metadata" and remote.metadata is None):
            context.tell(Verified(Verification(checked=1, missing=(METADATA_KEY,))))
            raise _no_gallery(context, remote.warnings)
        context.warn_all(remote.warnings)
        if unfinished := remote.unfinished:
            context.warn(under_way(unfinished))
        tell_debts(context, store, remote.listing or {})
        listing, promising = remote.listing or {}, partial(promises, remote.metadata)
        found = compare(context, store, remote.named_keys(), remote.manifest, listing, promising)
    verified = judge(context, found)
    probe(context, remote.manifest, remote.metadata_base)
    return BucketVerified(verified)


def _no_gallery(context: Context, warnings: tuple[str, ...]) -> VerifyFailed:
    text = " ".join(warnings) or f"There is no gallery at {context.target}: it has no {METADATA_KEY}."
    return VerifyFailed(
        text,
        hint="Are bucket and prefix right, and was the gallery deployed?",
        findings=[Finding(f"missing: {METADATA_KEY}")],
    )
