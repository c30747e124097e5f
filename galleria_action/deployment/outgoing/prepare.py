"""From a local file to the bytes that go online: read, checked against what was planned, times corrected in memory."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from galleria_action.deployment.model import PageEdit, PhotoEdit, Upload
from galleria_action.deployment.outgoing.open_file import OpenFile
from galleria_action.deployment.stale import stale
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.containers.jpeg import BytesLike
from galleria_action.gallery.exif.edit import ExifEdit, Outcome, edit_beginning
from galleria_action.gallery.local.git_index import blob_digest
from galleria_action.gallery.metadata.model import KEEP_ORIGINAL_TIMEZONE
from galleria_action.gallery.pages import with_noindex
from galleria_action.storage.interface import Hashed, Piece, Stretch, chunks_of, hashed
from galleria_action.values import dataclass

#: smaller files are read whole
WHOLE_UP_TO = 1 << 20
#: what stands before the picture itself: the EXIF (64 KB at most), a profile, XMP, a preview
BEGINNING = 128 << 10

# what to do about a file that is refused
_STALE = "Process the gallery again, so that metadata and files belong together, and push both."
_RUN_AGAIN = "Run again when nothing writes to the gallery any more."
_EXIF = "Export the photo anew, or set exif-errors: warn to publish it with the date that stands in it."
_POSITION = "Take the position out before, leave the file out, or publish it as it is with strip-gps: warn."
_HASH = "Process the gallery again, or set hash-check: warn to publish the photo with the hash that it has."


@dataclass(frozen=True, slots=True)
class PreparePolicy:
    """What to do with doubtful photos: ``hash_check`` is strict, warn or off; ``exif_errors`` is warn or fail;
    ``positions`` that cannot be taken out stop a photo whose position was to go (true) or do not (warn)."""

    hash_check: str = "warn"
    exif_errors: str = "warn"
    positions: str = "true"


@dataclass(frozen=True, slots=True)
class Prepared:
    """Bytes ready to be stored, and what was noticed on the way. ``source_blob`` is git's id of what was read,
    so that the next plan need not read it again; ``stamp`` is what the disk said of the ``file`` before it was
    hashed."""

    upload: Upload
    body: Hashed
    exif_warnings: tuple[str, ...]
    other_hash: bool
    source_blob: str
    file: OpenFile
    stamp: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 (hex) of what is stored."""
        return self.body.sha256

    def check_sent(self) -> None:
        """Raise ``GalleryInvalid`` when what was sent may not be what was hashed: it was read once more, and the file
        is not what it was."""
        read_again = any(isinstance(piece, Stretch) for piece in self.body.pieces)
        if read_again and self.file.stamp() != self.stamp and hashed(self.body) != self.sha256:
            raise _refused(_changed(self.upload), _RUN_AGAIN)


def beginning_of(upload: Upload) -> int:
    """How many bytes of the file of ``upload`` have to be in memory: all of a small one, and where any of them may
    have to be changed; else those that hold the EXIF of nearly all photos."""
    edit, size = upload.edit, upload.size
    anywhere = isinstance(edit, PageEdit) or (edit is not None and edit.strip_gps)
    return size if anywhere or size <= WHOLE_UP_TO else min(size, BEGINNING)


