"""Our own records in a place of their own: a gallery's store and its state's, as one.

Everything above knows a single store in which the keys below ``.galleria/`` are our records, and uses it as any other;
where these keys lie is decided here and nowhere else.

``owner.json`` in the state's place says whose records lie there. Until it is there, records that lie under the target
count. It is written after all of them have been taken along, and only then are they removed: so a run that dies
half-way leaves a state that is whole, in the one place or the other.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping

from galleria_action.deployment.documents.writing import commit
from galleria_action.deployment.model import Base
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.publication import PUBLICATION_KEY
from galleria_action.errors import ConfigInvalid, Conflict, StorageUnavailable
from galleria_action.hands import Hands
from galleria_action.storage.conditions import PROBE, checks_hash, prove_ahead
from galleria_action.storage.interface import (
    DOCUMENT,
    LARGEST_PUT,
    RECORD_HEADERS,
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
from galleria_action.values import dataclass, field

OWNER = "owner.json"
_SCHEMA = 1
#: records that are taken along at once
_HANDS = 8
#: how the names of those begin that are there for a time only
_COME_AND_GO = ("releases/", "pool/", "checkpoint", "shards/", "purges/", "previews/", "staged.json")


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What was done so that the state is in its place: how many records were ``taken`` along, how many old ones of an
    earlier run ``removed``, and which are ``left``, because they could not be removed or may be somebody else's."""

    taken: int = 0
    removed: int = 0
    left: tuple[str, ...] = ()


