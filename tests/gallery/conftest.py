"""The folder of real photos, which is not part of the project."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
PHOTOS = Path(os.environ.get("GALLERIA_PHOTOS") or _ROOT / ".." / "shared" / "photos")


def real_photos(section: str) -> list[Path]:
    """The photos that ``SOURCES.md`` lists under a heading that begins with ``section``; none without the folder."""
    sources = PHOTOS / "SOURCES.md"
    if not sources.is_file():
        return []
    part = re.split(r"(?m)^## ", sources.read_text(encoding="utf-8"))
    (lines,) = [text for text in part if text.startswith(section)]
    return [PHOTOS / name for name in re.findall(r"(?m)^\| (\S+\.\w+) \|", lines)]
