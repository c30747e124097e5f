"""The program of the pool's processes: takes one photo after the other, and makes of it what it is asked for."""

from __future__ import annotations

import warnings
from typing import Any

from PIL import Image

from galleria_action.studio.pool import serve


def answer(work: Any) -> dict[str, Any]:
    """The answer to one piece of work, by its ``task``."""
    # what a task needs is imported when the first one is met: numpy takes its time, and only hashes need it
    if work["task"] == "develop":
        from galleria_action.studio.develop import develop_work

        return develop_work(work)
    from galleria_action.studio.duplicates.measure import measure_work

    return measure_work(work)


if __name__ == "__main__":
    # the size is checked before anything is decoded, by our own measure; what Pillow warns of is told as damage or not
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    serve(answer)
