"""What the pages of a site show, decided before any of them is written. Pure: photos and settings in, pages out."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from math import ceil

from galleria_action.gallery.originals.describe import presentable
from galleria_action.gallery.originals.facts import Facts
from galleria_action.gallery.originals.names import natural
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio.place import Photo
from galleria_action.studio.process import KEY_PREFIX
from galleria_action.values import dataclass

#: beyond this a page has a next one
MOST_ON_PAGE = 200
#: rows of thumbnails are about so high, in pixels of a page
ROW_HEIGHT = 240
#: proportions beyond which a thumbnail is cut rather than shown as a sliver
_NARROWEST, _WIDEST = 0.4, 4.0


_AVIF_OF_GRID = ("avif-double", "avif-thumb")


class Albums(StrEnum):
    """By what photos are parted into albums."""

    OFF = "off"
    FOLDER = "folder"
    DAY = "day"


class Archive(StrEnum):
    """Which variant an album's ZIP file holds."""

    OFF = "off"
    WEB = "web"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """How the site is to be. ``title`` stands on its first page; ``noindex`` asks search engines to leave it out."""

    title: str
    albums: Albums = Albums.OFF
    noindex: bool = False
    archive: Archive = Archive.OFF


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo on a page. Addresses are relative to the page; ``ratio`` is width by height of its place in the grid."""

    name: str
    web: str
    full: str
    thumb: str
    width: int
    height: int
    ratio: str
    colour: str
    alt: str
    title: str
    caption: str
    info: str
    avif: str
    avif_srcset: str
    sizes: str


@dataclass(frozen=True, slots=True)
class Album:
    """An album as the first page shows it: its address, its best-known name, how many photos, one of them."""

    title: str
    address: str
    count: int
    cover: Shown


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``home`` is the address of the first page where this is not it; ``archive`` that of a ZIP file;
    ``pages`` are the addresses of all pages of this album, ``index`` which of them this is."""

    address: str
    title: str
    site_title: str
    photos: tuple[Shown, ...]
    albums: tuple[Album, ...]
    home: str
    pages: tuple[str, ...]
    index: int
    archive: str
    count: int
    noindex: bool

    @property
    def stylesheet(self) -> str:
        """The address of what only this page needs."""
        return self.address.removesuffix(".html") + ".css"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A ZIP file to be made: its address and the photos in it."""

    address: str
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """All pages and ZIP files."""

    pages: tuple[Page, ...]
    bundles: tuple[Bundle, ...]


def plan_site(photos: Sequence[Photo], times: TimeSettings, settings: SiteSettings) -> Site:
    """The pages for ``photos``, which are in the order in which they are to be shown."""
    if settings.albums is Albums.OFF:
        return _collected([_album("index", settings.title, photos, times, settings, home="")])
    made = [
        _album(f"album-{slug}", part.title, part.photos, times, settings, home="index.html")
        for slug, part in _slugs(_parted(photos, times, settings)).items()
    ]
    first = Page(
        address="index.html",
        title=settings.title,
        site_title=settings.title,
        photos=(),
        albums=tuple(_on_the_first_page(pages) for pages, _ in made),
        home="",
        pages=("index.html",),
        index=0,
        archive="",
        count=len(photos),
        noindex=settings.noindex,
    )
    return _collected([([first], []), *made])


def _collected(parts: Iterable[tuple[list[Page], list[Bundle]]]) -> Site:
    parts = list(parts)
    return Site(tuple(page for pages, _ in parts for page in pages), tuple(one for _, many in parts for one in many))


@dataclass(frozen=True, slots=True)
class _Part:
    """An album to be: what it is sorted and addressed by, its title, its photos."""

    key: str
    title: str
    photos: list[Photo]


def _parted(photos: Iterable[Photo], times: TimeSettings, settings: SiteSettings) -> list[_Part]:
    """The albums. A copy in a second folder puts its photo into both."""
    parts: dict[str, _Part] = {}
    for photo in photos:
        for key, title in _belongs(photo, times, settings):
            parts.setdefault(key, _Part(key, title, [])).photos.append(photo)
    return sorted(parts.values(), key=lambda part: (part.key == _UNDATED, natural(part.key)))


_UNDATED = "undated"


def _belongs(photo: Photo, times: TimeSettings, settings: SiteSettings) -> Iterator[tuple[str, str]]:
    if settings.albums is Albums.DAY:
        taken = times.corrected(photo.record.facts.moment)
        yield (f"{taken:%Y-%m-%d}", _day(taken)) if taken else (_UNDATED, "Undated")
    else:
        folders = dict.fromkeys(presentable(original.folder) for original in photo.originals)
        yield from ((folder, folder or settings.title) for folder in folders)


def _slugs(parts: Iterable[_Part]) -> dict[str, _Part]:
    """A part of an address for each album; one that comes out like another's, or empty, gets a part of its hash."""
    slugs: dict[str, _Part] = {}
    for part in parts:
        plain = unicodedata.normalize("NFKD", part.key).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
        if not slug or slug in slugs:
            slug = f"{slug or 'album'}-{hashlib.sha256(part.key.encode()).hexdigest()[:8]}"
        slugs[slug] = part
    return slugs


