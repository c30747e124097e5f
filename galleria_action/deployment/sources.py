"""From the files that were found and hashed to the planner's view of them: keys, hashes, headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from functools import cache
from operator import itemgetter

from galleria_action.deployment.delivery import HeaderRules
from galleria_action.deployment.galleries import Hashes, LocalGallery, SourcePhoto, SourcePhotos, Wanted
from galleria_action.deployment.model import PhotoEdit, SourceFile
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.expressions import expression
from galleria_action.gallery.keys import METADATA_KEY, folded
from galleria_action.gallery.local.files import LocalFile, read_file
from galleria_action.gallery.local.web_types import BEGINNING, WebType, needs_a_look, web_type
from galleria_action.gallery.media import extension_of, media_type
from galleria_action.gallery.metadata.model import GalleryMetadata
from galleria_action.gallery.wording import shown
from galleria_action.storage.interface import Headers

#: a file without an extension is looked into up to this size
_LARGEST_PAGE = 1 << 20
#: so many are listed, the others counted
_MOST_FINDINGS = 50
NO_RULES = HeaderRules()
#: as much of a key as an extension takes, and whether it has one, which nothing before that changes
_end, _has_extension = itemgetter(slice(-6, None)), expression(r".*[^/]\.[^./]+")


def photos_of_metadata(
    metadata: GalleryMetadata,
    files: Sequence[LocalFile],
    cache_control: str,
    hashes: Hashes,
    *,
    strip_gps: bool,
    rules: HeaderRules = NO_RULES,
) -> SourcePhotos:
    """The photos of a gallery with metadata. ``files`` are three per photo, in the metadata's order, and ``hashes``
    those of each but ``full``, which the metadata has (``file_hash``)."""

    def of_one(key: str) -> Headers:
        return rules.applied(key, _photo_headers(extension_of(key), cache_control))

    def headers_of(keys: Sequence[str]) -> Iterable[Headers]:
        if len(keys) == 1:
            return (of_one(keys[0]),)
        ends = list(map(_end, keys))
        one_of_each = dict(zip(ends, keys, strict=True))
        if rules.rules or not all(map(_has_extension.fullmatch, one_of_each)):
            return map(of_one, keys)
        by_end = dict(zip(one_of_each, map(of_one, one_of_each.values()), strict=True))
        return map(by_end.__getitem__, ends)

    return SourcePhotos(metadata, files, hashes, headers_of, strip_gps=strip_gps)


def photos_of_directory(
    files: Sequence[LocalFile],
    cache_control: str,
    hashes: Hashes,
    *,
    strip_gps: bool,
    rules: HeaderRules = NO_RULES,
) -> tuple[SourcePhoto, ...]:
    """The photos of a folder without metadata: each file is a photo whose id is its key; no time is corrected."""
    edit = PhotoEdit(None, None, strip_gps) if strip_gps else None
    return tuple(
        SourcePhoto(
            file.key,
            hashes.of(file),
            (_source(file, hashes, _photo_headers(extension_of(file.key), cache_control), rules),),
            edit,
        )
        for file in files
    )


def site_files(
    files: Sequence[LocalFile], cache_control: str, hashes: Hashes, rules: HeaderRules = NO_RULES
) -> tuple[SourceFile, ...]:
    """The files of the static site."""
    return tuple(_source(file, hashes, _headers(_web_type(file), cache_control), rules) for file in files)


def _web_type(file: LocalFile) -> WebType:
    look = needs_a_look(file.key) and file.size <= _LARGEST_PAGE
    return web_type(file.key, read_file(file)[:BEGINNING] if look else b"")


def _source(file: LocalFile, hashes: Hashes, headers: Headers, rules: HeaderRules) -> SourceFile:
    return SourceFile(file.key, file, hashes.of(file), rules.applied(file.key, headers), hashes.blob_of(file.key))


@cache
def _photo_headers(extension: str, cache_control: str) -> Headers:
    """Of photos and videos, which nobody looks into to know their type."""
    return _headers(WebType(media_type(f"x.{extension}")), cache_control)


@cache
def _headers(kind: WebType, cache_control: str) -> Headers:
    """One for all files of a kind: there are hundreds of thousands of files and a handful of kinds."""
    return Headers(kind.content_type, cache_control, kind.encoding)


def check_collisions(local: LocalGallery) -> None:
    """Raise ``GalleryInvalid`` when a site file would go where a photo or the metadata goes, for some disk at least."""
    if local.site:
        taken = local.photo_keys() | {METADATA_KEY}
        _refuse_overlap(local.site_keys(), taken, "the site's file", "a photo or the metadata")


def check_live_collisions(local: Wanted, manifest: Manifest, metadata: GalleryMetadata | None) -> None:
    """The same with the half of the live gallery that is left alone: a photo must not take the place of a page, nor the
    other way round. Raises ``GalleryInvalid``."""
    photos, site = local.keys_of("photo"), local.keys_of("site")
    if site is None:
        _refuse_overlap(
            frozenset(photos or ()), manifest.of_kind("site").keys(), "the photos' file", "the live site's file"
        )
    if photos is None:
        live = manifest.of_kind("photo").keys() | (metadata.keys() if metadata else frozenset())
        _refuse_overlap(frozenset(site or ()), live, "the site's file", "a live photo")


def _refuse_overlap(keys: Set[str], taken: Set[str], whose: str, others: str) -> None:
    if not keys or not taken:
        return  # nobody folds hundreds of thousands of keys for nothing
    folds = {folded(key) for key in taken}
    found = sorted(key for key in keys if folded(key) in folds)
    if found:
        texts = [f"{whose} {shown(key)} would overwrite {others} of the same key" for key in found]
        raise GalleryInvalid(
            "Site and photos overlap",
            hint="Give one of the two another name or folder. Keys that differ by letter case only are one to many "
            "disks.",
            findings=[Finding(text) for text in texts[:_MOST_FINDINGS]],
            problems=len(texts),
        )
