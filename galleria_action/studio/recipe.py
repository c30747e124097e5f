"""How the derived sizes of a photo are made: what decides their bytes besides the photo itself."""

from __future__ import annotations

import hashlib
import json

from galleria_action.values import asdict, dataclass

#: a change of how pictures are made that makes all of them anew; not for a new version of a library
_EDITION = 1

Box = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes are boxes (width, height) in pixels that a picture fits into, never enlarged; qualities 1 to 100.

    ``avif`` asks for the sizes of the site's pages in AVIF besides. The defaults are Galleria's.
    """

    web_size: Box = (2048, 2048)
    thumb_size: Box = (400, 400)
    jpeg_quality: int = 85
    webp_quality: int = 85
    avif: bool = False

    def fingerprint(self, *more: object) -> str:
        """Equal for equal recipes; ``more`` is what else decides the result (JSON values)."""
        told = json.dumps([_EDITION, asdict(self), more], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def fitted(size: Box, box: Box) -> Box:
    """The largest size with the proportions of ``size`` that fits into ``box``, at most ``size`` itself."""
    width, height = size
    scale = min(box[0] / width, box[1] / height, 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))
