"""Is a file on disk still the one that was deployed, a ``full`` still the one of the metadata? Judged without reading.

A deploy that changes nothing must not read gigabytes to learn so. The record has the size of the file that was
deployed, and git's id of its content; git's index has the id of what was checked out. Of files that git does not track,
a ``full`` that is older than the metadata is believed (whoever makes the metadata reads the photos first), and of
others nothing is. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from itertools import compress, filterfalse, islice
from operator import eq, itemgetter, not_

from galleria_action.deployment.model import SourceFile
from galleria_action.deployment.state.entries import Entries
from galleria_action.deployment.state.manifest import ManifestEntry
from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.gallery.local.git_index import LARGEST_POINTER, pointer_blob_id

#: so many files are looked up at once
_TOGETHER = 10_000


class Doubt(Enum):
    """What is known of a file that has not been read."""

    NONE = auto()
    SOME = auto()  #: only its hash can tell
    PROVED = auto()  #: it is certainly another one


def is_as_deployed(size: int, entry: ManifestEntry | None, blob: str | None) -> bool:
    """Whether a file of ``size`` bytes holds what the one held that was deployed as ``entry``: git knows it by the same
    id, ``blob`` (see ``SourceFile``). A pointer of Git LFS has the id, too, of the file that it stands for, but hardly
    ever its size."""
    if entry is None or not blob or not entry.source_blob or entry.source_size != size:
        return False
    if blob == entry.source_blob:
        return True
    return size > LARGEST_POINTER and blob == pointer_blob_id(entry.source, size)


class Proofs(Mapping[str, str]):
    """The SHA-256 (hex) by key of each file of which it is proved, without reading it, that it holds what was deployed:
    a mark in a row of what is ``recorded``. Of the others that git tracks ``blobs`` are the ids (hex) of their
    contents by key, empty where these may have changed."""

    def __init__(self, recorded: Entries) -> None:
        self.recorded = recorded
        self.marks = bytearray(len(recorded.columns.sizes))
        self.blobs: dict[str, str] = {}

    def add(self, keys: Iterable[str], sizes: Iterable[int], blobs: Iterable[str]) -> None:
        """Take note of files under ``keys``, of these ``sizes`` (bytes), whose contents git calls ``blobs``."""
        columns = self.recorded.columns
        left = zip(keys, sizes, blobs, strict=True)
        while some := list(islice(left, _TOGETHER)):
            rows, known = self.recorded.rows_of(map(itemgetter(0), some))
            if known is not None:
                self.blobs.update((key, blob) for key, _, blob in compress(some, map(not_, known)))
                some = list(compress(some, known))
            then = zip(columns.source_sizes.at(rows), columns.source_blobs.at(rows), strict=True)
            same = list(map(eq, then, map(itemgetter(1, 2), some)))
            for row in compress(rows, same):
                self.marks[row] = 1
            self._add_others(compress(some, map(not_, same)))

    def _add_others(self, others: Iterable[tuple[str, int, str]]) -> None:
        """The same of the few that are recorded, and do not have the size and the id that were deployed."""
        for key, size, blob in others:
            if is_as_deployed(size, self.recorded[key], blob):
                self.marks[self.recorded.rows[key]] = 1
            else:
                self.blobs[key] = blob

    def doubt(self, keys: Iterable[str]) -> None:
        """Take note of files that git tracks, but which may have changed."""
        self.blobs.update(dict.fromkeys(keys, ""))

    def told(self, keys: Sequence[str]) -> Iterable[str | None]:
        """That of each of ``keys``, or ``None``."""
        rows, known = self.recorded.rows_of(keys)
        pairs = zip(map(self.marks.__getitem__, rows), self.recorded.columns.sources.at(rows), strict=True)
        found = (source if proved else None for proved, source in pairs)
        return found if known is None else (next(found) if it else None for it in known)

    def blob_of(self, key: str) -> str | None:
        """See ``SourceFile.blob``."""
        return self.recorded.columns.source_blobs[self.recorded.rows[key]] if key in self else self.blobs.get(key)

    def without(self, keys: Collection[str]) -> set[str]:
        """Those of ``keys`` whose files are not proved."""
        rows = self.recorded.rows
        others = compress(rows, map(not_, map(self.marks.__getitem__, rows.values())))
        return {*others}.intersection(keys).union(filterfalse(rows.__contains__, keys))

    def __len__(self) -> int:
        return self.marks.count(1)

    def __iter__(self) -> Iterator[str]:
        return (key for key, row in self.recorded.rows.items() if self.marks[row])

    def __contains__(self, key: object) -> bool:
        row = self.recorded.rows.get(key)  # type: ignore[call-overload]
        return row is not None and bool(self.marks[row])

    def __getitem__(self, key: str) -> str:
        row = self.recorded.rows[key]
        if not self.marks[row]:
            raise KeyError(key)
        return self.recorded.columns.sources[row]


def told_of(proved: Mapping[str, str], keys: Sequence[str]) -> Iterable[str | None]:
    """What ``proved``, proofs or hashes that were told otherwise, has for each of ``keys``."""
    return proved.told(keys) if isinstance(proved, Proofs) else map(proved.get, keys)


def doubt(file: SourceFile, entry: ManifestEntry | None, *, newer: bool) -> Doubt:
    """Whether ``file``, whose SHA-256 the metadata gives, may be another one.

    ``entry`` records what was deployed of it, ``newer`` tells that it was written after the metadata.
    """
    if differs_in_size(file, entry):
        return Doubt.PROVED
    deployed = entry.source_blob if entry and entry.source == file.sha256 else ""
    if file.blob:
        same = file.blob in (deployed, pointer_blob_id(file.sha256, file.size))
        return Doubt.SOME if deployed and not same else Doubt.NONE
    return Doubt.SOME if newer or (file.blob is not None and deployed) else Doubt.NONE


def differs_in_size(file: SourceFile, entry: ManifestEntry | None) -> bool:
    """Whether ``file`` has another size than the one of its hash that was deployed as ``entry``."""
    return (
        entry is not None and entry.source == file.sha256 and entry.source_size > 0 and entry.source_size != file.size
    )


def stale(file: SourceFile) -> str:
    """What to tell of a ``full`` that is not the file of the metadata."""
    return (
        f"{file.key}: {file.local.path.name} is not the file that the metadata describes: its SHA-256 is not "
        "file_hash. The metadata is stale; process the gallery again"
    )


def refusal(files: list[SourceFile]) -> GalleryInvalid:
    """The one error for all that are not the files of the metadata."""
    what = "1 photo is" if len(files) == 1 else f"{len(files):,} photos are"
    return GalleryInvalid(
        f"{what} not as the metadata says. Nothing was written.",
        hint="Process the gallery again, so that metadata and photos belong together, or bring back the photos of the "
        "metadata.",
        findings=[Finding(stale(file)) for file in files],
    )
