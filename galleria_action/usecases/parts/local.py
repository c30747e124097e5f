"""The local half of a run: metadata, photos and site, checked and made ready for the planner."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from galleria_action.deployment.events import Recognised
from galleria_action.deployment.galleries import Hashes, LocalGallery, SourcePhoto
from galleria_action.deployment.model import Commit, Mode, PhotoEdit, SourceFile
from galleria_action.deployment.sources import (
    NO_RULES,
    check_collisions,
    photos_of_directory,
    photos_of_metadata,
    site_files,
)
from galleria_action.deployment.stale import Proofs
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import EmptyGallery, GalleryInvalid
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.document import read_metadata
from galleria_action.gallery.local.examine import examine_all, oddities
from galleria_action.gallery.local.files import LocalFile, LocalFiles
from galleria_action.gallery.local.locate import locate
from galleria_action.gallery.local.patterns import Patterns
from galleria_action.gallery.local.walk import Walk, walk_photos, walk_site
from galleria_action.gallery.metadata.model import NO_SETTINGS
from galleria_action.gallery.metadata.schema import LoadedMetadata
from galleria_action.options.gallery import CheckFiles, StripGps
from galleria_action.quantities import count
from galleria_action.storage.interface import Headers, Target
from galleria_action.storage.settings import FOLDER
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.files import check_claimed, known_by_git
from galleria_action.usecases.parts.written import all_written
from galleria_action.values import dataclass, replace

_SHOWN_SKIPPED = 5


@dataclass(frozen=True, slots=True)
class Gallery:
    """The gallery on disk: its files found and safe to read, nothing hashed yet.

    ``photos`` and ``site`` are ``None`` when that part is to be left alone.
    """

    mode: Mode
    metadata: LoadedMetadata | None
    photos: Sequence[LocalFile] | None
    site: Sequence[LocalFile] | None


@dataclass(frozen=True, slots=True)
class LocalSide:
    """The gallery on disk, found sound, the planner's view of it, and the SHA-256 (hex) by key of the files that git
    proves to be as they were deployed."""

    found: Gallery
    gallery: LocalGallery
    proved: Mapping[str, str]


def _nobody(metadata: LoadedMetadata | None) -> None:
    """Is told."""


def check_local(
    context: Context,
    tell_metadata: Callable[[LoadedMetadata | None], None] = _nobody,
    recorded: Callable[[], Manifest] = Manifest,
) -> LocalSide:
    """Validate and measure what is on disk, before anything is written anywhere. ``tell_metadata`` hears of the
    metadata as soon as it is read; ``recorded`` gives the record of what was deployed. Raises ``GalleryInvalid``."""
    with context.phase("Validate"):
        found = load_gallery(context, tell_metadata)
        every = context.options.gallery.check_files is CheckFiles.HASH
        files = (found.photos, found.site)
        proved = {} if every else known_by_git([LocalFiles.of(some) for some in files if some], recorded)
        gallery = measured(context, found, every=every, proved=proved)
        context.say(f"{count(len(found.photos or ()), 'file')} of photos, {len(found.site or ()):,} of the site")
    return LocalSide(found, gallery, proved)


def load_gallery(context: Context, tell_metadata: Callable[[LoadedMetadata | None], None] = _nobody) -> Gallery:
    """Read and check everything on disk. Raises ``GalleryInvalid`` with all findings, ``ConfigInvalid``."""
    options = context.options
    source = context.path(options.gallery.source)
    metadata = _metadata(context, source)
    tell_metadata(metadata)
    mode: Mode = "metadata" if metadata else "directory"
    context.tell(Recognised(mode))
    photos = None if options.gallery.site_only else _photos(context, metadata, source)
    found = Gallery(mode, metadata, photos, _site(context, source))
    if options.store and options.store.target.endpoint == FOLDER:
        _check_apart(context, source, found, options.store.target)
    return found


def _check_apart(context: Context, source: Path, found: Gallery, target: Target) -> None:
    from galleria_action.usecases.parts.apart import check_apart  # of few runs

    site = context.options.gallery.site
    sources = [("source", source)] if found.photos is not None else []
    sources += [("site", context.path(site))] if site and found.site is not None else []
    check_apart(Path(target.bucket, target.prefix), sources, chain(found.photos or (), found.site or ()))


def _metadata(context: Context, source: Path) -> LoadedMetadata | None:
    """The metadata, or ``None`` where there is none and none was asked for: directory mode."""
    if context.metadata:
        return context.metadata
    given = context.options.gallery.metadata_file
    path = context.path(given) if given else source / METADATA_KEY
    fence = context.place.fence(path.parent, "metadata-file" if given else "source")
    if not os.path.lexists(path):
        if given is None and (source.is_dir() or context.options.gallery.site_only):
            return None
        # these words are Galleria's own; its users know them
        raise GalleryInvalid(
            f"Error loading gallery metadata: Gallery metadata not found: {fence.name(path)}",
            hint=_where_to_look(context.place.folder, path, given="metadata-file" if given else "source"),
        )
    loaded = read_metadata(path, fence, context.expect_much)
    for warning in loaded.warnings:
        context.warn(str(warning))
    if context.options.gallery.redact_paths:
        from galleria_action.gallery.metadata.redact import redact_paths

        redacted = redact_paths(loaded.raw)
        loaded = replace(loaded, content=redacted, sha256=sha256(redacted).hexdigest())
    return loaded if context.options.gallery.strip_gps is StripGps.FALSE else _without_positions(context, loaded)


def _without_positions(context: Context, loaded: LoadedMetadata) -> LoadedMetadata:
    """The metadata as it is published: what says a position in it is empty."""
    from galleria_action.gallery.metadata.positions import redact_positions

    cleaned = redact_positions(loaded.raw)
    if not cleaned.fields:
        return loaded
    shown, more = ", ".join(cleaned.fields[:_SHOWN_SKIPPED]), len(cleaned.fields) - _SHOWN_SKIPPED
    context.warn(
        f"The metadata tells positions; they are published empty: {shown}{f' and {more:,} more' if more > 0 else ''}"
    )
    return replace(loaded, content=cleaned.raw, sha256=sha256(cleaned.raw).hexdigest())


def _where_to_look(folder: Path, path: Path, *, given: str) -> str:
    """What to do where no gallery is found at ``path``, of which the option ``given`` tells; ``folder`` is the
    workspace."""
    with os.scandir(folder) as entries:
        empty = next(entries, None) is None
    if empty:
        return (
            f"The folder {str(folder)!r} is empty. In a workflow let a checkout come first (actions/checkout); in a "
            'container mount the repository there (docker run -v "$PWD:/github/workspace").'
        )
    if given == "source" and path.parent.is_file():
        return f"The option source names a file ({path.parent.name}); give the folder that it lies in."
    return (
        f"Is the option {given} right, and was the gallery built in this job or committed to the repository? Of a "
        "folder of photos `galleria-action process FOLDER` makes one."
    )


def _photos(context: Context, metadata: LoadedMetadata | None, source: Path) -> Sequence[LocalFile]:
    fence = context.place.fence(source, "source")
    if metadata:
        found = locate(metadata.metadata, source, fence, file=metadata.file, lines_of=metadata.lines_of)
        return found.files
    site = context.options.gallery.site
    walk = walk_photos(source, fence, exclude=[context.path(site)] if site else [])
    _tell_skipped(context, walk, "are neither images nor videos")
    if not walk.files and not context.options.guards.allow_empty:
        raise EmptyGallery(
            f"There is no photo or video below {fence.name(source)!r}, and no {METADATA_KEY}.",
            hint="This is usually a build that failed, a wrong source folder, or a submodule that was not checked out. "
            "To deploy the site alone use site-only; to empty the gallery on purpose allow-empty.",
        )
    return walk.files


def _site(context: Context, source: Path) -> Sequence[LocalFile] | None:
    if context.options.gallery.site is None or context.options.gallery.photos_only:
        return None
    site = context.path(context.options.gallery.site)
    fence, patterns = context.place.fence(site, "site"), context.options.gallery.exclude or Patterns()
    walk = walk_site(site, fence, exclude=[source, *map(context.path, all_written(context.options))], patterns=patterns)
    _tell_skipped(context, walk, "are hidden")
    return walk.files


def _tell_skipped(context: Context, walk: Walk, why: str) -> None:
    if walk.skipped:
        names = ", ".join(map(repr, walk.skipped[:_SHOWN_SKIPPED]))
        more = f" and {len(walk.skipped) - _SHOWN_SKIPPED} more" if len(walk.skipped) > _SHOWN_SKIPPED else ""
        context.warn(f"Not published, because they {why}: {names}{more}")
    for text in walk.dangling[:_SHOWN_SKIPPED]:
        context.warn(f"Not published: {text}")
    if len(walk.dangling) > _SHOWN_SKIPPED:
        context.warn(f"Not published: {len(walk.dangling) - _SHOWN_SKIPPED:,} more links that lead to nothing")


def measured(
    context: Context, gallery: Gallery, *, every: bool, proved: Mapping[str, str] = MappingProxyType({})
) -> LocalGallery:
    """The planner's view of ``gallery``: every file looked at, and hashed where no hash in the metadata covers it.

    ``every``: those, too. Files whose SHA-256 is ``proved`` (by key) need not be looked at. Raises ``GalleryInvalid``
    with every file that is not what its name says, and why, or not the one of the metadata.
    """
    cache, strip = context.options.headers, context.options.gallery.strip_gps is not StripGps.FALSE
    rules = cache.headers or NO_RULES
    loaded = gallery.metadata if gallery.photos is not None else None
    hashes = Hashes(_examined(context, gallery, every=every, proved=proved), proved)
    site: tuple[SourceFile, ...] | None = None
    photos: Sequence[SourcePhoto] | None = None
    if gallery.site is not None:
        site = site_files(gallery.site, cache.cache_control_site, hashes, rules)
    if gallery.photos is not None and loaded:
        photos = photos_of_metadata(
            loaded.metadata, gallery.photos, cache.cache_control_photos, hashes, strip_gps=strip, rules=rules
        )
        if every:
            check_claimed(loaded.metadata, photos)
    elif gallery.photos is not None:
        photos = photos_of_directory(gallery.photos, cache.cache_control_photos, hashes, strip_gps=strip, rules=rules)
    local = LocalGallery(
        mode=gallery.mode,
        photos=photos,
        site=site,
        settings=loaded.metadata.settings if loaded else NO_SETTINGS,
        document=_document(context, loaded) if loaded else None,
        made_by=context.made_by,
        edit_of_site=PhotoEdit(None, None, strip_gps=True) if strip else None,
    )
    check_collisions(local)
    if gallery.site is not None:
        from galleria_action.usecases.parts.links import check_links

        named = gallery.metadata.metadata.keys() if gallery.metadata else None
        photo_keys = named if gallery.photos is None else LocalFiles.of(gallery.photos).keys
        check_links(context, gallery.site, photo_keys, elsewhere=gallery.photos is None)
    return local


def _examined(context: Context, gallery: Gallery, *, every: bool, proved: Mapping[str, str]) -> Mapping[str, str]:
    """Look at each file but those whose SHA-256 is ``proved``; by key the SHA-256 (hex) of those that were hashed."""
    files = [file for some in (gallery.photos, gallery.site) if some for file in _unproved(LocalFiles.of(some), proved)]
    examined = examine_all(files, lambda it: every or it.variant != "full")
    _tell_odd(context, oddities(examined))
    return {entry.file.key: entry.sha256 for entry in examined if entry.sha256}


def _unproved(files: LocalFiles, proved: Mapping[str, str]) -> Iterator[LocalFile]:
    left = proved.without(files.keys) if isinstance(proved, Proofs) else {*files.keys} - proved.keys()
    return (files[row] for row, key in enumerate(files.keys) if key in left) if left else iter(())


def _tell_odd(context: Context, texts: Sequence[str]) -> None:
    if texts:
        shown = "; ".join(texts[:_SHOWN_SKIPPED])
        more = f"; and {len(texts) - _SHOWN_SKIPPED:,} more" if len(texts) > _SHOWN_SKIPPED else ""
        context.warn(f"Published as they are named, though browsers may show them only by luck: {shown}{more}")


def _document(context: Context, loaded: LoadedMetadata) -> Commit:
    headers = Headers("application/json", context.options.headers.cache_control_metadata)
    return Commit(METADATA_KEY, loaded.sha256, headers, loaded.content)
