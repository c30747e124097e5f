"""The local side: metadata, files, EXIF."""

from galleria_action.gallery.metadata.model import (
    GalleryMetadata,
    GallerySettings,
    MetadataExifData,
    MetadataFileData,
    PhotoMetadata,
)

__all__ = ["GalleryMetadata", "GallerySettings", "MetadataExifData", "MetadataFileData", "PhotoMetadata"]
