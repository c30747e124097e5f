"""Which of the galleries below a target a run may deal with."""

from __future__ import annotations

import json
from itertools import chain

from galleria_action.deployment.galleries import KINDS, Wanted
from galleria_action.deployment.layout import Layout, is_elsewhere
from galleria_action.deployment.previews.marks import marked_in
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.edge.routers.kinds import RouterKind
from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.gallery.keys import folded
from galleria_action.storage.interface import RECORD_HEADERS, RECORDS, ReadStore, WriteStore
from galleria_action.usecases.context import Context

#: says by which router visitors are sent, from the first switch on
ROUTED_KEY = f"{RECORDS}routed.json"
_MOST = 1 << 14
_SHOWN = 20


def check_places(context: Context, store: ReadStore, local: Wanted, remote: RemoteState) -> None:
    """Raise ``ConfigInvalid`` where visitors are sent by another router than this run knows of, or where the gallery
    has keys that would lie where slots or previews do."""
    check_router(context, store, remote)
    _check_previews(context, local, remote)
    if not (context.options.strategy.strategy.in_slots or context.options.strategy.router.kind is not RouterKind.COPY):
        return
    own = (key for kind in KINDS for key in local.keys_of(kind) or ())
    # what visitors are shown until the switch may not make room either
    taken = sorted({*filter(is_elsewhere, chain(own, remote.named_keys(), remote.manifest.objects))})
    if taken:
        raise ConfigInvalid(
            f"The gallery has {len(taken)} files of its own where slots, previews and live.json lie, here or online. "
            "It cannot be deployed to slots, and nothing was written.",
            hint="Rename them and deploy once with strategy: rolling and router: copy, or stay with that.",
            findings=[Finding(f"taken: {key}") for key in taken[:_SHOWN]],
        )


def _check_previews(context: Context, local: Wanted, remote: RemoteState) -> None:
    """Raise ``ConfigInvalid`` where the gallery would write into a preview, and lose that with it."""
    marked = marked_in(records_in(remote.listing or ()))
    if not marked or context.options.previews.preview_bucket:
        return
    folders = tuple(Layout.preview(name).folder for name in marked)
    own = (key for kind in KINDS for key in local.keys_of(kind) or ())
    if taken := sorted(key for key in own if folded(key).startswith(folders)):
        raise ConfigInvalid(
            f"The gallery has {len(taken)} files of its own where previews lie that are online. Nothing was written.",
            hint="Rename them, or remove those previews first (cleanup with preview: the name of each).",
            findings=[Finding(f"taken: {key}") for key in taken[:_SHOWN]],
        )


def check_router(context: Context, store: ReadStore, remote: RemoteState) -> None:
    """Raise ``ConfigInvalid`` where visitors are sent by another router than this run knows of: it would deal with a
    gallery that nobody sees."""
    if ROUTED_KEY not in (remote.listing or ()):
        return
    found, asked = store.get(ROUTED_KEY, _MOST), str(context.options.strategy.router)
    try:
        router = str(json.loads(found.body)["router"])[:200] if found else asked
    except (ValueError, TypeError, KeyError, RecursionError):
        router = "another router"
    if router != asked:
        raise ConfigInvalid(
            f"Visitors of this gallery are sent by {router}, and this run was told router: {asked}. It would deal with "
            "a gallery that nobody sees. Nothing was written.",
            hint=f"Set router: {router} for every command that deals with this gallery. To leave it, have visitors "
            f"sent to the bucket's root again and delete {ROUTED_KEY} there.",
        )


def note_router(context: Context, store: WriteStore, remote: RemoteState) -> None:
    """Write down by which router visitors are about to be sent. Raises the store's errors."""
    if ROUTED_KEY in (remote.listing or ()):
        return
    context.stop.check()
    body = json.dumps({"schema": 1, "router": str(context.options.strategy.router)}).encode()
    store.put(ROUTED_KEY, body, RECORD_HEADERS)
