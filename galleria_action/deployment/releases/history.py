"""The releases of a gallery as they follow each other, read from their records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from galleria_action.deployment.releases.record import (
    Release,
    ReleaseUnreadable,
    Standing,
    id_in,
    parse_release,
)
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.publication import Replaced
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.hands import Hands
from galleria_action.storage.interface import ReadStore, StoredObject
from galleria_action.values import dataclass, field, replace

#: the largest record that is read: one of a release that changed hundreds of thousands of objects
_MOST = 256 << 20
_READERS = 16


@dataclass(frozen=True, slots=True)
class History:
    """``releases`` have happened, the oldest first, the last one is live. ``dead`` were begun and never committed,
    ``damaged`` are ids of records that cannot be understood. ``read`` are the records as they were stored, by key."""

    releases: tuple[Release, ...] = ()
    dead: tuple[Release, ...] = ()
    damaged: tuple[str, ...] = ()
    read: Mapping[str, StoredObject] = field(default_factory=dict, repr=False, compare=False)

    @property
    def live(self) -> Release | None:
        """What visitors see, as far as we brought it."""
        return self.releases[-1] if self.releases else None

    @property
    def last_id(self) -> str | None:
        """The newest id that was ever given, whatever became of it."""
        ids = [*(it.id for it in (*self.releases, *self.dead)), *self.damaged]
        return max(ids, default=None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What there is to say of the records."""
        return tuple(f"The record of the release {it} cannot be understood; it is skipped." for it in self.damaged)

    def find(self, release: str) -> int | None:
        """Where in ``releases`` the state of ``release`` was live last."""
        found = [i for i, it in enumerate(self.releases) if release in (it.id, it.restores)]
        return found[-1] if found else None

    def line(self) -> tuple[str, ...]:
        """The ids of the releases that steps back lead to, the nearest first: never one that was rolled back. Their
        states are there, though perhaps only as something that a rollback has brought."""
        found: list[str] = []
        at = self.live
        while at and at.previous and at.previous not in found and (index := self.find(at.previous)) is not None:
            found.append(at.previous)
            at = self.releases[index]
        return tuple(found)

    def rolled_back(self) -> frozenset[str]:
        """The ids of the releases that were taken back, and not brought again since."""
        on_the_way = {*self.line(), self.live.state if self.live else ""}
        return frozenset(it.id for it in self.releases if it.state not in on_the_way and it.restores is None)

    def damage_after(self, index: int) -> tuple[str, ...]:
        """The damaged records of releases after that at ``index``: nobody knows what they changed."""
        return tuple(it for it in self.damaged if it > self.releases[index].id)


def read_records(store: ReadStore, keys: Iterable[str]) -> dict[str, StoredObject | None]:
    """The records of releases among ``keys``. Raises the store's errors."""
    wanted = [key for key in keys if id_in(key)]
    with Hands(_READERS, "release") as pool:
        return dict(zip(wanted, pool.map(lambda key: store.get(key, _MOST), wanted), strict=True))


def read_history(
    store: ReadStore,
    keys: Iterable[str],
    metadata: str | None,
    manifest: Manifest,
    read: Mapping[str, StoredObject | None] | None = None,
) -> History:
    """The history, of which ``keys`` are in the bucket; those in ``read`` were read already. ``metadata`` (SHA-256) and
    ``manifest`` are what is live: they tell of an open release whether it was committed.

    Raises the store's errors, and ``ConfigInvalid`` for a record of a newer version.
    """
    ids: dict[str, str] = {}
    for key in sorted(keys, reverse=True):  # the open record of a release comes after the other, which counts
        if release := id_in(key):
            ids[release] = key
    known = read or {}
    records = {**known, **read_records(store, [key for key in ids.values() if key not in known])}
    bodies = {release: records[key] for release, key in ids.items()}
    found: list[Release] = []
    damaged: list[str] = []
    for release, stored in sorted(bodies.items()):
        try:
            if stored:
                found.append(parse_release(stored.body, release))
        except ReleaseUnreadable:
            damaged.append(release)
    committed = [it for it in found if it.standing is not Standing.OPEN or was_committed(it, metadata, manifest)]
    dead = tuple(it for it in found if it not in committed)
    return History(tuple(committed), dead, tuple(damaged), {key: it for key, it in records.items() if it})


def was_committed(release: Release, metadata: str | None, manifest: Manifest) -> bool:
    """Whether an open ``release`` is what is live: by the document that it committed, else by the record of the
    bucket, which then says of each key another thing than before."""
    if release.commit is not None:
        return release.commit == metadata
    changed = [key for key in release.undo if key != METADATA_KEY]
    return bool(changed) and all(says_otherwise(manifest, key, release.undo[key]) for key in changed)


def says_otherwise(manifest: Manifest, key: str, before: Replaced | None) -> bool:
    """Whether ``manifest`` says of ``key`` what it did not say ``before``."""
    return manifest.objects.get(key) != (before.entry if before else None)


def composed(later: Sequence[Release]) -> Mapping[str, Replaced | None]:
    """What each key held before the first of ``later``, of which each follows on the one before: what the oldest says
    counts. Where its bytes stayed as they were, a younger one may tell where they are kept."""
    together: dict[str, Replaced | None] = {}
    for release in reversed(later):
        for key, held in release.undo.items():
            newer = together.get(key)
            if held and held.kept is None and newer and newer.kept:
                held = replace(held, kept=newer.kept)
            together[key] = held
    return together
