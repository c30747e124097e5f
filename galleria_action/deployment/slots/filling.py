"""What has to be copied so that a slot holds a gallery, and what has to go from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.model import Plan, Reason
from galleria_action.deployment.outgoing.done import UploadsDone
from galleria_action.deployment.releases.rollback import WayBack
from galleria_action.deployment.remote.reading import RemoteState
from galleria_action.deployment.state.manifest import Kind, Manifest, ManifestEntry
from galleria_action.deployment.state.pool import pool_key
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.storage.interface import RECORDS, Headers, ObjectInfo
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Piece:
    """What a key of the new gallery is to hold: the object at ``place`` under the target, with its headers or with
    other ones. ``entry`` is what the manifest says of it (its ETag apart), ``None`` for what nobody has recorded."""

    place: str
    entry: ManifestEntry | None = None
    headers: Headers | None = None


@dataclass(frozen=True, slots=True)
class Filling:
    """``copies`` by key, ``there`` what the slot holds already, ``gone`` the keys of what does not belong there."""

    copies: Mapping[str, Piece]
    there: Mapping[str, ManifestEntry]
    gone: tuple[str, ...]

    @property
    def is_nothing(self) -> bool:
        """Whether the slot holds the gallery already."""
        return not (self.copies or self.gone)


def filling(wanted: Mapping[str, Piece], slot: Manifest, listing: Mapping[str, ObjectInfo]) -> Filling:
    """What makes ``wanted`` of a slot with this record and ``listing``. What an earlier run has left there is believed
    where record and listing agree; nothing else may be there."""
    there: dict[str, ManifestEntry] = {}
    copies: dict[str, Piece] = {}
    for key, piece in wanted.items():
        recorded, found, entry = slot.objects.get(key), listing.get(key), piece.entry
        if entry and recorded and found and recorded.describes(found) and _same(entry, recorded):
            there[key] = replace(entry, etag=found.etag)
        else:
            copies[key] = piece
    stays = {folded(key) for key in (*wanted, METADATA_KEY)}
    gone = (key for key in listing if not key.startswith(RECORDS) and folded(key) not in stays)
    return Filling(copies, there, tuple(sorted(gone)))


def pieces(local: Wanted, plan: Plan, remote: RemoteState, done: UploadsDone, live: Layout) -> dict[str, Piece]:
    """The gallery that ``plan`` makes of the ``live`` one: what was uploaded comes from the pool, all else from there.

    A part that the deploy leaves alone is taken along as it is.
    """
    headers = {up.key: up.file.headers for up in plan.uploads}
    only_headers = {up.key for up in plan.uploads if up.reason is Reason.HEADERS}
    objects = remote.manifest.objects
    found: dict[str, Piece] = {}
    for key in (*_keys("photo", local, remote), *_keys("site", local, remote)):
        entry = objects.get(key)
        if staged := done.staged.get(key):
            found[key] = Piece(pool_key(staged.sha256), staged, headers[key])
        elif sent := done.entries.get(key):
            found[key] = Piece(live.lies_at(key), sent)
        elif key in only_headers and entry:
            found[key] = Piece(live.lies_at(key), replace(entry, headers=headers[key].digest()), headers[key])
        else:
            found[key] = Piece(live.lies_at(key), entry)
    return found


def pieces_brought(
    local: Wanted, plan: Plan, remote: RemoteState, recorded: Mapping[str, ManifestEntry], live: Layout
) -> dict[str, Piece]:
    """The gallery that ``plan`` makes of the ``live`` one by copies from elsewhere: what was brought is in the pool,
    all else is there. ``recorded`` is what the manifest says then. A part that is left alone is taken along.
    """
    copies = {copy.key: copy for copy in plan.copies}
    found: dict[str, Piece] = {}
    for key in (*_keys("photo", local, remote), *_keys("site", local, remote)):
        entry, copy = recorded.get(key, remote.manifest.objects.get(key)), copies.get(key)
        if copy is None:
            found[key] = Piece(live.lies_at(key), entry)
        else:
            place = live.lies_at(key) if copy.reason is Reason.HEADERS else pool_key(copy.source.sha256)
            found[key] = Piece(place, entry, copy.headers)
    return found


def pieces_back(way: WayBack, named: frozenset[str], live: Layout) -> dict[str, Piece]:
    """The gallery at the end of the ``way``, which names these keys: what has changed since comes from the pool, all
    else from the ``live`` one."""
    found = {key: Piece(live.lies_at(key)) for key in named - {METADATA_KEY}}
    found |= {key: Piece(live.lies_at(key), entry) for key, entry in way.recorded.items()}
    for copy in way.copies:
        kept = pool_key(copy.source.sha256)
        place = live.lies_at(copy.key) if copy.reason is Reason.HEADERS else kept
        found[copy.key] = Piece(place, way.recorded.get(copy.key), copy.headers)
    return found


def _keys(kind: Kind, local: Wanted, remote: RemoteState) -> list[str]:
    own = local.keys_of(kind)
    if own is not None:
        return list(own)
    if kind == "photo":
        return sorted(remote.named_keys() - {METADATA_KEY})
    return list(remote.manifest.of_kind("site"))


def _same(entry: ManifestEntry, recorded: ManifestEntry) -> bool:
    return (entry.sha256, entry.headers, entry.size) == (recorded.sha256, recorded.headers, recorded.size)
