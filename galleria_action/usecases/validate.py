"""``validate``: check the gallery on disk. No network."""

from __future__ import annotations

from galleria_action.deployment.planner import all_uploads
from galleria_action.options.gallery import CheckFiles
from galleria_action.options.studio import Duplicates
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.local import load_gallery, measured
from galleria_action.usecases.parts.positions import look_for_positions
from galleria_action.usecases.results import Answered


def validate(context: Context) -> Answered:
    """Check metadata, photos and site. Raises ``GalleryInvalid`` with every finding, ``DuplicatesFound``."""
    options = context.options
    with context.phase("Validate"):
        gallery = load_gallery(context)
        check = options.gallery.check_files
        local = measured(context, gallery, every=check in (CheckFiles.AUTO, CheckFiles.HASH))
        look_for_positions(context, all_uploads(local))
    if gallery.metadata and gallery.photos is not None and options.lookalikes.duplicates is not Duplicates.OFF:
        from galleria_action.usecases.parts.lookalikes import compare_metadata, tell_lookalikes
        from galleria_action.usecases.parts.studio import studio

        with studio(context), context.phase("Duplicates"):
            by_key = {file.key: file for file in gallery.photos}
            tell_lookalikes(context, *compare_metadata(context, gallery.metadata.metadata.photos, by_key))
    if gallery.metadata and gallery.photos is not None:
        photos, files = len(gallery.metadata.metadata.photos), len(gallery.photos)
        return Answered(f"The gallery is valid: {count(photos, 'photo')}, {count(files, 'file')}.")
    files = len(gallery.photos or ()) + len(gallery.site or ())
    return Answered(f"The files are valid: {count(files, 'file')}, no gallery metadata to check.")
