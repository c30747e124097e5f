"""``init``: ``gallery-metadata.json`` for photos that lie in a folder as they are. No network, no picture library.

The photos keep their names. Where there is no version for the web or no thumbnail, the photo itself stands in for it,
by a link: the gallery works, and ``process`` is what makes it light.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from galleria_action.errors import ConfigInvalid, Finding, GalleryInvalid
from galleria_action.fence.files import put
from galleria_action.gallery.exif import edit_exif
from galleria_action.gallery.keys import METADATA_KEY, folded, key_problem
from galleria_action.gallery.local.content import look_at
from galleria_action.gallery.metadata.model import VARIANTS, GallerySettings, MetadataFileData, PhotoMetadata, Variant
from galleria_action.gallery.originals.describe import describe_photo, metadata_bytes, presentable
from galleria_action.gallery.originals.facts import Facts, read_facts
from galleria_action.gallery.originals.moment import moment_in_name
from galleria_action.gallery.originals.names import natural
from galleria_action.gallery.originals.scan import Original, Why, scan_originals
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.gallery.wording import shown
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.studio import originals_of
from galleria_action.usecases.results import Answered
from galleria_action.values import dataclass, replace

GENERATOR = "galleria-action init"
_KEY_PREFIX = "photos/"
#: formats that not every browser shows
_NOT_FOR_BROWSERS = frozenset({"heic", "tif"})


@dataclass(frozen=True, slots=True)
class _Photo:
    """A photo where it lies, and the file of each variant: its path below the folder of the variant, and what is
    missing there (``None``: nothing, it is a file of its own)."""

    original: Original
    paths: Mapping[Variant, str]
    stand_ins: tuple[Variant, ...]


def init(context: Context) -> Answered:
    """Write the metadata of a folder of photos, and the links that stand in for what it lacks.

    Raises ``GalleryInvalid`` with every photo that cannot be published under its name, ``ConfigInvalid`` when there is
    metadata already that somebody else wrote.
    """
    options = context.options.studio
    given = _folder(context)
    folder = context.path(given)
    times = TimeSettings(options.timestamp_offset_hours, options.target_timezone_offset_hours)
    with context.phase("Init"):
        context.place.may_write_below(folder, "originals")
        photos = _find(context, folder)
        entries = _described(context, photos, times)
        settings = GallerySettings(times.offset_hours, times.zone_hours)
        document = metadata_bytes(options.collection, settings, entries, GENERATOR)
        path = folder / METADATA_KEY
        changed = _is_ours(path) != document
        if not context.options.dry_run:
            links = _link(folder, photos)
            if changed:
                _write(path, document)
            context.say(f"{count(len(photos), 'photo')}; {count(links, 'link')} made")
    return Answered(_last_word(context, given, len(photos), changed))


def _folder(context: Context) -> Path:
    """The folder of photos as the user gave it; what a deploy takes unless told otherwise, where that is there."""
    source = context.options.gallery.source
    given = context.options.studio.originals
    return source if given is None and context.path(source).is_dir() else originals_of(context)


def _last_word(context: Context, given: Path, photos: int, changed: bool) -> str:
    told = count(photos, "photo")
    if context.options.dry_run:
        return f"{given / METADATA_KEY} would describe {told}. Nothing was written."
    verb = "describes" if changed else "still describes"
    next_one = f"galleria-action validate --source {shlex.quote(str(given))}"
    return f"{given / METADATA_KEY} {verb} {told}. Next: `{next_one}`"


def _find(context: Context, folder: Path) -> list[_Photo]:
    """Every photo with its variants. Photos beside the folders of the variants come first: then ``full`` is ours."""
    fence = context.place.fence(folder, "originals")
    inner = {variant: folder / variant for variant in VARIANTS}
    outside = scan_originals(folder, fence, "originals", exclude=tuple(inner.values()))
    lies_in_full = not outside.originals and inner["full"].is_dir()
    found = scan_originals(inner["full"], fence, "originals") if lies_in_full else outside
    wrong = [left for left in found.left_out if left.why is Why.DAMAGED]
    if wrong:
        raise _unpublishable([Finding(f"{presentable(it.path)} {it.text}", presentable(it.path)) for it in wrong])
    if not found.originals:
        raise GalleryInvalid(
            f"There are no photos in {shown(str(folder))}.",
            hint="JPEG, PNG, WebP, TIFF, HEIC and AVIF count as photos.",
        )
    for left in found.left_out:
        if left.why is Why.UNSUPPORTED:
            context.warn(f"{shown(presentable(left.path))} {left.text}; it is left out.")
    own: dict[Variant, dict[str, list[str]]] = {"web": {}, "thumb": {}}
    for variant, by_place in own.items():
        for version in _own_files(inner[variant], context):
            by_place.setdefault(_place(version.path), []).append(version.path)
    photos = [
        _photo(original, own, lies_in_full) for original in sorted(found.originals, key=lambda o: natural(o.path))
    ]
    _refuse_unsound(photos)
    _tell_stand_ins(context, photos)
    return photos


def _unpublishable(findings: Sequence[Finding]) -> GalleryInvalid:
    return GalleryInvalid(
        f"{count(len(findings), 'file')} cannot be published; nothing was written.",
        hint="Mend or remove what each line names, and run init again.",
        findings=findings,
    )


def _own_files(folder: Path, context: Context) -> Iterator[Original]:
    """The files of a variant that are not links of ours."""
    if folder.is_dir():
        for file in scan_originals(folder, context.place.fence(folder, "originals"), "originals").originals:
            if not (folder / file.path).is_symlink():
                yield file


def _place(path: str) -> str:
    return folded(str(PurePosixPath(path).with_suffix("")))


def _photo(original: Original, own: Mapping[Variant, Mapping[str, list[str]]], lies_in_full: bool) -> _Photo:
    path = _true_name(original)
    paths: dict[Variant, str] = {"full": original.path if lies_in_full else path}
    stand_ins: list[Variant] = [] if lies_in_full else ["full"]
    for variant in ("web", "thumb"):
        found = own[variant].get(_place(original.path), [])
        # of several that might be meant none is taken
        paths[variant] = found[0] if len(found) == 1 else path
        stand_ins += [] if len(found) == 1 else [variant]
    return _Photo(original, paths, tuple(stand_ins))


_EXTENSIONS = {"jpg": {"jpg", "jpeg", "jpe", "jfif"}, "tif": {"tif", "tiff"}, "heic": {"heic", "heif", "hif"}}


def _true_name(original: Original) -> str:
    """The path with an extension that says what the file is."""
    path = PurePosixPath(original.path)
    told, kind = path.suffix[1:].lower(), original.kind.value
    return original.path if told in _EXTENSIONS.get(kind, {kind}) else f"{original.path}.{kind}"


def _refuse_unsound(photos: Sequence[_Photo]) -> None:
    """Names become addresses: all that cannot be published are told in one run."""
    findings, seen = [], dict[str, str]()
    for photo in photos:
        name = presentable(photo.original.path)
        problem = key_problem(_KEY_PREFIX + "full/" + photo.paths["full"])
        other = seen.setdefault(folded(photo.paths["full"]), name)
        if problem:
            findings.append(Finding(f"{shown(name)} cannot be an address: it {problem}", name))
        elif other != name:
            findings.append(Finding(f"{shown(name)} differs from {shown(other)} only by letter case or accents", name))
    if findings:
        raise GalleryInvalid(
            f"{count(len(findings), 'photo')} cannot be published under their names.",
            hint="Rename them, or let process give them names.",
            findings=findings,
        )


def _tell_stand_ins(context: Context, photos: Sequence[_Photo]) -> None:
    if heavy := sum(bool({"web", "thumb"} & set(photo.stand_ins)) for photo in photos):
        context.warn(
            f"{heavy:,} of {len(photos):,} photos have no version for the web or no thumbnail: visitors load them in "
            "full size. galleria-action process makes them."
        )
    if odd := sum(photo.original.kind.value in _NOT_FOR_BROWSERS for photo in photos):
        context.warn(
            f"{odd:,} photos are HEIC or TIFF, which browsers do not show. galleria-action process makes JPEGs."
        )


def _described(context: Context, photos: Sequence[_Photo], times: TimeSettings) -> list[PhotoMetadata]:
    context.say(f"reading {count(len(photos), 'photo')}")
    entries, damaged = list[PhotoMetadata](), list[Finding]()
    for photo, name in zip(photos, _ids(photos), strict=True):
        context.stop.check()
        data = _read(photo.original)
        if problem := _problem(photo, data):
            path = presentable(photo.original.path)
            damaged.append(Finding(f"{path} {problem}", path))
        else:
            entries.append(_entry(photo, name, data, times))
    if damaged:
        raise _unpublishable(damaged)
    return sorted(entries, key=_as_taken)


def _problem(photo: _Photo, data: bytes) -> str | None:
    """Why a deploy would refuse the file; ``None`` where it would not."""
    return look_at(photo.paths["full"], len(data), lambda at, size: data[max(at, 0) : max(at, 0) + size]).problem


def _read(original: Original) -> bytes:
    try:
        return Path(original.real).read_bytes()
    except OSError as error:
        raise GalleryInvalid(f"{shown(presentable(original.path))} cannot be read ({error.strerror}).") from None


def _as_taken(entry: PhotoMetadata) -> tuple[bool, str, str, list[tuple[int, str]]]:
    """The order in which a gallery shows photos: by time, undated ones last, in the order of their names."""
    taken, fraction = entry.exif.original_timestamp, entry.exif.subsecond
    return taken is None, taken or "", str(fraction or ""), natural(entry.original_path)


def _ids(photos: Sequence[_Photo]) -> list[str]:
    """A photo's path without its extension; with it where two would be the same."""
    stems = [str(PurePosixPath(photo.paths["full"]).with_suffix("")) for photo in photos]
    known: dict[str, int] = {}
    for stem in stems:
        known[folded(stem)] = known.get(folded(stem), 0) + 1
    pairs = zip(photos, stems, strict=True)
    return [stem if known[folded(stem)] == 1 else photo.paths["full"] for photo, stem in pairs]