def _album(
    stem: str,
    title: str,
    photos: Sequence[Photo],
    times: TimeSettings,
    settings: SiteSettings,
    *,
    home: str,
) -> tuple[list[Page], list[Bundle]]:
    number = max(1, ceil(len(photos) / MOST_ON_PAGE))
    addresses = tuple(f"{stem}.html" if index == 0 else f"{stem}.{index + 1}.html" for index in range(number))
    archive = f"{stem}.zip" if settings.archive is not Archive.OFF and photos else ""
    pages = []
    for index, address in enumerate(addresses):
        part = photos[index * MOST_ON_PAGE : (index + 1) * MOST_ON_PAGE]
        shown = tuple(_shown(photo, times) for photo in part)
        pages.append(
            Page(
                address,
                title,
                settings.title,
                shown,
                (),
                home,
                addresses,
                index,
                archive,
                len(photos),
                settings.noindex,
            )
        )
    return pages, [Bundle(archive, tuple(photos))] if archive else []


def _on_the_first_page(pages: Sequence[Page]) -> Album:
    first = pages[0]
    return Album(first.title, first.address, first.count, first.photos[0])


def _shown(photo: Photo, times: TimeSettings) -> Shown:
    record = photo.record
    full, *made = photo.places()
    places = {entry.variant: path for entry, path in zip(record.made, made, strict=True)}
    thumb = record.find("thumb")
    assert thumb is not None
    width, height = thumb.pixels
    ratio = min(max(width / height, _NARROWEST), _WIDEST)
    words = record.facts.words
    taken = times.corrected(record.facts.moment)
    info = " · ".join(filter(None, [_date(taken), *_camera(record.facts)]))
    by_width = {entry.pixels[0]: places[entry.variant] for entry in record.made if entry.variant in _AVIF_OF_GRID}
    srcset = ", ".join(f"{place} {width}w" for width, place in sorted(by_width.items()))
    return Shown(
        name=photo.name,
        web=KEY_PREFIX + places["web"],
        full=KEY_PREFIX + full,
        thumb=KEY_PREFIX + places["thumb"],
        width=width,
        height=height,
        ratio=f"{ratio:.3f}".rstrip("0").rstrip("."),
        colour=record.colour,
        alt=_alt(words.title or words.caption, taken),
        title=words.title,
        caption=words.caption,
        info=" · ".join(filter(None, [info, words.copyright or words.creator])),
        avif=places.get("avif-web", ""),
        avif_srcset=srcset,
        sizes=f"{round(ratio * ROW_HEIGHT)}px",
    )


def _alt(words: str, taken: datetime | None) -> str:
    """What stands for a picture that is not seen: the photographer's words, else when it was taken."""
    return " ".join(words.split()) or (f"Photo, {_date(taken)}" if taken else "Photo")


#: not strftime's, which depend on the machine's language
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _date(taken: datetime | None) -> str:
    return f"{_day(taken)}, {taken:%H:%M}" if taken else ""


def _day(taken: datetime) -> str:
    return f"{taken.day} {_MONTHS[taken.month - 1]} {taken.year}"


def _camera(facts: Facts) -> Iterator[str]:
    exposure = facts.exposure
    # many models begin with their make
    yield facts.model if facts.model.lower().startswith(facts.make.lower()) else f"{facts.make} {facts.model}".strip()
    yield f"{exposure.millimetres} mm" if exposure.millimetres else ""
    yield f"f/{exposure.aperture}" if exposure.aperture else ""
    yield f"{exposure.seconds} s" if exposure.seconds else ""
    yield f"ISO {exposure.iso}" if exposure.iso else ""
