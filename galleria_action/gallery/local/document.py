"""Reads the metadata file of a local gallery."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Refused, Workspace
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.content import pointer_problem
from galleria_action.gallery.local.files import KeptBytes, local_file, read_file, usable
from galleria_action.gallery.local.formats import HEAD_BYTES
from galleria_action.gallery.metadata.schema import LoadedMetadata, load_metadata, refuse_larger
from galleria_action.values import replace

#: what has more bytes is read again when it is needed once more
_LARGE = 4 << 20


def read_metadata(path: Path, fence: Workspace, expect_much: Callable[[], None] = lambda: None) -> LoadedMetadata:
    """Read and validate the metadata file at ``path``, which must lie inside ``fence`` for real. ``expect_much`` is
    told before a large one is read.

    Raises ``GalleryInvalid`` as ``load_metadata`` does, and when the file is missing, too large to be read (told by
    its size, before reading), not a readable regular file inside the workspace, or a pointer to one that was not
    fetched.
    """
    file = fence.name(Path.cwd() / path)
    try:
        local = local_file(METADATA_KEY, usable(fence.find(str(Path.cwd() / path))))
    except Absent:
        raise GalleryInvalid(f"Error loading gallery metadata: Gallery metadata not found: {file}") from None
    except Refused as refusal:
        raise GalleryInvalid(f"{file} {refusal}.") from None
    refuse_larger(local.size, file)
    if local.size >= _LARGE:
        expect_much()
    raw = read_file(local)
    if pointer := pointer_problem(raw[:HEAD_BYTES], len(raw)):
        raise GalleryInvalid(f"{file} {pointer}.")
    loaded = load_metadata(raw, file)
    return loaded if len(raw) < _LARGE else replace(loaded, content=KeptBytes(local, loaded.sha256))
