"""A file on its way: its beginning is read to be looked at, the rest when it is hashed and again when it is sent."""

from __future__ import annotations

import os
from typing import Protocol

from galleria_action.gallery.local.files import LocalFile, Reading, changed, opened_descriptor
from galleria_action.gallery.local.stamp import stamp_of
from galleria_action.storage.interface import Descriptor, Piece, Stretch


class OpenFile(Protocol):
    """A file that is being read."""

    def fill(self, room: memoryview) -> None:
        """Fill ``room`` with the beginning of the file. Raises ``GalleryInvalid`` when it has fewer bytes."""

    def behind(self, start: int) -> Piece:
        """The bytes from ``start`` on."""

    def stamp(self) -> bytes:
        """What the disk says of the file now (``gallery.local.stamp``)."""


class OnDisk:
    """``local``, opened. Raises ``GalleryInvalid`` when it is not the file any more that was found."""

    def __init__(self, local: LocalFile) -> None:
        self._local = local
        with Reading(local):
            self._file = Descriptor(opened_descriptor(local))

    def fill(self, room: memoryview) -> None:
        """See ``OpenFile``."""
        left = room
        with Reading(self._local):
            while left and (count := os.preadv(self._file.number, [left], len(room) - len(left))):
                left = left[count:]
        if left:
            raise self._short()

    def behind(self, start: int) -> Stretch:
        """See ``OpenFile``."""
        return Stretch(self._file, start, self._local.size - start, self._short())

    def stamp(self) -> bytes:
        """See ``OpenFile``."""
        with Reading(self._local):
            return stamp_of(os.fstat(self._file.number))

    def _short(self) -> Exception:
        return changed(self._local, "changed its size")


class InMemory:
    """``content`` as a file that nobody changes. ``found`` is the stamp that it had when it was found."""

    def __init__(self, content: bytes, found: bytes) -> None:
        self._content, self._found = content, found

    def fill(self, room: memoryview) -> None:
        """See ``OpenFile``."""
        room[:] = self._content[: len(room)]

    def behind(self, start: int) -> memoryview:
        """See ``OpenFile``."""
        return memoryview(self._content)[start:]

    def stamp(self) -> bytes:
        """See ``OpenFile``."""
        return self._found
