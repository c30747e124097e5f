"""A photo that is forgotten goes from slots as well, and a listing proves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from galleria_action.deployment.apply.publishing import Hold
from galleria_action.deployment.layout import SLOTS, Layout, is_elsewhere, laid_out
from galleria_action.deployment.remote.reading import RemoteState, list_target, read_remote
from galleria_action.deployment.routing.router import Slots
from galleria_action.deployment.slots.staged import STAGED_KEY
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.publication import Publication
from galleria_action.errors import Finding, VerifyFailed
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import ReadStore, WriteStore
from galleria_action.usecases.context import Context
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Trace:
    """Another gallery that has the photo, under these keys."""

    layout: Layout
    keys: tuple[str, ...]


def traces_elsewhere(slots: Slots, store: ReadStore, photo: str) -> tuple[Trace, ...]:
    """Where else below the target ``photo`` is; ``store`` is the whole of it. Raises the store's errors."""
    listing = list_target(store)
    found = (
        (layout, _keys(read_remote(_at(slots, layout), listing=True), photo)) for layout in _others(slots, listing)
    )
    return tuple(Trace(layout, keys) for layout, keys in found if keys)


def forget_elsewhere(context: Context, slots: Slots, traces: Sequence[Trace], photo: str) -> int:
    """Delete the ``traces`` of ``photo`` in galleries beside the live one, and return how many objects they were. A
    slot is not a whole gallery any more then: nobody can promote it, and the next deploy fills it anew.

    Raises ``VerifyFailed`` when something of it remains, and the store's errors.
    """
    hold = Hold.claim_after(slots.store, Publication(), context.stop, context.say)
    slots.check()
    for trace in traces:
        store = _at(slots, trace.layout)
        if trace.layout.is_slot:
            context.stop.check()
            slots.store.delete([STAGED_KEY, *map(trace.layout.lies_at, (METADATA_KEY, MANIFEST_KEY))])
        context.stop.check()
        store.delete(trace.keys)
    context.stop.check()
    hold.release()
    there = list_target(slots.store)
    left = [place for trace in traces for key in trace.keys if (place := trace.layout.lies_at(key)) in there]
    if left:
        raise VerifyFailed(
            f"{len(left)} objects of {photo} are still there.",
            hint="Run forget again.",
            findings=[Finding(f"still there: {place}") for place in left],
        )
    return sum(len(trace.keys) for trace in traces)


def _at(slots: Slots, layout: Layout) -> WriteStore:
    return laid_out(slots.store, layout)


def _others(slots: Slots, listing: Iterable[str]) -> Iterator[Layout]:
    """The galleries that lie there beside the live one."""
    folders = {"/".join(key.split("/")[:2]) + "/" for key in listing if is_elsewhere(key) and "/" in key}
    for layout in map(Layout.slot, SLOTS):
        if layout != slots.live and layout.folder in folders:
            yield layout
    if slots.live != Layout.IN_PLACE:
        yield Layout.IN_PLACE


def _keys(state: RemoteState, photo: str) -> tuple[str, ...]:
    named = {key for key, entry in state.manifest.objects.items() if entry.photo == photo}
    photos = state.metadata.photos if state.metadata else ()
    named |= {key for it in photos if it.id == photo for _, key in it.files.items()}
    return tuple(sorted(key for key in named if key in (state.listing or {})))
