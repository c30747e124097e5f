"""What git calls the files that are sent, for later runs to compare with its index instead of reading them."""

from __future__ import annotations

import threading

from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.local.git_index import Checkouts, blob_id


class Blobs:
    """Finds the id of what was read from a file; asked by many threads."""

    def __init__(self) -> None:
        self._checkouts = Checkouts()
        self._lock = threading.Lock()

    def id_of(self, local: LocalFile, content: memoryview, *, left_alone: bool) -> str:
        """git's id (hex) of the ``content`` of ``local``: from git's index where that vouches for the file as it was
        found, and nobody touched it since (``left_alone``); else worked out."""
        if left_alone:
            with self._lock:
                tracked = self._checkouts.tracked(local)
            if tracked and tracked.blob:
                return tracked.blob
        return blob_id(content)
