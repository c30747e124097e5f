"""``recreate``: the old gallery is taken down before the new one comes; a page is there meanwhile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from galleria_action.deployment.apply.carry_out import carried_out
from galleria_action.deployment.apply.restore import Restore
from galleria_action.deployment.apply.work import Work
from galleria_action.deployment.model import Commit, Copy, Delete, KeptObject, Plan, Reason, SourceFile
from galleria_action.deployment.outgoing.done import Idle
from galleria_action.deployment.releases.rollback import Restored
from galleria_action.deployment.state.manifest import Kind, ManifestEntry
from galleria_action.deployment.state.pool import POOL_HEADERS, pool_key
from galleria_action.deployment.strategies.rolling import rolling
from galleria_action.errors import DeleteGuard
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.files import read_file
from galleria_action.storage.interface import Headers, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.planning import Comparison
from galleria_action.usecases.parts.releasing import history_of, terms_of
from galleria_action.values import replace

#: a file of the site with this name is shown while the gallery is away
PAGE = "maintenance.html"
_INDEX = "index.html"
_OURS = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex">
<title>Back in a moment</title><p>This gallery is being renewed. Please come back in a moment.</p></html>
"""
_HEADERS = Headers("text/html; charset=utf-8", "no-store")


def check_recreate(context: Context, made: Comparison) -> None:
    """Raise ``DeleteGuard`` where ``max-delete`` does not permit every photo to go, which is what happens."""
    count, limit = made.plan.remote_photo_count, context.options.guards.max_delete
    if not limit.allows(count, count):
        raise DeleteGuard(
            f"strategy: recreate takes all {count} photos down before new ones come, more than max-delete ({limit}) "
            "permits. Nothing was written.",
            hint="If the gallery may be away for the time of the upload, set max-delete: 100% for one run. blue-green "
            "has no such time.",
        )


def take_down(context: Context, store: WriteStore, made: Comparison) -> None:
    """Commit an empty gallery, with a page where the deploy has a site, and delete what was there. What goes is kept
    like that of any release. Raises whatever ends a deploy."""
    remote, local = made.remote, made.local
    page = _page(local.site) if local.site is not None else None
    document = _empty(local.document) if local.document else None
    sha256 = hashlib.sha256(page or b"").hexdigest()
    entry = ManifestEntry(len(page or b""), sha256, "", _HEADERS.digest(), sha256, "site")
    named = remote.manifest.objects.keys() | remote.named_keys()
    stays = {METADATA_KEY} | ({_INDEX} if page else set(remote.manifest.of_kind("site")))
    reason = Reason.CHANGED if _INDEX in named else Reason.NEW
    photos = remote.manifest.objects
    plan = Plan(
        mode=local.mode,
        target=context.target,
        base=made.plan.base,
        uploads=(),
        deletes=tuple(
            Delete(key, Reason.REMOVED, photos[key].photo if key in photos else None) for key in sorted(named - stays)
        ),
        unchanged_photos=(),
        removed_photos=tuple(photo.id for photo in remote.metadata.photos) if remote.metadata else (),
        remote_photo_count=made.plan.remote_photo_count,
        local_photo_count=0,
        commit=document,
        storing=made.plan.storing,
        copies=(Copy(_INDEX, reason, KeptObject(sha256, len(page)), _HEADERS),) if page else (),
        strategy="recreate",
    )
    keys: dict[Kind, Collection[str] | None] = {"photo": [], "site": [_INDEX] if page else None}
    wanted = Restored(local.mode, keys, document)
    context.stop.check()
    if page:
        store.put(pool_key(sha256), page, POOL_HEADERS)
    uploader = Idle(context.options.upload.concurrency)
    work = Work(plan, wanted, remote, store, uploader, context.stop, context.tell, None, terms_of(context))
    steps = rolling(wanted, Restore({_INDEX: entry} if page else {}))
    with carried_out(work, steps, context.phase("Take down")):
        work.looked()


def before_it(store: WriteStore, made: Comparison) -> str | None:
    """The release to which a step back from the new gallery leads, where the live one is but the page of a run that
    has taken the old gallery down."""
    live = history_of(store, made.remote).live
    down = live is not None and live.strategy == "recreate" and made.plan.remote_photo_count == 0
    return live.previous if live and down else None


def _page(site: tuple[SourceFile, ...]) -> bytes:
    found = next((file for file in site if file.key == PAGE), None)
    return read_file(found.local) if found else _OURS


def _empty(document: Commit) -> Commit:
    body = json.dumps({**json.loads(document.body), "photos": []}, ensure_ascii=False, indent=2).encode()
    return replace(document, sha256=hashlib.sha256(body).hexdigest(), content=body)