def prepare(upload: Upload, file: OpenFile, room: memoryview, policy: PreparePolicy) -> Prepared | None:
    """Make the bytes to be stored of the ``file`` of ``upload``, whose beginning is read into ``room``: all of it, or
    as much as ``beginning_of`` says. ``None`` where that turns out not to be enough to edit it, so that all of it has
    to be read.

    Bytes are not copied where they stay as they are: whoever lends ``room`` leaves it alone until they are stored. A
    file that was hashed for the plan and left alone since is not hashed again; a ``full``, whose hash is the metadata's
    claim, always is.

    Raises ``GalleryInvalid`` when the file is not the planned one any more (stale metadata, or changed since), and
    under a strict policy when the edit fails or does not give the hash that the metadata promises.
    """
    file.fill(room)
    stamp = file.stamp()
    behind = file.behind(len(room)) if len(room) < upload.size else b""
    edit = _edited(upload, room, beyond=len(behind))
    if behind and edit.outcome.failed and edit.outcome is not Outcome.UNSUPPORTED:
        return None  # with all of it perhaps not; another format stays another format
    beginning = (edit.data, edit.rest) if edit.rest else (edit.data,)
    left_alone = stamp == upload.file.local.stamp
    hashes = _hashes(upload, room, behind, beginning if edit.changed else (), left_alone=left_alone)
    if hashes.source != upload.file.sha256:
        raise _stale(upload)
    if edit.outcome.failed and policy.exif_errors == "fail":
        raise _refused(f"{upload.key}: its EXIF cannot be edited: {'; '.join(edit.about_time)}", _EXIF)
    if edit.position and edit.position.left and policy.positions == "true":
        raise _refused(f"{upload.key} still says where it was taken: {'; '.join(edit.position.left)}", _POSITION)
    other_hash = _promises_other_hash(upload, hashes.sent) and policy.hash_check != "off"
    if other_hash and policy.hash_check == "strict":
        raise _refused(
            f"{upload.key}: after the EXIF edit its SHA-256 is {hashes.sent}, "
            f"but the metadata's deployment_file_hash is {upload.digest}",
            _HASH,
        )
    told = tuple(f"the date in it stays as it was: {it}" for it in edit.about_time)
    warnings = told if edit.outcome.failed else edit.about_time
    pieces = (*beginning, behind) if behind else beginning
    return Prepared(upload, Hashed(pieces, hashes.sent), warnings, other_hash, hashes.blob, file, stamp)


class _Hashes(NamedTuple):
    """The SHA-256 (hex) of a file and of what is sent in its place, and git's id of the file."""

    source: str
    sent: str
    blob: str


def _hashes(
    upload: Upload,
    room: memoryview,
    behind: Piece,
    edited: tuple[BytesLike, ...],
    *,
    left_alone: bool,
) -> _Hashes:
    """The hashes of a file that consists of ``room`` and what lies ``behind``, which is read once for all of them, and
    of the same with ``room`` ``edited`` (nothing: as it is). ``left_alone``: nobody touched it since it was found."""
    vouched = upload.file.blob if left_alone else None
    believed = left_alone and not behind and upload.file.variant != "full"
    source = None if believed else hashlib.sha256(room)
    blob = None if vouched else blob_digest(upload.size, room)
    sent = hashlib.sha256() if edited else None
    if sent:
        for piece in edited:
            sent.update(piece)
    digests = [digest for digest in (source, sent, blob) if digest]
    for chunk in chunks_of(behind) if behind else ():
        for digest in digests:
            digest.update(chunk)
    of_source = source.hexdigest() if source else upload.file.sha256
    return _Hashes(of_source, sent.hexdigest() if sent else of_source, vouched or (blob.hexdigest() if blob else ""))


def _edited(upload: Upload, content: memoryview, beyond: int) -> ExifEdit:
    """``content`` as it is to go online; ``beyond`` more bytes of the file are not in it."""
    if upload.edit is None:
        return ExifEdit(content, changed=False, outcome=Outcome.UNCHANGED)
    edit = upload.edit
    if isinstance(edit, PageEdit):
        return ExifEdit(with_noindex(bytes(content)), changed=True, outcome=Outcome.UNCHANGED)
    offset = KEEP_ORIGINAL_TIMEZONE if edit.offset_hours is None else edit.offset_hours
    return edit_beginning(content, edit.timestamp, offset, strip_gps=edit.strip_gps, beyond=beyond)


def _promises_other_hash(upload: Upload, sha256: str) -> bool:
    """Only ``full`` has a promised hash, and none promises the bytes of a photo without its position."""
    edited = isinstance(upload.edit, PhotoEdit) and not upload.edit.strip_gps
    return edited and upload.file.variant == "full" and upload.digest != sha256


def _stale(upload: Upload) -> GalleryInvalid:
    if upload.file.variant == "full":
        return _refused(stale(upload.file), _STALE)
    return _refused(_changed(upload), _RUN_AGAIN)


def _changed(upload: Upload) -> str:
    return f"{upload.key}: {upload.file.local.path.name} changed between the plan and the upload"


def _refused(text: str, hint: str) -> GalleryInvalid:
    return GalleryInvalid(text, hint=hint, findings=[Finding(text)])
