"""``validate``: check the gallery on disk. No network."""

from __future__ import annotations

from galleria_action.commands.local import load_gallery, measured
from galleria_action.commands.session import Session


def validate(session: Session) -> str:
    """Check metadata, photos and site. Raises ``GalleryInvalid`` with every finding."""
    with session.ci.group("Validate"):
        gallery = load_gallery(session)
        measured(session, gallery)
    if gallery.metadata and gallery.photos is not None:
        return f"The gallery is valid: {len(gallery.metadata.metadata.photos):,} photos, {len(gallery.photos):,} files."
    files = len(gallery.photos or ()) + len(gallery.site or ())
    return f"The files are valid: {files:,} files, no gallery metadata to check."
