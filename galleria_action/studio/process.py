"""The story of ``process``: a folder of originals becomes a gallery, and the next time only what changed is made."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from galleria_action.deployment.events import Listener, Warned
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.fence.files import put
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.metadata.model import GallerySettings, MetadataFileData, PhotoMetadata
from galleria_action.gallery.originals.describe import describe_photo, metadata_bytes, presentable
from galleria_action.gallery.originals.moment import Moment, TimeSource, moment_in_name
from galleria_action.gallery.originals.names import Named, Shot, chronological, name_photos
from galleria_action.gallery.originals.scan import LeftOut, Original, Scan, Why, scan_originals
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.gallery.wording import shown
from galleria_action.studio.gather import Gathered, Problem, gather
from galleria_action.studio.ledger import Ledger
from galleria_action.studio.pairing import pair
from galleria_action.studio.place import Photo, clean_up, place, settle
from galleria_action.studio.recipe import Recipe
from galleria_action.studio.record import Record
from galleria_action.studio.workshop import FOLDER, LEDGER, open_workshop
from galleria_action.values import dataclass, field, replace

#: keys begin with it, as Galleria's own pages link to photos
KEY_PREFIX = "photos/"


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be processed, and how. ``versions`` is a second folder with the photographer's own web versions;
    ``skip_damaged`` goes on without photos of which nothing can be made."""

    originals: Path
    source: Path
    versions: Path | None = None
    collection: str = "wedding"
    recipe: Recipe = field(default_factory=Recipe)
    times: TimeSettings = field(default_factory=TimeSettings)
    skip_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Processed:
    """How it ended. ``photos`` in the order in which the gallery shows them; ``made`` were developed in this run,
    ``placed`` had a file to be put in its place, ``removed`` files went; ``copies`` are paths by the path of the
    original that stands for them."""

    photos: tuple[Photo, ...]
    made: int
    placed: int
    removed: int
    copies: Mapping[str, tuple[str, ...]]
    left_out: tuple[LeftOut, ...]
    problems: tuple[Problem, ...]
    metadata_changed: bool

    @property
    def missing(self) -> int:
        """How many files that are to be photos are not in the gallery, because they are damaged."""
        return len(self.problems) + sum(it.why is Why.DAMAGED for it in self.left_out)

    @property
    def changed(self) -> bool:
        """Whether anything in the gallery is not as it was."""
        return bool(self.made or self.placed or self.removed or self.metadata_changed)


def process(task: Task, fence: Workspace, *, stopped: Callable[[], bool], tell: Listener) -> Processed:
    """Make the gallery of ``task`` anew where it is not as it should be.

    Files come first, then the metadata, and what belongs to photos that are gone is removed last. Raises
    ``GalleryInvalid`` with every photo of which nothing can be made before the gallery is touched,
    ``ConfigInvalid`` for folders that cannot be used, ``pool.Stopped`` on a wish to stop.
    """
    found = scan_originals(task.originals, fence, "originals", exclude=(task.source,))
    if not found.originals:
        raise _nothing_to_do(task, found)
    versions = _versions(task, fence, found.originals, tell)
    with open_workshop(task.source) as workshop:
        before = _Before.read(task.source / METADATA_KEY)
        gathered = gather(
            found.originals,
            versions,
            task.recipe,
            task.times,
            workshop,
            before.names,
            stopped=stopped,
            tell=tell,
        )
        _judge(task, found, gathered, tell)
        photos = _named(task, found.originals, gathered.records, before)
        placed = place(photos, workshop, before.names)
        document = _document(task, photos)
        metadata_changed = document != before.raw
        if metadata_changed:
            _write(task.source / METADATA_KEY, document)
        removed = clean_up(photos, workshop)
        if gathered.fresh or placed or removed or metadata_changed:
            settle(photos, (*found.originals, *versions.values()), workshop)
    return Processed(
        photos=photos,
        made=gathered.fresh,
        placed=placed,
        removed=removed,
        copies={
            photo.originals[0].path: tuple(copy.path for copy in photo.originals[1:])
            for photo in photos
            if len(photo.originals) > 1
        },
        left_out=found.left_out,
        problems=gathered.problems,
        metadata_changed=metadata_changed,
    )


