"""Where a file says where it was taken, and the same file without that."""

from galleria_action.gallery.position.files import (
    WithoutPosition,
    head_tells_position,
    tells_position,
    without_position,
)

__all__ = ["WithoutPosition", "head_tells_position", "tells_position", "without_position"]
