"""Storage classes that visitors cannot read from.

An object in an archive is listed like any other, and each request for it is refused until somebody has it restored.
Rules of a bucket's life cycle move objects there without a word to whoever put them.
"""

from __future__ import annotations

#: Amazon's own; the others have the word in their names (ColdArchive, MAZ_ARCHIVE). GLACIER_IR answers at once.
_GLACIERS = frozenset(("GLACIER", "GLACIER_FLEXIBLE_RETRIEVAL"))


def is_archive(name: str) -> bool:
    """Whether objects of the class ``name`` have to be restored before they can be read."""
    upper = name.strip().upper()
    return upper in _GLACIERS or "ARCHIVE" in upper


def names_archives(listing: bytes) -> bool:
    """Whether a listing can have an archived object in it, without reading each: hardly any has."""
    upper = listing.upper()
    return b"GLACIER" in upper or b"ARCHIVE" in upper
