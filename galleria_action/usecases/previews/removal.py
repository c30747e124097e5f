"""A preview goes: all that lies below its folder and among its records, and a listing proves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from galleria_action.deployment.apply.publishing import Hold, has_died
from galleria_action.deployment.events import PreviewGone
from galleria_action.deployment.layout import Layout, laid_out, whole
from galleria_action.deployment.previews.marks import (
    MARK_BYTES,
    MARKS,
    MarkUnreadable,
    Preview,
    closing_in,
    closing_of,
    mark_of,
    parse_mark,
)
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.state.publication import PUBLICATION_KEY, Publication
from galleria_action.deployment.state.reading import read_publication
from galleria_action.errors import Finding, GalleriaError, VerifyFailed
from galleria_action.quantities import count
from galleria_action.storage.interface import RECORD_HEADERS, RECORDS, ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.purging import Gone, owed_in, purging_of
from galleria_action.usecases.previews.holding import check_own
from galleria_action.values import replace

#: what somebody else writes meanwhile is deleted as well, so often
_ROUNDS = 3
_BATCH = 1000


def remove(context: Context, root: WriteStore, name: str, seen: Preview | None = None) -> bool:
    """Remove the preview ``name``; ``root`` is the gallery's store. ``False`` where it has been deployed anew since it
    was ``seen``, and so stays.

    That it is to go is written down first, and both marks go last: whatever ends this, the next run goes on. Raises
    ``VerifyFailed`` with what could not be deleted, ``Conflict`` where somebody publishes to it without end, and
    ``ConfigInvalid`` where files of a gallery lie there as well.
    """
    layout = Layout.preview(name)
    store = context.preview_store(root)
    check_own(root, store, layout)
    context.stop.check()
    root.put(closing_of(name), b'{"schema": 1}', RECORD_HEADERS)
    store = context.preview_store(root)
    hold = _claimed(context, laid_out(store, layout), name)
    if seen is not None and (now := read_mark(root, name)) is not None and now.touched > seen.touched:
        context.stop.check()
        hold.release()
        _delete(context, root, [closing_of(name)])
        return False
    claim, gone = layout.lies_at(PUBLICATION_KEY), 0
    there = _lying_beside(store, layout, claim)
    with purging_of(context, root, [_of_caches(context, store, name, there)]):
        for _ in range(_ROUNDS):
            if not there:
                break
            _delete(context, store, there)
            gone += len(there)
            there = _lying_beside(store, layout, claim)
        context.stop.check()
        hold.release()
        if left := sorted(_lying(store, layout)):
            raise _still_there(name, left)
        _delete(context, root, [mark_of(name)])
        _delete(context, root, [closing_of(name)])
    context.say(f"The preview {name} is gone: {count(gone, 'object')} deleted, and a listing shows none.")
    context.tell(PreviewGone(name))
    return True


def finish_closing(context: Context, store: WriteStore, listing: Iterable[str] | None) -> None:
    """Go on with removals that did not come to their end, of which a ``listing`` of the gallery in ``store`` tells:
    that of a slot shows nothing of previews. That one fails harms nobody: the next run tries again."""
    root = whole(store)
    keys = records_in(listing or ()) if root is store else [found.key for found in root.list(MARKS)]
    for name in sorted(closing_in(keys)):
        try:
            context.say(f"The removal of the preview {name} did not come to its end; it is gone on with.")
            remove(context, root, name)
        except GalleriaError as error:
            context.stop.check()
            context.warn(f"The preview {name} could not be removed, which the next run tries again: {error.message}")


def read_mark(root: ReadStore, name: str) -> Preview | None:
    """The mark of the preview ``name``; ``None`` where there is none, or none that can be understood."""
    found = root.get(mark_of(name), MARK_BYTES)
    try:
        return parse_mark(found.body, name) if found else None
    except MarkUnreadable:
        return None


def _claimed(context: Context, store: WriteStore, name: str) -> Hold:
    """The right to publish to the preview, when nobody else has it: who deploys it meanwhile waits, and then sees that
    nothing is as it was."""
    found, base, _ = read_publication(store)
    if base is None:
        context.stop.check()
        return Hold.claim(store, Publication())
    if not has_died(store, base.etag, context.stop, context.say):
        return _claimed(context, store, name)
    context.stop.check()
    taken = found or Publication()
    return Hold.claim(store, replace(taken, beat=taken.beat + 1), base)


def _lying(store: ReadStore, layout: Layout) -> Iterator[str]:
    """Everything that lies there of the preview."""
    for folder in (layout.folder, layout.records):
        yield from (found.key for found in store.list(folder))


def _lying_beside(store: ReadStore, layout: Layout, claim: str) -> list[str]:
    return [key for key in _lying(store, layout) if key != claim]


def _of_caches(context: Context, store: WriteStore, name: str, there: Iterable[str]) -> Gone:
    """What caches may hold of the preview, and what its own runs still owe them: their records go with it."""
    layout = Layout.preview(name)
    seen_at = context.preview_at(name)
    keys = [key for place in there if (key := layout.key_of(place)) is not None]
    owed = owed_in(context, laid_out(store, layout), keys)
    known = seen_at is not None or not context.options.previews.preview_bucket
    if not known and context.options.edge.caches:
        context.say(f"Nobody says where the preview {name} was seen (environment-url), so no cache is purged of it.")
    seen = tuple(key for key in keys if known and not key.startswith(RECORDS))
    return Gone(seen_at, context.preview_target.prefix + layout.folder, seen, owed)


def _delete(context: Context, store: WriteStore, keys: list[str]) -> None:
    for start in range(0, len(keys), _BATCH):
        context.stop.check()
        if refused := store.delete(keys[start : start + _BATCH]):
            raise VerifyFailed(
                f"{count(len(refused), 'object')} of a preview could not be deleted.",
                hint="May the credentials s3:DeleteObject there? Run cleanup again; it goes on where this one ended.",
                findings=[Finding(f"{key}: {why}") for key, why in refused.items()],
            )


def _still_there(name: str, left: list[str]) -> VerifyFailed:
    return VerifyFailed(
        f"{count(len(left), 'object')} of the preview {name} are there again: somebody writes to it at this moment.",
        hint="Run cleanup again when that has ended.",
        findings=[Finding(f"still there: {key}") for key in left[:50]],
        problems=len(left),
    )