def would_make(task: Task, fence: Workspace, *, tell: Listener) -> tuple[int, int]:
    """How many photos a run would find, and how many of them it would have to make. Writes nothing.

    Raises as ``process`` does, but for what only decoding finds out.
    """
    found = scan_originals(task.originals, fence, "originals", exclude=(task.source,))
    if not found.originals:
        raise _nothing_to_do(task, found)
    _judge(task, found, Gathered({}, (), 0), tell)
    ledger = Ledger.read(task.source / FOLDER / LEDGER)
    known = {sha256 for sha256, _ in ledger.records}
    hashes = [ledger.known_sha256(original.real, original.stamp) for original in found.originals]
    return len(found.originals), sum(sha256 not in known for sha256 in hashes)


def _nothing_to_do(task: Task, found: Scan) -> GalleryInvalid:
    wrong = [Finding(f"{presentable(left.path)} {left.text}") for left in found.left_out if left.why is not Why.OTHER]
    return GalleryInvalid(
        f"There are no photos in {shown(str(task.originals))}.",
        hint="Check the option originals. JPEG, PNG, WebP, TIFF, HEIC and AVIF are processed.",
        findings=wrong,
    )


def _versions(task: Task, fence: Workspace, originals: Sequence[Original], tell: Listener) -> Mapping[str, Original]:
    """The photographer's own versions for the web by the path of the original."""
    if task.versions is None:
        return {}
    found = scan_originals(task.versions, fence, "web-originals", exclude=(task.source,))
    pairs = pair(originals, found.originals)
    for left in found.left_out:
        if left.why is Why.DAMAGED:
            tell(Warned(f"The version for the web {shown(presentable(left.path))} {left.text}; the original is used."))
    _tell_list(tell, "belong to no original", pairs.strangers)
    _tell_list(tell, "could belong to several originals; give them the whole names of these", pairs.torn)
    without = len(originals) - len(pairs.versions)
    if without and pairs.versions:
        tell(
            Warned(
                f"{without:,} photos have no version for the web in {shown(str(task.versions))}: it is made for them."
            )
        )
    return pairs.versions


def _tell_list(tell: Listener, what: str, paths: Sequence[str]) -> None:
    if paths:
        names = ", ".join(shown(presentable(path)) for path in paths[:5])
        more = f" and {len(paths) - 5:,} more" if len(paths) > 5 else ""
        tell(Warned(f"{len(paths):,} versions for the web {what}: {names}{more}."))


def _judge(task: Task, found: Scan, gathered: Gathered, tell: Listener) -> None:
    """Tell about every file that is no photo of the gallery; raise ``GalleryInvalid`` when that is not permitted."""
    damaged = [left for left in found.left_out if left.why is Why.DAMAGED]
    problems = sorted([(left.path, left.text) for left in damaged] + [(p.path, p.text) for p in gathered.problems])
    if problems and (not task.skip_damaged or len(problems) == len(found.originals) + len(damaged)):
        raise GalleryInvalid(
            f"{len(problems):,} of {len(found.originals) + len(damaged):,} photos cannot be processed; the gallery is "
            "as before.",
            hint="Mend or remove them, or leave them out with on-error: skip. What was made is kept for the next run.",
            findings=[Finding(f"{presentable(path)} {text}", presentable(path)) for path, text in problems],
        )
    for path, text in problems:
        tell(Warned(f"Left out: {shown(presentable(path))} {text}."))
    for path, record in gathered.records.items():
        for note in record.notes:
            tell(Warned(f"The version for the web of {shown(presentable(path))}: {note}."))
    unsupported = [left for left in found.left_out if left.why is Why.UNSUPPORTED]
    if unsupported:
        names = ", ".join(shown(presentable(left.path)) for left in unsupported[:5])
        more = f" and {len(unsupported) - 5:,} more" if len(unsupported) > 5 else ""
        tell(Warned(f"Not processed, because of their format: {names}{more}."))