def _entry(photo: _Photo, name: str, data: bytes, times: TimeSettings) -> PhotoMetadata:
    original = photo.original
    facts = _with_time_in_name(read_facts(original.kind, data), original)
    edit = edit_exif(data, times.to_publish(facts.moment), times.zone_hours)
    sha256 = hashlib.sha256(data).hexdigest()
    full, web, thumb = (f"{_KEY_PREFIX}{variant}/{photo.paths[variant]}" for variant in VARIANTS)
    return describe_photo(
        name,
        original.path,
        sha256,
        hashlib.sha256(edit.data).hexdigest() if edit.changed else sha256,
        facts,
        times,
        MetadataFileData(full, web, thumb),
        {},
    )


def _with_time_in_name(facts: Facts, original: Original) -> Facts:
    return facts if facts.moment else replace(facts, moment=moment_in_name(presentable(original.path)))


def _is_ours(path: Path) -> bytes:
    """What the metadata is now; empty where there is none. Raises ``ConfigInvalid`` when it is not ours to replace."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigInvalid(f"{shown(str(path))} cannot be read ({error.strerror}).") from None
    try:
        ours = json.loads(raw).get("generator") == GENERATOR
    except (ValueError, AttributeError, RecursionError):
        ours = False
    if not ours:
        raise ConfigInvalid(
            f"{shown(str(path))} is there already, and init has not written it.",
            hint="It can be deployed as it is. To have it written anew, move it away first.",
        )
    return raw


def _link(folder: Path, photos: Sequence[_Photo]) -> int:
    """Make the links that are missing and remove those whose photo is gone; return how many were made."""
    made = 0
    try:
        for variant in VARIANTS:
            _remove_dangling(folder / variant)
        for photo in photos:
            for variant in photo.stand_ins:
                made += _stand_in(folder / variant / photo.paths[variant], photo.original)
    except OSError as error:
        raise GalleryInvalid(
            f"The links in {shown(str(folder))} could not be made: {shown(str(error.filename))} ({error.strerror})."
        ) from None
    return made


def _stand_in(link: Path, original: Original) -> bool:
    """Relative, so that it means the same wherever the folder is checked out."""
    link.parent.mkdir(parents=True, exist_ok=True)
    target = os.path.relpath(original.real, os.path.realpath(link.parent))
    if link.is_symlink() and str(link.readlink()) == target:
        return False
    if link.exists() and not link.is_symlink():
        raise GalleryInvalid(
            f"{shown(str(link))} is in the way: a link to {shown(presentable(original.path))} belongs there.",
            hint="Move it away, or give it the name of the photo that it belongs to.",
        )
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return True


def _remove_dangling(folder: Path) -> None:
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_symlink() and not path.exists() and not str(path.readlink()).startswith("/"):
            path.unlink()


def _write(path: Path, body: bytes) -> None:
    try:
        put(path, body)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise GalleryInvalid(f"{shown(str(path))} could not be written ({why}).") from None
