"""Lossless edits of the times and positions in a photo."""

from galleria_action.gallery.exif.edit import ExifEdit, Outcome, edit_exif, modify_exif_in_memory

__all__ = ["ExifEdit", "Outcome", "edit_exif", "modify_exif_in_memory"]
