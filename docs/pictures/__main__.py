"""Makes the pictures of the README anew: ``make pictures`` (needs Chromium; a minute).

What they show is real: a gallery is planned and deployed by the action itself, on an S3 server of this machine, and
what it wrote for GitHub is rendered as GitHub does. Only the photos are painted, and the addresses of this machine are
shown as those of a service.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from docs.pictures.page import NoBrowser, comment, screenshot, screenshot_of, summary
from docs.pictures.scene import play
from docs.pictures.studio import play_studio
from docs.pictures.terminal import recording

HERE = Path(__file__).parent
#: CSS pixels: what fits on a screen, two of them side by side
_MOST = 780


def main() -> int:
    """Make all pictures; 1 when there is no browser."""
    with tempfile.TemporaryDirectory(prefix="galleria-pictures-") as folder:
        try:
            for seen in play(Path(folder)):
                page = comment(seen.markdown, seen.by) if seen.by else summary(seen.markdown)
                screenshot(page, HERE / f"{seen.name}.webp", Path(folder), most=_MOST)
                print(f"docs/pictures/{seen.name}.webp")
            for name, address in play_studio(Path(folder, "studio")):
                screenshot_of(address, HERE / f"{name}.webp", Path(folder), width=1000, most=_MOST)
                print(f"docs/pictures/{name}.webp")
        except NoBrowser as missing:
            print(missing, file=sys.stderr)
            return 1
    (HERE / "demo.svg").write_text(recording(), encoding="utf-8")
    print("docs/pictures/demo.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