def _named(
    task: Task, originals: Sequence[Original], records: Mapping[str, Record], before: _Before
) -> tuple[Photo, ...]:
    """Every photo once, with its name, in the order in which a gallery shows them."""
    by_content: dict[str, list[Original]] = defaultdict(list)
    for original in originals:
        if record := records.get(original.path):
            by_content[record.sha256].append(original)
    timed: dict[str, Record] = {}
    shots = []
    for sha256, same in by_content.items():
        record = records[same[0].path]
        facts = replace(record.facts, moment=record.facts.moment or before.moment_of(sha256, same))
        timed[sha256] = replace(record, facts=facts)
        taken, fraction = task.times.corrected(facts.moment), facts.moment.fraction if facts.moment else ""
        shots.append(Shot(sha256, presentable(same[0].path), taken, fraction, facts.make, facts.model))
    names = name_photos(shots, task.collection, before.named)
    return tuple(
        Photo(names[shot.sha256], timed[shot.sha256], tuple(by_content[shot.sha256])) for shot in chronological(shots)
    )


def _document(task: Task, photos: Iterable[Photo]) -> bytes:
    settings = GallerySettings(
        timestamp_offset_hours=task.times.offset_hours,
        target_timezone_offset_hours=task.times.zone_hours,
        web_size=task.recipe.web_size,
        thumb_size=task.recipe.thumb_size,
        jpeg_quality=task.recipe.jpeg_quality,
        webp_quality=task.recipe.webp_quality,
    )
    described = (_described(photo, task.times) for photo in photos)
    return metadata_bytes(task.collection, settings, described, "galleria-action process")


def _described(photo: Photo, times: TimeSettings) -> PhotoMetadata:
    record = photo.record
    full, *made = (KEY_PREFIX + path for path in photo.places())
    keys = dict(zip((entry.variant for entry in record.made), made, strict=True))
    sizes = {entry.variant: list(entry.pixels) for entry in record.made if entry.variant in ("web", "thumb")}
    return describe_photo(
        photo.name,
        photo.originals[0].path,
        record.sha256,
        record.deployment_sha256,
        record.facts,
        times,
        MetadataFileData(full, keys["web"], keys["thumb"]),
        {"sizes": {"full": list(record.pixels), **sizes}, "colour": record.colour},
    )


def _write(path: Path, body: bytes) -> None:
    try:
        put(path, body)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise GalleryInvalid(f"{shown(str(path))} could not be written ({why}).") from None


@dataclass(frozen=True, slots=True)
class _Before:
    """What the metadata of an earlier run says, as far as it can be read: names last, whatever else changes."""

    raw: bytes
    named: tuple[Named, ...]
    told: Mapping[str, Moment | None]

    @classmethod
    def read(cls, path: Path) -> _Before:
        try:
            raw = path.read_bytes()
            entries = json.loads(raw)["photos"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return cls(b"", (), {})
        named, told = [], {}
        for entry in entries if isinstance(entries, list) else ():
            match entry:
                case {"id": str(name), "original_path": str(place), "file_hash": str(sha256)}:
                    named.append(Named(sha256.lower(), place, name))
                    told[sha256.lower()] = _told_by_name(entry)
        return cls(raw, tuple(named), told)

    @property
    def names(self) -> Mapping[str, str]:
        """Names by SHA-256, as far as files can be called by them."""
        return {old.sha256: old.name for old in self.named if re.fullmatch(r"[\w.-]+", old.name)}

    def moment_of(self, sha256: str, same: Sequence[Original]) -> Moment | None:
        """The time of a photo that does not say one itself: what its file's name said when it was new here, so that
        another name changes nothing."""
        if sha256 in self.told:
            return self.told[sha256]
        return next(filter(None, (moment_in_name(presentable(original.path)) for original in same)), None)


def _told_by_name(entry: Mapping[str, Any]) -> Moment | None:
    match entry:
        case {"exif": {"timestamp_source": TimeSource.NAME.value, "original_timestamp": str(text)}}:
            return moment_in_name(text)
    return None
