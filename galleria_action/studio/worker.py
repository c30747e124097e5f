"""The program of the pool's processes: makes the pictures of one photo after the other."""

from __future__ import annotations

import warnings

from PIL import Image

from galleria_action.studio.develop import develop_work
from galleria_action.studio.pool import serve

if __name__ == "__main__":
    # the size is checked before anything is decoded, by our own measure; what Pillow warns of is told as damage or not
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")
    serve(develop_work)