@dataclass
class StateElsewhere:
    """A ``WriteStore``: ``gallery`` at ``target``, and ``state`` at ``place`` for the keys below ``.galleria/``."""

    gallery: WriteStore
    state: WriteStore
    target: Target
    place: Target
    _here: bool | None = None
    _owned: bool = False
    _old: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # --- one store ----------------------------------------------------------------------------------------------------

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        store, there = self._home(key)
        return store.get(there, most)

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        store, there = self._home(key)
        return store.head(there)

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``."""
        if not self._moved_in():
            yield from self.gallery.list(prefix, part)
            return
        if not prefix.startswith(RECORDS):
            for found in self.gallery.list(prefix, part):
                if found.key.startswith(RECORDS):
                    self._old.add(found.key)
                else:
                    yield found
        if prefix.startswith(RECORDS) or (RECORDS.startswith(prefix) and _touches(part)):
            for found in self.state.list(prefix.removeprefix(RECORDS) if prefix.startswith(RECORDS) else ""):
                key = RECORDS + found.key
                if part.after < key and (part.until is None or key <= part.until) and found.key != OWNER:
                    yield ObjectInfo(key, found.size, found.etag, found.archived)

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``."""
        store, there = self._home(key)
        return store.put(there, body, headers, condition)

    async def put_later(self, key: str, body: Body, headers: Headers) -> str:
        """See ``Later``."""
        store, there = self._home(key)
        return await put_later(store, there, body, headers)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``. Between two services nothing is copied: that is refused, and the bytes have to be
        sent. A ``source`` at an ``origin`` is a key as it lies there."""
        if origin:
            here, to_key = self._home(key)
            place = self.place if here is self.state else self.target
            if origin.endpoint != place.endpoint:
                raise StorageUnavailable(f"Nothing can be copied from {origin} to {place}: they are two services.")
            return here.copy(source, to_key, headers, origin)
        there, from_key = self._home(source)
        here, to_key = self._home(key)
        if there is here:
            return here.copy(from_key, to_key, headers)
        return self._across(there, from_key, here, to_key, headers)

    def lies_at(self, key: str) -> tuple[Target, str]:
        """The place in which the object under ``key`` lies, and what it is called there."""
        store, name = self._home(key)
        return (self.place if store is self.state else self.target), name

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        homes = {key: self._home(key) for key in keys}
        errors: dict[str, str] = {}
        for place in (self.gallery, self.state):
            names = {there: key for key, (store, there) in homes.items() if store is place}
            refused = place.delete(names) if names else {}
            errors |= {names[there]: text for there, text in refused.items()}
        return errors

    @property
    def seconds_between_writes(self) -> float:
        """See ``Paced``."""
        return max(map(seconds_between_writes, (self.gallery, self.state)))

    def open_ahead(self, count: int) -> None:
        """See ``Connecting``."""
        for place in (self.gallery, self.state):
            open_ahead(place, count)

    def prove_ahead(self, size: int = 0) -> None:
        """See ``Proving``."""
        for place in (self.gallery, self.state):
            prove_ahead(place, size)

    def checks_hash(self, key: str) -> bool:
        """See ``Proving``."""
        store, there = self._home(key)
        return checks_hash(store, there)

    def _home(self, key: str) -> tuple[WriteStore, str]:
        """Where ``key`` lies, and what it is called there."""
        if not key.startswith(RECORDS) or not self._moved_in():
            return self.gallery, key
        return self.state, key.removeprefix(RECORDS)

    def _across(self, there: WriteStore, source: str, here: WriteStore, key: str, headers: Headers | None) -> str:
        origin, place = (self.place, self.target) if there is self.state else (self.target, self.place)
        if origin.endpoint != place.endpoint:
            raise StorageUnavailable(f"Nothing can be copied from {origin} to {place}: they are two services.")
        return here.copy(source, key, headers, origin)

    # --- whose it is, and where ---------------------------------------------------------------------------------------

    def take_up(self) -> TakenUp:
        """Make the place this gallery's, with the records that lie under the target. Nobody may be publishing.

        Raises the storage's errors where the state cannot be written, ``Conflict`` when somebody else is at work.
        """
        self._moved_in()
        if self._owned:
            left = self._remove(self._old)
            return TakenUp(removed=len(self._old) - len(left), left=left)
        there = {it.key: it.etag for it in self.state.list()}
        old = [it.key for it in self.gallery.list(RECORDS) if not it.key.startswith(PROBE)]
        if PUBLICATION_KEY in old:
            raise Conflict(
                f"A deploy is publishing, or died while it did: its record lies under {self.target}. The records were "
                "not moved, and nothing was deployed.",
                hint="Run again: it is finished first, or taken back.",
            )
        if there and self._is_ours():  # another run has moved them meanwhile, and may have removed some here already
            self._here = self._owned = True
            return TakenUp()
        self._clear(there, old)
        self._take_along(there, old)
        self._sign()
        return TakenUp(taken=len(old), left=self._remove(old))

    def _clear(self, there: Iterable[str], old: Iterable[str]) -> None:
        """Remove what a move that died has brought and what is gone since: a hold that was lifted would hold deploys
        again, and what was forgotten would lie there for ever. Where no gallery was deployed, what is there counts."""
        if MANIFEST_KEY not in old:
            return
        gone = {*there} - {key.removeprefix(RECORDS) for key in old}
        stale = sorted(name for name in gone if name.startswith(_COME_AND_GO))
        for name, problem in (self.state.delete(stale) if stale else {}).items():
            raise StorageUnavailable(
                f"{name} in {self.place}, which is out of date, could not be deleted: {problem} Nothing was deployed.",
                hint="May the key s3:DeleteObject there?",
            )

    def _take_along(self, there: Mapping[str, str], old: Iterable[str]) -> None:
        """Copy the ``old`` records; the manifest last, and over nobody else's: ``there`` are ETags."""

        def bring(key: str) -> None:
            name = key.removeprefix(RECORDS)
            try:
                self._across(self.gallery, key, self.state, name, None)
            except StorageUnavailable:  # two services, or one that does not copy
                if found := self.gallery.get(key, LARGEST_PUT):
                    self.state.put(name, found.body, found.headers or RECORD_HEADERS)

        with Hands(_HANDS, "records") as pool:
            list(pool.map(bring, sorted(set(old) - {MANIFEST_KEY})))
        manifest = self.gallery.get(MANIFEST_KEY)
        if manifest:
            name = MANIFEST_KEY.removeprefix(RECORDS)
            base = Base("", there[name]) if name in there else None
            commit(self.state, name, manifest.body, manifest.headers or RECORD_HEADERS, base)

    def _sign(self) -> None:
        document = {"schema": _SCHEMA, "bucket": self.target.bucket, "prefix": self.target.prefix}
        try:
            commit(self.state, OWNER, json.dumps(document).encode(), RECORD_HEADERS, None)
        except Conflict:
            if not self._is_ours():
                raise
        self._here = self._owned = True

    def _remove(self, old: Iterable[str]) -> tuple[str, ...]:
        """Remove the ``old`` records, the manifest last, and return those that are left. Where somebody is publishing
        there, a workflow deploys that knows nothing of the move, and all are left."""
        if PUBLICATION_KEY in old:
            return tuple(sorted(old))
        first = [key for key in old if key != MANIFEST_KEY]
        left = self.gallery.delete(first) if first else {}
        if MANIFEST_KEY in old and not left:
            left = self.gallery.delete([MANIFEST_KEY])
        return tuple(sorted(left))

    def _moved_in(self) -> bool:
        """Whether the records lie in their place. Asked once, of the storage."""
        with self._lock:
            if self._here is None:
                self._owned = self._is_ours()
                self._here = self._owned or next(iter(self.gallery.list(RECORDS)), None) is None
            return self._here

    def _is_ours(self) -> bool:
        """Whether the place is this gallery's already; ``False`` where it is nobody's.

        Raises ``ConfigInvalid`` where it is another gallery's, or that of a newer version.
        """
        found = self.state.get(OWNER, most=1 << 16)
        if found is None:
            return False
        try:
            document = json.loads(found.body)
            schema, whose = document["schema"], (document["bucket"], document["prefix"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ConfigInvalid(
                f"state: {OWNER} in {self.place} cannot be understood, so nobody knows whose records lie there.",
                hint="Give another place, or delete it there if the records are this gallery's.",
            ) from None
        if type(schema) is not int or schema > _SCHEMA:
            raise ConfigInvalid(
                f"state: {self.place} was written by a newer version of Galleria Action (schema {str(schema)[:20]}).",
                hint="Use that version, or a newer one, for this gallery.",
            )
        if whose != (self.target.bucket, self.target.prefix):
            raise ConfigInvalid(
                f"state: {self.place} holds the records of another gallery, not of {self.target}.",
                hint="Give each gallery a folder of its own, such as s3://records/wedding/. If this is the same "
                f"gallery in a new place, delete {OWNER} there.",
            )
        return True


def _touches(part: Part) -> bool:
    """Whether keys below ``.galleria/`` may be in ``part``."""
    return part.after < RECORDS + "\U0010ffff" and (part.until is None or part.until > RECORDS)
