"""Which previews have a photo: they go as a whole when it is forgotten; the next deploy of each makes it anew."""

from __future__ import annotations

from collections.abc import Collection

from galleria_action.deployment.layout import PREVIEWS_FOLDER, Layout, laid_out
from galleria_action.deployment.previews.marks import MARKS, folders_in, marked_in
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.storage.interface import ReadStore, WriteStore
from galleria_action.usecases.context import Context


def all_previews(context: Context, root: WriteStore) -> frozenset[str]:
    """The names of all previews of which there is anything. Raises the stores' errors."""
    store = context.preview_store(root)
    marked = marked_in(found.key for found in root.list(MARKS))
    return frozenset({*marked, *folders_in(store, PREVIEWS_FOLDER), *folders_in(store, MARKS)})


def previews_with(context: Context, root: WriteStore, photo: str, contents: Collection[str]) -> tuple[str, ...]:
    """The names of the previews that have the photo, by its id or by one of its ``contents`` (SHA-256), or of which
    nobody knows what they have. Raises the stores' errors."""
    store = context.preview_store(root)
    return tuple(
        name
        for name in sorted(all_previews(context, root))
        if _has(laid_out(store, Layout.preview(name)), photo, contents)
    )


def _has(store: ReadStore, photo: str, contents: Collection[str]) -> bool:
    remote = read_remote(store, listing=False)
    if remote.mode is None or remote.warnings:
        return True  # it did not come to its end, or cannot be understood
    entries = remote.manifest.objects
    by_entry = any(photo in (it.photo, key) or it.sha256 in contents for key, it in entries.items())
    return by_entry or (remote.metadata is not None and any(it.id == photo for it in remote.metadata.photos))
