"""The plan as a value: the actions of a deploy, each with its reason (``planner`` makes it)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Literal, TypeVar, cast

from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.metadata.model import Variant
from galleria_action.gallery.metadata.schema import Kept
from galleria_action.storage.interface import Headers, Target
from galleria_action.values import dataclass, field

PLAN_SCHEMA = 2
#: so many hex digits of an edit's digest tell it from any other; versions before kept 64
EDIT_DIGITS = 32

#: what a gallery's photos are named by: a metadata document, or the manifest alone
Mode = Literal["metadata", "directory"]


class Reason(StrEnum):
    """Why an object is written or deleted, the strongest first."""

    FORCED = "forced"
    NEW = "new"
    CHANGED = "changed"
    SETTINGS = "settings"
    VARIANT = "variant"
    HEADERS = "headers"
    MISSING = "missing"
    UNPROVEN = "unproven"
    REMOVED = "removed"
    ORPHAN = "orphan"


_STRENGTH = {reason: rank for rank, reason in enumerate(Reason)}


# -- what objects are made from ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PhotoEdit:
    """What is done to a photo's EXIF on its way: the ISO 8601 time and the whole hours of its zone that are written
    (13 keeps the zone), and whether its position is removed."""

    timestamp: str | None
    offset_hours: int | None
    strip_gps: bool = False

    def digest(self) -> str:
        """The first half of the SHA-256 (32 hex digits) of the edit, so that an edit of another kind is seen as a
        change."""
        return _edit_digest(self)


#: goes up when positions are found where they were not looked for before: what was published then is sent again
_STRIPPING = 4


@lru_cache(maxsize=64)
def _edit_digest(edit: PhotoEdit) -> str:
    """Remembered for the files of one photo, which are asked for one after the other."""
    return edit_digests((edit.timestamp,), edit.offset_hours, strip_gps=edit.strip_gps)[0]


#: what stands in JSON as it is
_plain = re.compile("[ -!#-\\[\\]-~]*").fullmatch


def edit_digests(timestamps: Sequence[str | None], offset_hours: int | None, *, strip_gps: bool) -> list[str]:
    """``PhotoEdit.digest`` of the edits that each of ``timestamps`` makes with these."""
    stripping = strip_gps and _STRIPPING
    if offset_hours is None or None in timestamps or not _plain("".join(cast(Sequence[str], timestamps))):
        texts = [canonical([it, offset_hours, stripping]) for it in timestamps]
    else:  # the same, in a fraction of the time
        end = f'",{offset_hours:d},{stripping or "false"}]'
        texts = [f'["{it}{end}' for it in timestamps]
    return [hashlib.sha256(text.encode()).hexdigest()[:EDIT_DIGITS] for text in texts]


@dataclass(frozen=True, slots=True)
class PageEdit:
    """What is done to a page of a preview on its way: search engines are asked to leave it out."""

    def digest(self) -> str:
        """Like ``PhotoEdit.digest``."""
        return hashlib.sha256(b"noindex").hexdigest()[:EDIT_DIGITS]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A local file that belongs under ``key``.

    ``sha256`` is what its bytes must hash to when they are read for the upload: measured while planning, or claimed
    by the metadata (``file_hash``) for ``full``, which is read once only. ``blob`` is git's id (hex) of its content as
    it was found, where git tracks it; empty where that may have changed since git looked.
    """

    key: str
    local: LocalFile
    sha256: str
    headers: Headers
    blob: str | None = None

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.local.size

    @property
    def variant(self) -> Variant | None:
        """Which of a photo's three sizes it is; ``None`` for other files."""
        return self.local.variant


