"""Reads ``gallery-metadata.json``: what is returned is sound, and what is wrong is told whole, line by line.

JSON first (``json_source``), then the schema in ``schemas/``, then the rules no schema can state (``rules``). A
document may fail in all three; every finding of every stage that can still be reached is reported in one run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.expressions import expression
from galleria_action.gallery.keys import all_ordinary, key_problem
from galleria_action.gallery.metadata import json_source
from galleria_action.gallery.metadata.findings import Findings
from galleria_action.gallery.metadata.json_source import Place, Problem, Unreadable, lines_of
from galleria_action.gallery.metadata.json_stream import TOGETHER, Odd, read_in_pieces
from galleria_action.gallery.metadata.model import GalleryMetadata, PhotoMetadata
from galleria_action.gallery.metadata.photos import Photos
from galleria_action.gallery.metadata.rules import broken_rules
from galleria_action.gallery.metadata.violations import check_schema, fits
from galleria_action.gallery.wording import shown
from galleria_action.schemas import load_schema
from galleria_action.values import dataclass, replace

#: escapes of what may be half of a surrogate pair; written plainly it would not be UTF-8
_HALVES = expression(rb"\\u[dD][89a-fA-F]")

#: bytes of a document that is decoded by types
_LARGE = 1 << 20

_HINT = "Run Galleria again to write the file anew, or mend the lines named above."


class Kept(Protocol):
    """Bytes that are elsewhere, and can be read again."""

    def __len__(self) -> int: ...

    def read(self) -> bytes:
        """The bytes. Raises ``GalleryInvalid`` where they are not what they were."""


@dataclass(frozen=True, slots=True)
class LoadedMetadata:
    """Sound metadata. ``content`` is the file byte for byte, which is what gets published, or where it is; ``file`` its
    path as the user knows it; ``sha256`` (hex) that of ``raw``; ``warnings`` what is odd but harmless."""

    metadata: GalleryMetadata
    content: bytes | Kept
    file: str
    sha256: str
    warnings: tuple[Finding, ...] = ()

    @property
    def raw(self) -> bytes:
        """The file byte for byte. Raises ``GalleryInvalid`` where it has changed meanwhile."""
        return self.content if isinstance(self.content, bytes) else self.content.read()

    def lines_of(self, places: Sequence[Place]) -> list[int]:
        """The line of each place, such as ``("photos", 3, "files", "web")``; one pass for all of them."""
        return lines_of(self.raw, places)


class RemoteInvalid(Exception):
    """The metadata in the bucket is not that of a gallery; the text says why."""


def refuse_larger(size: int, file: str) -> None:
    """Raise ``GalleryInvalid`` where a metadata file of ``size`` bytes is too large to be read."""
    if size > json_source.MAX_BYTES:
        raise _invalid([_finding(file, json_source.too_large(size))])


def load_metadata(raw: bytes, file: str) -> LoadedMetadata:
    """Validate ``raw``, the bytes of a metadata file that messages call ``file``, and build the model from it.

    Raises ``GalleryInvalid`` with every finding and its line, sorted by line; the first ``findings.MAX_LISTED`` are
    listed, the others counted.
    """
    metadata = _plain(raw)
    if metadata is None or any(broken_rules(metadata.photos, range(len(metadata.photos)))):
        return _looked_into(raw, file)
    return LoadedMetadata(metadata, raw, file, hashlib.sha256(raw).hexdigest())


def _plain(raw: bytes) -> GalleryMetadata | None:
    """The model of a document that the schema accepts and that has nothing odd about it; ``None`` for any other."""
    photos = Photos()

    def take(items: list[Any]) -> None:
        shallow = json_source.is_shallow({"photos": items}, large=len(items) == TOGETHER)
        if not (shallow and fits({"schema_version": "1.0", "photos": items})):
            raise Odd
        photos.extend([*map(PhotoMetadata.from_dict, items)])

    try:
        document = read_in_pieces(raw, "photos", take, _taker(photos) if len(raw) > _LARGE else None)
    except Odd:
        return None
    if not (json_source.is_shallow(document) and fits(document)):
        return None
    return replace(GalleryMetadata.from_dict(document), photos=photos)


def _taker(photos: Photos) -> Callable[[str], bool]:
    """What puts the photos in a text behind ``photos``, where they are plain, and says whether they were."""
    # Imported late: it takes as long to load as a thousand photos to be read without it.
    from galleria_action.gallery.metadata.typed import TypedPhotos

    typed = TypedPhotos(load_schema("gallery-metadata"))

    def take(text: str) -> bool:
        fields = typed.read(text)
        if fields is not None:
            photos.extend_fields(fields)
        return fields is not None

    return take


def _looked_into(raw: bytes, file: str) -> LoadedMetadata:
    """The same for a document of which it is not known that it is sound: read as a whole, and once more for each line
    that is to be named."""
    try:
        source = json_source.parse(raw)
    except Unreadable as error:
        raise _invalid([_finding(file, error.problem)]) from None
    findings = Findings(file)
    for problem in source.problems:
        findings.add(problem.message, line=problem.line)
    halves = _HALVES.search(raw) is not None
    sound = check_schema(_text_only(source.document) if halves else source.document, findings)
    if halves:
        sound = [(index, source.document["photos"][index]) for index, _ in sound]
    photos = [PhotoMetadata.from_dict(photo) for _, photo in sound]
    for place, message in broken_rules(photos, [index for index, _ in sound]):
        findings.add(message, place=place)
    if findings.count:
        raise _invalid(findings.located(lambda places: lines_of(raw, places)), findings.count)
    metadata = GalleryMetadata.from_dict(source.document)
    metadata = replace(metadata, photos=Photos(metadata.photos))
    warnings = tuple(Finding(text, file, 1) for text in source.warnings)
    return LoadedMetadata(metadata, raw, file, hashlib.sha256(raw).hexdigest(), warnings)


def parse_remote(raw: bytes) -> GalleryMetadata:
    """Build the model from metadata found in a bucket, which may be older than today's rules.

    Lenient: only what planning and deleting rest on must be there and sound, which is ids, hashes and keys. Raises
    ``RemoteInvalid`` otherwise.
    """
    try:
        metadata = _plain(raw) or GalleryMetadata.from_dict(json_source.parse(raw).document)
    except Unreadable as error:
        raise RemoteInvalid(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise RemoteInvalid("it is JSON, but does not describe a gallery") from None
    if not (isinstance(metadata.photos, Photos) and all_ordinary(metadata.photos.keys)):
        _refuse_unsound(metadata.photos)
    return metadata


def _refuse_unsound(photos: Iterable[PhotoMetadata]) -> None:
    for photo in photos:
        for name, value in (("id", photo.id), *photo.files.items()):
            if not isinstance(value, str):
                raise RemoteInvalid(f"{name} of a photo is {shown(value)} instead of text")
        for variant, key in photo.files.items():
            if problem := key_problem(key):
                raise RemoteInvalid(f"photo {shown(photo.id)}: the key of {variant}, {shown(key)}, {problem}")


def _text_only(value: Any) -> Any:
    """``value`` without halves of surrogate pairs, which the validator cannot be handed. In fields that we do not know
    they are as harmless as anything else there; in those that we know, the rules tell of them."""
    match value:
        case str():
            return value.encode(errors="replace").decode()
        case dict():
            return {_text_only(name): _text_only(member) for name, member in value.items()}
        case list():
            return [_text_only(member) for member in value]
        case _:
            return value


def _invalid(findings: Sequence[Finding], count: int | None = None) -> GalleryInvalid:
    total = count or len(findings)
    file = findings[0].file
    noun = "problem" if total == 1 else "problems"
    text = f"{file} has {total:,} {noun}; nothing was published."
    return GalleryInvalid(text, hint=_HINT, findings=findings, problems=total)


def _finding(file: str, problem: Problem) -> Finding:
    return Finding(problem.message, file, problem.line)
