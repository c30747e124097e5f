"""Where the keys of a gallery lie: in place, in a slot, or as a preview. Nobody else knows.

All code names the keys of *a gallery*: ``photos/full/a.jpg``, ``gallery-metadata.json``, ``.galleria/manifest.json``.
What is planned, listed, recorded and verified in them goes for any place; ``laid_out`` gives a store in which they lie
where the layout says.

================  ===================  ============================================================================
a gallery …       its objects          its records
================  ===================  ============================================================================
in place          ``‹key›``            ``.galleria/…``
in the slot a     ``slots/a/‹key›``    the manifest: ``.galleria/slots/a/manifest.json``; all others are those of the
                                       gallery as a whole (releases, pool, hold, claim): ``.galleria/…``
the preview p     ``previews/p/‹key›``  all of them, with a pool and a claim of their own: ``.galleria/previews/p/…``
================  ===================  ============================================================================

In place and as a preview a gallery is visible when its metadata is written, or its record where there is none; in a
slot when the router's document says so (``live.json``, see ``schemas/live.schema.json``).

A preview is a whole gallery: deploy it as one, over ``laid_out(store, Layout.preview(name))``. To remove it is to
delete all that ``store.list(layout.folder)`` and ``store.list(layout.records)`` name. Unchanged photos come from the
live gallery by ``copy`` with an ``origin``, the target as a whole: its ``source`` is then a key as it lies there
(``live_layout.lies_at(key)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.expressions import expression
from galleria_action.storage.conditions import checks_hash, prove_ahead
from galleria_action.storage.interface import (
    DOCUMENT,
    RECORDS,
    WHOLE,
    Body,
    Condition,
    Headers,
    ObjectHead,
    ObjectInfo,
    Part,
    StoredObject,
    Target,
    WriteStore,
    open_ahead,
    put_later,
    seconds_between_writes,
)
from galleria_action.values import dataclass

#: what routers say of a gallery in slots, as the edge reads it
LIVE_KEY = "live.json"
SLOTS = ("a", "b")
SLOTS_FOLDER = "slots/"
PREVIEWS_FOLDER = "previews/"
#: a part of a host's name, so that a preview may get one of its own (RFC 1035, section 2.3.1)
_PREVIEW = expression(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_elsewhere = re.compile(
    rf"{SLOTS_FOLDER}[{''.join(SLOTS)}]/|{PREVIEWS_FOLDER}{_PREVIEW.pattern}/|{re.escape(LIVE_KEY)}\Z"
).match


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for a gallery below its target. ``folder`` is where its objects lie, ``records`` where its own records
    do; both are empty or end with a slash. Of a ``slot`` only the manifest is its own."""

    folder: str = ""
    records: str = RECORDS
    is_slot: bool = False

    IN_PLACE: ClassVar[Layout]

    @classmethod
    def slot(cls, name: str) -> Layout:
        """The slot ``name``, one of ``SLOTS``. Raises ``ValueError`` for any other."""
        if name not in SLOTS:
            raise ValueError(f"{name[:40]!r} is not a slot: {', '.join(SLOTS)}")
        return cls(f"{SLOTS_FOLDER}{name}/", f"{RECORDS}{SLOTS_FOLDER}{name}/", is_slot=True)

    @classmethod
    def preview(cls, name: str) -> Layout:
        """The preview ``name``. Raises ``ValueError`` for what cannot be a part of a host's name: a preview's name may
        come from a pull request, and nothing of it may lead elsewhere."""
        if not _PREVIEW.fullmatch(name):
            raise ValueError(
                f"{name[:70]!r} is not the name of a preview: up to 63 lower-case letters, digits and hyphens"
            )
        return cls(f"{PREVIEWS_FOLDER}{name}/", f"{RECORDS}{PREVIEWS_FOLDER}{name}/")

    @classmethod
    def at(cls, folder: str) -> Layout:
        """The gallery whose objects lie in ``folder`` (empty: in place), no preview. Raises ``ValueError``."""
        if not folder:
            return cls.IN_PLACE
        layouts = {it.folder: it for it in map(cls.slot, SLOTS)}
        if folder not in layouts:
            raise ValueError(f"{folder[:40]!r} is not the folder of a slot: {', '.join(layouts)}")
        return layouts[folder]

    def lies_at(self, key: str) -> str:
        """Where the gallery's ``key`` lies under the target."""
        if not key.startswith(RECORDS):
            return self.folder + key
        if self.is_slot and key != MANIFEST_KEY:
            return key
        return self.records + key.removeprefix(RECORDS)

    def key_of(self, place: str) -> str | None:
        """The gallery's key that lies at ``place`` under the target; ``None`` for what is not this gallery's."""
        if place.startswith(RECORDS):
            if place.startswith(self.records) and (not self.is_slot or place == self.lies_at(MANIFEST_KEY)):
                return RECORDS + place.removeprefix(self.records)
            return place if self.is_slot and _is_shared(place) else None
        return place.removeprefix(self.folder) if place.startswith(self.folder) else None


