"""From a local file to the bytes that go online: read, checked against what was planned, times corrected in memory."""

from __future__ import annotations

import hashlib

from galleria_action.deployment.model import PageEdit, PhotoEdit, Upload
from galleria_action.deployment.stale import stale
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.containers.jpeg import BytesLike
from galleria_action.gallery.exif.edit import ExifEdit, Outcome, edit_beginning
from galleria_action.gallery.metadata.model import KEEP_ORIGINAL_TIMEZONE
from galleria_action.gallery.pages import with_noindex
from galleria_action.storage.interface import Hashed
from galleria_action.values import dataclass


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
    so that the next plan need not read it again."""

    upload: Upload
    body: Hashed
    exif_warnings: tuple[str, ...]
    other_hash: bool
    source_blob: str

    @property
    def sha256(self) -> str:
        """The SHA-256 (hex) of what is stored."""
        return self.body.sha256


def prepare(
    upload: Upload, content: memoryview, policy: PreparePolicy, source_blob: str, *, left_alone: bool
) -> Prepared:
    """Make the bytes to be stored of the ``content`` of ``upload``'s file. They are not copied where they stay as they
    are: whoever lends ``content`` leaves it alone until they are stored. A file that was hashed for the plan and
    ``left_alone`` since is not hashed again; a ``full``, whose hash is the metadata's claim, always is.

    Raises ``GalleryInvalid`` when the file is not the planned one any more (stale metadata, or changed since), and
    under a strict policy when the edit fails or does not give the hash that the metadata promises.
    """
    believed = left_alone and upload.file.variant != "full"
    source = upload.file.sha256 if believed else hashlib.sha256(content).hexdigest()
    if source != upload.file.sha256:
        raise GalleryInvalid(_stale(upload), findings=[Finding(_stale(upload))])
    edit = _edited(upload, content)
    if edit.outcome.failed and policy.exif_errors == "fail":
        text = f"{upload.key}: its EXIF cannot be edited: {'; '.join(edit.about_time)}"
        raise GalleryInvalid(text, findings=[Finding(text)])
    if edit.position and edit.position.left and policy.positions == "true":
        text = f"{upload.key} still says where it was taken: {'; '.join(edit.position.left)}"
        raise GalleryInvalid(text, findings=[Finding(text)])
    pieces = (edit.data,) if edit.rest is None else (edit.data, edit.rest)
    sha256 = _hashed(pieces) if edit.changed else source
    other_hash = _promises_other_hash(upload, sha256) and policy.hash_check != "off"
    if other_hash and policy.hash_check == "strict":
        text = (
            f"{upload.key}: after the EXIF edit its SHA-256 is {sha256}, "
            f"but the metadata's deployment_file_hash is {upload.digest}"
        )
        raise GalleryInvalid(text, findings=[Finding(text)])
    told = tuple(f"the date in it stays as it was: {it}" for it in edit.about_time)
    warnings = told if edit.outcome.failed else edit.about_time
    return Prepared(upload, Hashed(pieces, sha256), warnings, other_hash, source_blob)


def _hashed(pieces: tuple[BytesLike, ...]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _edited(upload: Upload, content: memoryview) -> ExifEdit:
    if upload.edit is None:
        return ExifEdit(content, changed=False, outcome=Outcome.UNCHANGED)
    edit = upload.edit
    if isinstance(edit, PageEdit):
        return ExifEdit(with_noindex(bytes(content)), changed=True, outcome=Outcome.UNCHANGED)
    offset = KEEP_ORIGINAL_TIMEZONE if edit.offset_hours is None else edit.offset_hours
    return edit_beginning(content, edit.timestamp, offset, strip_gps=edit.strip_gps)


def _promises_other_hash(upload: Upload, sha256: str) -> bool:
    """Only ``full`` has a promised hash, and none promises the bytes of a photo without its position."""
    edited = isinstance(upload.edit, PhotoEdit) and not upload.edit.strip_gps
    return edited and upload.file.variant == "full" and upload.digest != sha256


def _stale(upload: Upload) -> str:
    if upload.file.variant == "full":
        return stale(upload.file)
    return f"{upload.key}: {upload.file.local.path.name} changed between the plan and the upload; run again"
