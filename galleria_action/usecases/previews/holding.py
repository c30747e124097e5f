"""Which previews there are, which of them have a photo, and what is not of a preview though it lies where one would."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from galleria_action.deployment.layout import PREVIEWS_FOLDER, Layout, laid_out
from galleria_action.deployment.previews.marks import MARKS, folders_in, marked_in
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.gallery.keys import folded
from galleria_action.storage.interface import RECORDS, ReadStore, WriteStore
from galleria_action.usecases.context import Context

_SHOWN = 20


def all_previews(context: Context, root: WriteStore) -> frozenset[str]:
    """The names of all previews of which there is a mark, or a record among the gallery's own: in a bucket of their own
    there may be those of other galleries. Raises the stores' errors."""
    store = context.preview_store(root)
    marked = marked_in(found.key for found in root.list(MARKS))
    return marked | {*folders_in(store, MARKS)} if store is root else marked


def strangers(context: Context, root: WriteStore) -> list[str]:
    """The names of folders that lie where previews do, and are not known to be one: a preview is marked before anything
    of it is written, and until all of it is gone. Raises the stores' errors."""
    return sorted({*folders_in(context.preview_store(root), PREVIEWS_FOLDER)} - all_previews(context, root))


def keys_below(layout: Layout, keys: Iterable[str]) -> list[str]:
    """Those of a gallery's ``keys`` that lie in the folder of another, in the eyes of any disk."""
    return sorted(key for key in keys if folded(key).startswith(layout.folder))


def check_own(root: ReadStore, store: ReadStore, layout: Layout) -> None:
    """Raise ``ConfigInvalid`` where the folder of a preview, which lies in ``store``, holds what is not of it: files
    that the gallery in ``root`` names, or a gallery with records of its own."""
    taken = [found.key for found in islice(store.list(f"{layout.folder}{RECORDS}"), _SHOWN)]
    if store is root:
        gallery = read_remote(root, listing=False)
        taken += keys_below(layout, {*gallery.named_keys(), *gallery.manifest.objects})
    if taken:
        raise in_the_way(layout, taken)


def in_the_way(layout: Layout, taken: Sequence[str]) -> ConfigInvalid:
    """Why a preview cannot lie, or go, where files of a gallery lie."""
    return ConfigInvalid(
        f"{layout.folder} is not the preview's alone: files of a gallery lie there. Nothing of it was touched.",
        hint="Give the preview another name, or let previews lie in a bucket of their own (preview-bucket).",
        findings=[Finding(f"taken: {key}") for key in taken[:_SHOWN]],
        problems=len(taken),
    )


def previews_with(context: Context, root: WriteStore, photo: str, contents: Collection[str]) -> tuple[str, ...]:
    """The names of the previews that have the photo, by its id or by one of its ``contents`` (SHA-256), or of which
    nobody knows what they have: they go as a whole when it is forgotten, and the next deploy of each makes it anew.
    Raises the stores' errors."""
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
