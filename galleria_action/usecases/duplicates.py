"""``duplicates``: photos below a folder that show the same. Reads only; needs the extra ``studio``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.lookalikes import search_of, tell_lookalikes
from galleria_action.usecases.parts.studio import originals_of, studio
from galleria_action.usecases.results import Answered
from galleria_action.values import replace

if TYPE_CHECKING:
    from galleria_action.studio.duplicates.find import Search


def duplicates(context: Context) -> Answered:
    """Search, write the reports that are wanted, and judge.

    Raises ``DuplicatesFound`` with ``duplicates: fail``, ``GalleryInvalid`` for a folder without photos,
    ``ConfigInvalid``, ``Cancelled`` with the checkpoint written.
    """
    with studio(context), context.phase("Duplicates"):
        from galleria_action.studio.duplicates.find import find_duplicates

        search = _search(context)
        fence = context.place.fence(search.folder, "originals")
        found = find_duplicates(search, fence, stopped=lambda: context.stop.requested, tell=context.tell)
        tell_lookalikes(context, found, search)
    small = f" {count(len(found.skipped), 'smaller one')} left out (min-resolution)." if found.skipped else ""
    compared = f"{count(found.images, 'photo')} compared: "
    if not found.duplicates:
        return Answered(f"{compared}no two show the same.{small}")
    shows = "one of them shows" if found.duplicates == 1 else f"{found.duplicates:,} of them show"
    return Answered(f"{compared}{shows} what a better one shows.{small}")


def _search(context: Context) -> Search:
    from galleria_action.studio.duplicates.checkpoint import DEFAULT_NAME

    folder = context.path(originals_of(context))
    source = context.path(context.options.gallery.source)
    return replace(
        search_of(context, _photos_in(folder)),
        checkpoint=context.path(context.options.upload.checkpoint_file or Path(DEFAULT_NAME)),
        resume=context.options.upload.resume,
        # a gallery that lies among the originals shows what they show
        exclude=(source,) if source != folder else (),
    )


def _photos_in(folder: Path) -> Path:
    """Of a gallery only the photos in full size are compared: its other sizes all show what these show."""
    return folder / "full" if (folder / METADATA_KEY).is_file() and (folder / "full").is_dir() else folder
