"""The way back to an earlier release: a plan made of copies from the pool and of deletes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from galleria_action.deployment.galleries import Wanted, contents_of, gone
from galleria_action.deployment.made_by import MadeBy
from galleria_action.deployment.model import Commit, Copy, Delete, KeptObject, Mode, Plan, Reason, Storing
from galleria_action.deployment.releases.history import History, composed
from galleria_action.deployment.releases.record import Release
from galleria_action.deployment.remote.listing import records_in
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.manifest import Kind, ManifestEntry
from galleria_action.deployment.state.pool import POOL_FOLDER, pool_key
from galleria_action.deployment.state.publication import Replaced
from galleria_action.errors import Finding, ReleaseUnavailable
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.storage.interface import Headers, ObjectInfo, Target
from galleria_action.values import dataclass, field

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class WayBack:
    """What leads from the live gallery back to ``release``.

    ``recorded`` is what the bucket's record says then, by key; ``document`` is what the metadata's key held (``None``:
    it stays as it is). ``gone`` are keys whose bytes are not to be had any more.
    """

    release: Release
    copies: tuple[Copy, ...]
    deletes: tuple[Delete, ...]
    recorded: Mapping[str, ManifestEntry] = field(repr=False)
    document: Replaced | None
    gone: tuple[str, ...] = ()
    had_metadata: bool = True

    @property
    def size(self) -> int:
        """Bytes that are copied inside the service."""
        return sum(copy.size for copy in self.copies)

    def check(self) -> None:
        """Raise ``ReleaseUnavailable`` with a list where bytes are gone."""
        if not self.had_metadata:
            raise ReleaseUnavailable(
                f"The release {self.release.id} was a folder of photos without metadata, and the gallery has some by "
                "now; the way back would take it away. Nothing was written.",
                hint="Deploy that folder to a prefix of its own.",
            )
        if self.gone:
            raise ReleaseUnavailable(
                f"The release {self.release.id} cannot come back: {len(self.gone):,} of its objects are gone from "
                f"{POOL_FOLDER}. Nothing was written.",
                hint="Somebody has deleted them there. history lists what can be brought back; to get these photos "
                "back, deploy them again from the commit of that time.",
                findings=[Finding(f"gone: {key}") for key in self.gone],
            )


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """A release as it is told of. ``way`` is what a rollback to it would do, ``None`` for what is ``live``; ``damaged``
    says that the record of a later one cannot be understood."""

    release: Release
    live: bool
    rolled_back: bool
    way: WayBack | None
    damaged: bool = False

    @property
    def can_come_back(self) -> bool:
        """Whether a rollback to it is possible."""
        return self.way is not None and not self.way.gone and self.way.had_metadata and not self.damaged


def chosen(history: History, to: str | None, steps: int) -> int:
    """Where in the history the wanted release is: ``to``, else so many ``steps`` back from what is live.

    Raises ``ReleaseUnavailable`` with the nearest ids for one that is not there.
    """
    if to is not None:
        index = history.find(to)
        if index is None:
            raise _unknown(history, to)
    else:
        line = history.line()
        if len(line) < steps:
            only = {0: "is no release", 1: "is only one release"}.get(len(line), f"are only {len(line)} releases")
            raise ReleaseUnavailable(
                f"There {only} to go back to from here. Nothing was written.",
                hint=_others(history, ""),
            )
        found = history.find(line[steps - 1])
        assert found is not None
        index = found
    if damaged := history.damage_after(index):
        raise ReleaseUnavailable(
            f"The way back to {history.releases[index].id} is lost: the later record of {damaged[0]} cannot "
            "be understood. Nothing was written.",
            hint=f"Releases after {damaged[-1]} can still be brought back; history lists them.",
        )
    return index


def pool_of(remote: RemoteState) -> dict[str, int]:
    """The size (bytes) of each object in the pool, by its key, as far as a listing shows them."""
    listing = remote.listing or {}
    return {key: listing[key].size for key in records_in(listing) if key.startswith(POOL_FOLDER)}


def way_back(history: History, index: int, remote: RemoteState, pool: Mapping[str, int]) -> WayBack:
    """The way from what lies there to the release at ``index``; ``pool`` is that of ``remote`` (``pool_of``)."""
    undo = composed(history.releases[index + 1 :])
    document = undo.get(METADATA_KEY)
    manifest, listing = remote.manifest, remote.listing or {}
    recorded = {**manifest.objects, **{key: it.entry for key, it in undo.items() if it and it.entry}}
    recorded = {key: entry for key, entry in recorded.items() if key not in undo or ((it := undo[key]) and it.entry)}
    copies: list[Copy] = []
    gone: list[str] = []
    for key, held in sorted(undo.items()):
        if key == METADATA_KEY or held is None or _is_there(held, manifest.objects.get(key), listing.get(key)):
            continue
        copy = _copy(key, held, manifest.objects.get(key), key in listing, pool)
        copies += [copy] if copy else []
        gone += [] if copy else [key]
    if document and document.kept not in pool:
        gone.append(METADATA_KEY)
    copies += _damaged_since(recorded, undo, remote, pool, _usual(history))
    wanted = {folded(key) for key in (*recorded, *(copy.key for copy in copies))}
    leaving = (key for key, held in undo.items() if held is None and key != METADATA_KEY and key in listing)
    still = (key for key, gone in manifest.leaving.items() if gone.is_still(listing.get(key)))
    going = {key: _photo(remote, key) for key in (*leaving, *still)}
    deletes = [Delete(key, Reason.REMOVED, photo) for key, photo in going.items() if folded(key) not in wanted]
    release = history.releases[index]
    return WayBack(
        release,
        tuple(copies),
        tuple(sorted(deletes, key=lambda it: it.key)),
        recorded,
        document,
        tuple(gone),
        document is not None or METADATA_KEY not in undo,
    )


def _is_there(held: Replaced, entry: ManifestEntry | None, found: ObjectInfo | None) -> bool:
    """Whether the key holds already, as far as record and listing tell, what it held then."""
    if held.entry is None or entry is None or found is None:
        return False
    same = (entry.sha256, entry.headers) == (held.entry.sha256, held.entry.headers)
    return same and entry.describes(found)


def _copy(key: str, held: Replaced, entry: ManifestEntry | None, there: bool, pool: Mapping[str, int]) -> Copy | None:
    """The copy that brings back what ``key`` held, ``None`` where its bytes are gone."""
    headers = held.headers or Headers("application/octet-stream")
    photo = held.entry.photo if held.entry else None
    kept = held.kept or (pool_key(held.entry.sha256) if held.entry else "")
    if kept in pool and pool[kept] == held.size:
        reason = Reason.CHANGED if there else Reason.NEW
        return Copy(key, reason, KeptObject(kept.removeprefix(POOL_FOLDER), held.size), headers, photo)
    if there and entry and held.entry and entry.sha256 == held.entry.sha256:
        return Copy(key, Reason.HEADERS, KeptObject(entry.sha256, held.size), headers, photo)
    return None


def _damaged_since(
    recorded: Mapping[str, ManifestEntry],
    undo: Collection[str],
    remote: RemoteState,
    pool: Mapping[str, int],
    usual: Mapping[str, Headers],
) -> Iterator[Copy]:
    """Copies of what no release has touched since, but somebody else has, where its bytes happen to be kept."""
    listing = remote.listing or {}
    for key, entry in recorded.items():
        found, kept = listing.get(key), pool_key(entry.sha256)
        if key in undo or (found and entry.describes(found)) or pool.get(kept) != entry.size:
            continue
        if headers := usual.get(entry.headers):
            yield Copy(key, Reason.MISSING, KeptObject(entry.sha256, entry.size), headers, entry.photo)


def _usual(history: History) -> Mapping[str, Headers]:
    """The headers that were ever written down, by their digest."""
    held = (it for release in history.releases for it in release.undo.values())
    return {it.headers.digest(): it.headers for it in held if it and it.headers}


def _photo(remote: RemoteState, key: str) -> str | None:
    """The id of the photo that ``key`` belongs to."""
    if entry := remote.manifest.objects.get(key):
        return entry.photo
    gone = remote.manifest.leaving.get(key)
    return gone.photo if gone else None


# -- the plan ------------------------------------------------------------------------------------------------------


def wanted_by(way: WayBack, remote: RemoteState, body: bytes | None) -> Wanted:
    """What a rollback wants online; ``body`` is the metadata document that it commits, if it does."""
    keys: dict[Kind, Collection[str] | None] = {
        "photo": [key for key, entry in way.recorded.items() if entry.kind == "photo"],
        "site": [key for key, entry in way.recorded.items() if entry.kind == "site"],
    }
    document = None
    if body is not None and way.document:
        headers = way.document.headers or Headers("application/json", "no-cache")
        kept = (way.document.kept or "").removeprefix(POOL_FOLDER)
        document = Commit(METADATA_KEY, kept, headers, body)
    return Restored(remote.mode or "directory", keys, document)


@dataclass(frozen=True, slots=True)
class Restored:
    """A gallery as it was: the keys of both its parts, and the document that is committed for it."""

    mode: Mode
    keys: Mapping[Kind, Collection[str] | None]
    document: Commit | None
    made_by: MadeBy | None = None

    def keys_of(self, kind: Kind) -> Collection[str] | None:
        """See ``Wanted``."""
        return self.keys[kind]


def plan_back(
    way: WayBack, wanted: Wanted, remote: RemoteState, then: GalleryMetadata | None, target: Target, storing: Storing
) -> Plan:
    """The plan of the ``way``; ``then`` is the metadata of that release, where it is another than what is live."""
    metadata = then or remote.metadata
    before = contents_of(remote.metadata, remote.manifest.objects)
    after = contents_of(metadata, way.recorded)
    touched = {copy.photo for copy in way.copies}
    document = wanted.document
    base = remote.metadata_base if document else remote.manifest_base
    return Plan(
        mode=remote.mode or "directory",
        target=target,
        base=base,
        uploads=(),
        deletes=way.deletes,
        unchanged_photos=tuple(photo for photo in after if photo in before and photo not in touched),
        removed_photos=gone(before, after),
        remote_photo_count=len(before),
        local_photo_count=len(after),
        commit=document if document and not (base and base.sha256 == document.sha256) else None,
        local_file_count=len(way.recorded),
        remote_site_count=len(remote.manifest.of_kind("site")),
        storing=storing,
        copies=way.copies,
    )


# -- what cannot be ------------------------------------------------------------------------------------------------


def _unknown(history: History, to: str) -> ReleaseUnavailable:
    return ReleaseUnavailable(
        f"There is no release {to} here, or it is not kept any more. Nothing was written.",
        hint=_others(history, to),
    )


def _others(history: History, to: str) -> str:
    from difflib import get_close_matches

    ids = [it.id for it in history.releases[:-1]]
    near = (get_close_matches(to, ids, _SHOWN, 0.5) if to else []) or ids[-_SHOWN:][::-1]
    if not near:
        return (
            "No earlier release is kept: there was none, or keep-releases let it go. What the next deploy replaces is "
            "kept (keep-releases, 5 unless given)."
        )
    return f"These can be brought back: {', '.join(near)}."