Layout.IN_PLACE = Layout()


def is_elsewhere(key: str) -> bool:
    """Whether ``key`` of a gallery in place lies where slots, previews and the router's document do. What nothing names
    there is not an orphan, and a gallery that has slots or previews can have no such key itself."""
    return _elsewhere(key) is not None


def _is_shared(place: str) -> bool:
    """Whether a record is one of the gallery as a whole, which its slots have in common."""
    own = place.startswith((f"{RECORDS}{SLOTS_FOLDER}", f"{RECORDS}{PREVIEWS_FOLDER}"))
    return not own and place != MANIFEST_KEY


def laid_out(store: WriteStore, layout: Layout) -> WriteStore:
    """``store`` with the keys of a gallery where ``layout`` has them; in place it is ``store`` itself."""
    return store if layout == Layout.IN_PLACE else _LaidOut(store, layout)


def whole(store: WriteStore) -> WriteStore:
    """The store of the whole target, of which ``store`` may show one gallery."""
    return store.store if isinstance(store, _LaidOut) else store


def place_of(store: WriteStore, key: str) -> str:
    """Where ``key`` of the gallery that ``store`` shows lies in the whole target."""
    return store.layout.lies_at(key) if isinstance(store, _LaidOut) else key


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """A ``WriteStore`` over another, rooted at the target."""

    store: WriteStore
    layout: Layout

    @property
    def seconds_between_writes(self) -> float:
        """See ``Paced``."""
        return seconds_between_writes(self.store)

    def open_ahead(self, count: int) -> None:
        """See ``Connecting``."""
        open_ahead(self.store, count)

    def prove_ahead(self, size: int = 0) -> None:
        """See ``Proving``."""
        prove_ahead(self.store, size)

    def checks_hash(self, key: str) -> bool:
        """See ``Proving``."""
        return checks_hash(self.store, self.layout.lies_at(key))

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        return self.store.get(self.layout.lies_at(key), most)

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        return self.store.head(self.layout.lies_at(key))

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        layout = self.layout
        if not prefix.startswith(RECORDS):
            until = None if part.until is None else layout.folder + part.until
            shifted = part if part == WHOLE else Part(layout.folder + part.after, until)
            for found in self.store.list(layout.folder + prefix, shifted):
                key = layout.key_of(found.key)
                if key is not None and not key.startswith(RECORDS):
                    yield ObjectInfo(key, found.size, found.etag, found.archived)
        if prefix.startswith(RECORDS) or RECORDS.startswith(prefix):
            for found in self._records():
                if found.key.startswith(prefix) and part.after < found.key <= (part.until or found.key):
                    yield found

    def _records(self) -> Iterator[ObjectInfo]:
        for found in self.store.list(RECORDS if self.layout.is_slot else self.layout.records):
            if (key := self.layout.key_of(found.key)) is not None:
                yield ObjectInfo(key, found.size, found.etag, found.archived)

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``."""
        return self.store.put(self.layout.lies_at(key), body, headers, condition)

    async def put_later(self, key: str, body: Body, headers: Headers) -> str:
        """See ``Later``."""
        return await put_later(self.store, self.layout.lies_at(key), body, headers)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``. A ``source`` at an ``origin`` is a key as it lies there."""
        if origin is not None:
            return self.store.copy(source, self.layout.lies_at(key), headers, origin)
        return self.store.copy(self.layout.lies_at(source), self.layout.lies_at(key), headers)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        places = {self.layout.lies_at(key): key for key in keys}
        return {places[place]: error for place, error in self.store.delete(places).items()}
