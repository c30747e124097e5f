"""``process``: from a folder of originals to a gallery in ``source``. No network; needs the extra ``studio``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from galleria_action.deployment.events import Made
from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.fence.files import hand_over
from galleria_action.fence.workspace import leads_to
from galleria_action.gallery.local.files import folder_option
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.options.studio import OnError
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.lookalikes import compare_gallery, tell_lookalikes, wants_lookalikes
from galleria_action.usecases.parts.studio import originals_of, studio
from galleria_action.usecases.results import Answered

if TYPE_CHECKING:
    from galleria_action.studio.process import Processed, Task

#: the value of site that leaves its place to us
GENERATE = "generate"


def process(context: Context) -> Answered:
    """Make the gallery anew where it is not as it should be.

    Raises ``GalleryInvalid`` for photos of which nothing can be made, ``ConfigInvalid`` for the options and where the
    studio is not installed, ``DuplicatesFound`` (``duplicates: fail``), ``Cancelled``.
    """
    with studio(context), context.phase("Process"):
        from galleria_action.studio.process import process as make_gallery
        from galleria_action.studio.process import would_make

        task = _task(context)
        fence = context.place.fence(task.originals, "originals")
        if context.options.dry_run:
            photos, unmade = would_make(task, fence, tell=context.tell)
            return Answered(
                f"Dry run: {count(photos, 'photo')}, of which {unmade:,} would be made. Nothing was written."
            )
        site = _site_folder(context, task)
        templates = _templates(context) if site else None
        with _handed_over(context, task.source, site):
            made = make_gallery(task, fence, stopped=lambda: context.stop.requested, tell=context.tell)
            _say(context, made)
            pages_changed = _build_site(context, task, made, site, templates) if site else False
            changed = made.changed or pages_changed
            context.tell(Made(changed))
            if wants_lookalikes(context):
                tell_lookalikes(context, *compare_gallery(context, made, task))
    return Answered(_last_word(context, made, changed))


@contextmanager
def _handed_over(context: Context, *folders: Path | None) -> Iterator[None]:
    """In CI what is made in ``folders`` belongs to whoever the workspace belongs to, however it ends."""
    try:
        yield
    finally:
        for folder in folders:
            if folder and not context.place.attended:
                hand_over(context.place.folder, folder)


def _task(context: Context) -> Task:
    from galleria_action.studio.process import Task
    from galleria_action.studio.recipe import Recipe

    options = context.options.studio
    originals = context.path(originals_of(context))
    source = context.path(context.options.gallery.source)
    context.place.may_write_below(source, "source")
    if leads_to(originals) == leads_to(source):
        raise ConfigInvalid(
            f"source and originals are one folder, {str(source)!r}: the next run would take the sizes that were made "
            "for photos. Nothing was written.",
            hint="Give source a folder of its own; inside of the originals is fine.",
        )
    versions = context.path(options.web_originals) if options.web_originals else None
    if versions:
        context.place.fence(versions, "web-originals")
    return Task(
        originals=originals,
        source=source,
        versions=versions,
        collection=options.collection,
        recipe=Recipe(options.web_size, options.thumb_size, options.jpeg_quality, options.webp_quality, options.avif),
        times=TimeSettings(options.timestamp_offset_hours, options.target_timezone_offset_hours),
        skip_damaged=options.on_error is OnError.SKIP,
    )


def _site_folder(context: Context, task: Task) -> Path | None:
    """Where the site goes, ``None`` where none is wanted. ``GENERATE`` is a folder beside the photos."""
    given = context.options.gallery.site
    if given is None:
        if context.options.studio.avif:
            context.warn("avif: without a site nothing shows these sizes; they are made for its pages.")
        return None
    folder = task.source.parent / "site" if str(given) == GENERATE else context.path(given)
    context.place.may_write_below(folder, "site")
    site, source = leads_to(folder), leads_to(task.source)
    if source.is_relative_to(site) or site.is_relative_to(source):
        raise ConfigInvalid(
            "The site and the photos cannot lie in each other.",
            hint=f"With site: {GENERATE} the site goes into a folder beside source.",
            findings=[Finding(f"site: {str(folder)!r}, source: {str(task.source)!r}")],
        )
    return folder


def _templates(context: Context) -> Path | None:
    """The user's templates. Raises ``GalleryInvalid`` where there is no such folder."""
    if context.options.studio.templates is None:
        return None
    folder = context.path(context.options.studio.templates)
    folder_option(context.place.fence(folder, "templates"), folder, "templates")
    return folder


def _build_site(context: Context, task: Task, made: Processed, folder: Path, templates: Path | None) -> bool:
    """Build the site; return whether anything in it is not as it was."""
    from galleria_action.studio.site.build import build_site
    from galleria_action.studio.site.model import Albums, Archive, SiteSettings

    options = context.options.studio
    settings = SiteSettings(
        title=options.site_title or task.collection,
        albums=Albums(options.albums.value),
        noindex=options.noindex,
        archive=Archive(options.album_zip.value),
    )
    built = build_site(made.photos, task.source, folder, task.times, settings, templates)
    context.say(f"{count(built.files, 'file')} of the site, {built.changed:,} of them written or removed now")
    return built.changed > 0


def _say(context: Context, made: Processed) -> None:
    for path, copies in made.copies.items():
        context.say(f"one photo: {path} and {', '.join(copies)} have the same bytes")
    told = f"{count(made.made, 'photo')} made, {made.placed:,} put in place"
    context.say(f"{told}, {count(made.removed, 'old file')} removed" if made.removed else told)


def _last_word(context: Context, made: Processed, changed: bool) -> str:
    source = context.options.gallery.source
    if not changed:
        return f"Nothing to do: {source} holds the {count(len(made.photos), 'photo')} already."
    left_out = f", {made.missing:,} left out" if made.missing else ""
    return f"The gallery in {source} has {count(len(made.photos), 'photo')}: {made.made:,} made now{left_out}."
