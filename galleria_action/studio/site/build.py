"""Writes a site: pages from templates that users can replace one by one, and what they need; only what differs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from galleria_action.errors import ConfigInvalid, Finding, GalleryInvalid
from galleria_action.fence.files import put
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.gallery.wording import shown
from galleria_action.studio.place import Photo
from galleria_action.studio.site.archive import contents_of, write_archive
from galleria_action.studio.site.model import Site, SiteSettings, plan_site
from galleria_action.studio.workshop import FOLDER, link_or_copy, own_folder
from galleria_action.values import dataclass, field

OWN = Path(__file__).parent / "templates"
#: not files of the site: they become pages
_TEMPLATES = frozenset({"base.html", "album.html", "index.html", "picture.html", "page.css", "robots.txt"})
#: which of our files stand in the site, so that they can go again
_LIST = "site.json"


@dataclass(frozen=True, slots=True)
class Built:
    """How it ended: files of the site, and how many of them were written or removed now."""

    files: int
    changed: int


def build_site(
    photos: Sequence[Photo],
    source: Path,
    target: Path,
    times: TimeSettings,
    settings: SiteSettings,
    templates: Path | None = None,
) -> Built:
    """Write the site of the gallery in ``source``, whose photos are ``photos``, into the folder ``target``.

    ``templates`` is a folder whose files replace or join ours. Files in ``target`` that are not of an earlier run stay.
    Raises ``ConfigInvalid`` for templates that cannot be used, ``GalleryInvalid`` when the disk refuses.
    """
    site = plan_site(photos, times, settings)
    before = _Before.read(source, target)
    written = _Written(target, before.files)
    archives: dict[str, str] = {}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, body in _files(site, settings, templates):
            written.file(name, body)
        for photo in photos:
            for place in photo.places():
                if place.startswith("avif/"):
                    written.link(place, source / place)
        for bundle in site.bundles:
            archives[bundle.address] = contents_of(bundle.photos, settings.archive, times)
            same = before.archives.get(bundle.address) == archives[bundle.address]
            if not (same and (target / bundle.address).is_file()):
                write_archive(target / bundle.address, bundle.photos, source, settings.archive, times)
                written.changed += 1
            written.names.add(bundle.address)
        written.remove_stale()
        told = {"site": str(target), "files": sorted(written.names), "archives": archives}
        put(source / FOLDER / _LIST, json.dumps(told).encode("ascii"))
    except OSError as error:
        raise GalleryInvalid(
            f"The site could not be written: {shown(str(error.filename))} ({error.strerror}).",
            hint="Is the disk full, or the folder read-only?",
        ) from None
    return Built(len(written.names), written.changed)


def _files(site: Site, settings: SiteSettings, templates: Path | None) -> Iterator[tuple[str, bytes]]:
    """Every file of the site that is text or copied: name and content."""
    environment = _environment(templates)
    for page in site.pages:
        album = "album.html" if page.photos or not page.albums else "index.html"
        yield page.address, _rendered(environment, album, page=page)
        placeholders = page.photos or tuple(album.cover for album in page.albums)
        yield page.stylesheet, _rendered(environment, "page.css", photos=placeholders)
    if settings.noindex:
        yield "robots.txt", _rendered(environment, "robots.txt")
    yield from _static(templates).items()


def _static(templates: Path | None) -> dict[str, bytes]:
    """Files that are taken as they are: our style and script, or the user's; and what more the user has."""
    found: dict[str, bytes] = {}
    for folder in (OWN, templates):
        for path in sorted(folder.rglob("*")) if folder else ():
            name = path.relative_to(folder).as_posix()  # type: ignore[arg-type]
            hidden = any(part.startswith(".") for part in Path(name).parts)
            if path.is_file() and not path.is_symlink() and not hidden and name not in _TEMPLATES:
                found[name] = path.read_bytes()
    return found


def _environment(templates: Path | None) -> jinja2.Environment:
    """A template is text that makes a page, not a program: one from a pull request can do no harm here."""
    folders = [str(folder) for folder in (templates, OWN) if folder]
    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def _rendered(environment: jinja2.Environment, name: str, **values: Any) -> bytes:
    try:
        return environment.get_template(name).render(**values).encode()
    except jinja2.TemplateSyntaxError as error:
        raise _template_error(error.filename or name, error.message or "", error.lineno) from None
    except jinja2.TemplateError as error:
        raise _template_error(name, error.message or type(error).__name__, None) from None
    except Exception as error:  # noqa: BLE001 - a template of the user's may raise anything
        raise _template_error(name, f"{type(error).__name__}: {error}", None) from None


def _template_error(name: str, text: str, line: int | None) -> ConfigInvalid:
    return ConfigInvalid(
        f"The template {shown(Path(name).name)} cannot be used: {text}",
        hint="Templates are Jinja2; docs/studio.md tells what a page is given.",
        findings=[Finding(f"templates: {text}", name, line)],
    )


class _Written:
    """The files of a site as they are written. ``names`` are all that belong there, ``changed`` counts what was not."""

    def __init__(self, target: Path, before: frozenset[str]) -> None:
        self.names: set[str] = set()
        self.changed = 0
        self._target, self._before = target, before

    def file(self, name: str, body: bytes) -> None:
        path = self._place(name)
        self.names.add(name)
        with suppress(OSError):
            if path.read_bytes() == body:
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, body)
        self.changed += 1

    def link(self, name: str, made: Path) -> None:
        path = self._place(name)
        self.names.add(name)
        with suppress(OSError):
            if path.samefile(made):
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(made, path)
        self.changed += 1

    def remove_stale(self) -> None:
        for name in self._before - self.names:
            with suppress(OSError):
                self._place(name).unlink()
                self.changed += 1

    def _place(self, name: str) -> Path:
        """Where ``name`` goes. Raises ``ConfigInvalid`` for a link on the way."""
        path = self._target / name
        for folder in path.parents[: len(Path(name).parts) - 1]:
            own_folder(folder)
        return path


#: names that we give: nothing else is ever removed
_OURS = re.compile(r"(?:avif/)?[A-Za-z0-9_-][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class _Before:
    """What an earlier run has written into this site: files, and what its archives hold."""

    files: frozenset[str] = frozenset()
    archives: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, source: Path, target: Path) -> _Before:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            told = json.loads((source / FOLDER / _LIST).read_bytes())
            if told["site"] == str(target):
                files = frozenset(name for name in told["files"] if isinstance(name, str) and _OURS.fullmatch(name))
                return cls(files, dict(told["archives"]))
        return cls()