@dataclass(frozen=True, slots=True)
class KeptObject:
    """An object that the state keeps in its pool under ``sha256``: the SHA-256 (hex) of its bytes, or a name that says
    that it is not known. ``size`` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class PlacedObject:
    """An object of another gallery: it lies under ``key`` at ``target``, whose listing shows it with this ``etag``; the
    record there says that its bytes have this ``sha256`` (hex). ``size`` in bytes."""

    target: Target
    key: str
    sha256: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True)
class Base:
    """The remote document that the plan was made against: SHA-256 of its bytes, and its ETag for the commit."""

    sha256: str
    etag: str

    @classmethod
    def of(cls, body: bytes, etag: str) -> Base:
        """The base that the stored ``body`` is."""
        return cls(hashlib.sha256(body).hexdigest(), etag)


# -- actions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Upload:
    """One object to be written from a local file.

    ``photo`` is the photo's id, ``None`` for a file of the site, and ``edit`` what is done to the file on its way.
    ``digest`` is the SHA-256 of the local file, or the ``deployment_file_hash`` for ``full``.
    """

    reason: Reason
    file: SourceFile
    digest: str
    photo: str | None = None
    edit: PhotoEdit | PageEdit | None = None

    @property
    def key(self) -> str:
        """Where it goes."""
        return self.file.key

    @property
    def size(self) -> int:
        """Bytes of the local file, before any edit."""
        return self.file.local.size

    def canonical(self) -> str:
        """See ``Action``."""
        edit = self.edit.digest() if self.edit else ""
        headers = self.file.headers.digest()
        return canonical({
            "action": "upload", "key": self.key, "size": self.size, "sha256": self.digest, "reason": self.reason,
            "headers": headers, "edit": edit,
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """One object to be written from bytes that a service has already: in the pool, in another gallery, or, for
    ``Reason.HEADERS``, under the key itself."""

    key: str
    reason: Reason
    source: KeptObject | PlacedObject
    headers: Headers
    photo: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return self.source.size

    def canonical(self) -> str:
        """See ``Action``."""
        return canonical({
            "action": "copy", "key": self.key, "size": self.size, "sha256": self.source.sha256, "reason": self.reason,
            "headers": self.headers.digest(),
        })  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delete:
    """One object to be removed after the commit."""

    key: str
    reason: Reason
    photo: str | None = None

    def canonical(self) -> str:
        """See ``Action``."""
        return canonical({"action": "delete", "key": self.key, "reason": self.reason})


@dataclass(frozen=True, slots=True)
class Commit:
    """The document whose write makes the gallery visible, with the SHA-256 (hex) of its ``content``: its bytes, or the
    file that has them."""

    key: str
    sha256: str
    headers: Headers
    content: bytes | Kept = field(repr=False, compare=False)

    @property
    def body(self) -> bytes:
        """The document. Raises ``GalleryInvalid`` where the file has changed meanwhile."""
        return self.content if isinstance(self.content, bytes) else self.content.read()

    @property
    def size(self) -> int:
        """Bytes of the document."""
        return len(self.content)

    def canonical(self) -> str:
        """See ``Action``."""
        return canonical({
            "action": "commit", "key": self.key, "size": self.size, "sha256": self.sha256,
            "headers": self.headers.digest(),
        })  # fmt: skip


#: Everything a deploy can do to a target. ``canonical()`` is the one text (JSON, ASCII) that stands for an action: two
#: with the same text have the same outcome, and a plan's id and an approval's digests are made from these texts.
Action = Upload | Copy | Delete | Commit

#: the JSON (ASCII, sorted, without spaces) of a canonical text
canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


# -- the plan ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Storing:
    """How the service is to keep each object, where that is said: a canned ACL, encryption, storage class."""

    acl: str | None = None
    encryption: str | None = None
    storage_class: str | None = None

    def told(self) -> dict[str, str]:
        """What is said, by option."""
        options = {"acl": self.acl, "encryption": self.encryption, "storage-class": self.storage_class}
        return {name: value for name, value in options.items() if value}


@dataclass(frozen=True)
class Plan:
    """The whole plan.

    ``removed_photos`` are ids that the remote gallery has and the local one has not, without those of photos that go on
    under another id (``galleries.gone``), ``orphans`` the keys of objects in the gallery's folders that nothing names,
    also where they are left alone. ``storing`` goes with each object. ``strategy`` is how the new gallery takes the
    place of the live one.
    """

    mode: Mode
    target: Target
    base: Base | None
    uploads: tuple[Upload, ...]
    deletes: tuple[Delete, ...]
    unchanged_photos: tuple[str, ...]
    removed_photos: tuple[str, ...]
    remote_photo_count: int
    local_photo_count: int
    commit: Commit | None
    local_file_count: int = 0
    remote_site_count: int = 0
    orphans: tuple[str, ...] = ()
    storing: Storing = Storing()
    copies: tuple[Copy, ...] = ()
    strategy: str = "rolling"

    @cached_property
    def plan_id(self) -> str:
        """SHA-256 (hex) over target, base, how objects are kept and every action: no times, no local paths."""
        digest = hashlib.sha256()
        for part in self._in_parts():  # in whole it has 100 MB in a gallery of 100,000 photos
            digest.update(part.encode())
        return digest.hexdigest()

    @property
    def canonical(self) -> str:
        """The text (ASCII) that ``plan_id`` is the SHA-256 of."""
        return "".join(self._in_parts())

    def _in_parts(self) -> Iterator[str]:
        base = self.base and self.base.sha256
        about: dict[str, object] = {"schema": PLAN_SCHEMA, "target": target_of(self.target), "base": base}
        about |= self.told()
        yield f'{{"about":{canonical(about)},"actions":['
        actions = sorted(action.canonical() for action in self.actions())
        yield from (f",{action}" if number else action for number, action in enumerate(actions))
        yield "]}"

    def told(self) -> dict[str, str]:
        """How it is carried out, where that is not as ever: how objects are kept, and the strategy."""
        return self.storing.told() | ({} if self.strategy == "rolling" else {"strategy": self.strategy})

    def actions(self) -> Iterator[Action]:
        """Everything the plan does, in no order."""
        yield from self.uploads
        yield from self.copies
        yield from self.deletes
        if self.commit:
            yield self.commit

    @property
    def changed(self) -> bool:
        """Whether a deploy would write anything at all."""
        return bool(self.uploads or self.copies or self.deletes or self.commit)

    @cached_property
    def photo_uploads(self) -> dict[str, tuple[Upload, ...]]:
        """Uploads of photos by photo id, in the gallery's order."""
        return _grouped(self.uploads)

    @cached_property
    def photo_deletes(self) -> dict[str, tuple[Delete, ...]]:
        """Deletes of photos by photo id."""
        return _grouped(self.deletes)

    @property
    def site_uploads(self) -> tuple[Upload, ...]:
        """Uploads of site files."""
        return tuple(up for up in self.uploads if up.photo is None)

    @property
    def site_deletes(self) -> tuple[Delete, ...]:
        """Deletes of site files."""
        return tuple(gone for gone in self.deletes if gone.photo is None and gone.reason is not Reason.ORPHAN)

    @property
    def orphan_deletes(self) -> tuple[Delete, ...]:
        """Deletes of objects in the gallery's folders that nothing names, where those are asked for."""
        return tuple(gone for gone in self.deletes if gone.reason is Reason.ORPHAN)

    @cached_property
    def bytes_to_upload(self) -> int:
        """Bytes of all local files to be uploaded, before any EXIF edit."""
        return sum(up.size for up in self.uploads)


def target_of(target: Target) -> dict[str, str | None]:
    """``target`` as plans, records and reports write it down."""
    return {"endpoint": target.endpoint, "bucket": target.bucket, "prefix": target.prefix}


def strongest(uploads: Iterable[Upload]) -> Reason:
    """The one reason that is told for a photo whose files may have several."""
    return min((up.reason for up in uploads), key=_STRENGTH.__getitem__)


_Entry = TypeVar("_Entry", Upload, Delete)


def _grouped(entries: Iterable[_Entry]) -> dict[str, tuple[_Entry, ...]]:
    groups: dict[str, list[_Entry]] = {}
    for entry in entries:
        if entry.photo is not None:
            groups.setdefault(entry.photo, []).append(entry)
    return {photo: tuple(group) for photo, group in groups.items()}
