"""The bytes of a photo, read once and whole, of a file that is still the one that was found."""

from __future__ import annotations

import os

from galleria_action.gallery.originals.kinds import HEAD, Kind, kind_of
from galleria_action.gallery.originals.scan import Stamp
from galleria_action.studio.render.picture import Unreadable

#: the largest file that is read; several times what the largest cameras write
MAX_BYTES = 1 << 30


def read_photo(real: str, stamp: Stamp | None) -> bytes:
    """A whole file, which must be the one with this ``stamp`` where one is given.

    Raises ``Unreadable`` when it is too large or was changed meanwhile, ``OSError`` when it cannot be read.
    """
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = Stamp.of(os.fstat(descriptor))
        if found[0] > MAX_BYTES:
            raise Unreadable(f"has {found[0]:,} bytes; at most {MAX_BYTES:,} are read")
        data = file.read(found[0] + 1)
        if len(data) != found[0] or Stamp.of(os.fstat(descriptor)) != found or stamp not in (None, found):
            raise Unreadable("was changed while it was read")
    return data


def photo_kind(data: bytes) -> Kind:
    """The format of a file that was a photo when it was found. Raises ``Unreadable`` when it is none now."""
    kind = kind_of(data[:HEAD])
    if kind is None:
        raise Unreadable("was changed while it was read")
    return kind
