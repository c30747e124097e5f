"""What git calls the files that are sent, for later runs to compare with its index instead of reading them."""

from __future__ import annotations

import threading

from galleria_action.gallery.local.files import LocalFile, status_of
from galleria_action.gallery.local.git_index import Checkouts, blob_id


class Blobs:
    """Finds the id of what was read from a file; asked by many threads."""

    def __init__(self) -> None:
        self._checkouts = Checkouts()
        self._lock = threading.Lock()

    def id_of(self, local: LocalFile, content: memoryview) -> str:
        """git's id (hex) of ``content``, which was just read from ``local``: from git's index where that vouches for the
        file, else worked out. Raises ``GalleryInvalid`` when the file vanished or was replaced."""
        with self._lock:
            tracked = self._checkouts.tracked(local.real, status_of(local))
        return (tracked.blob if tracked else None) or blob_id(content)
