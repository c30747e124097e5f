"""What git's index knows of the content of the files that it tracks, without reading them.

The index holds for each file the id of its content and the status that the file had when git wrote or read it. Where a
file still has that status it still has that content: git itself goes by nothing else. Git is not asked, because it is
not in every image, refuses checkouts of another owner, and runs what a checkout's own configuration says.

Format: git's ``Documentation/gitformat-index.txt``, versions 2 to 4. What is not understood tells nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, compress, groupby, repeat
from operator import and_, eq, floordiv, is_not, itemgetter, lt, mod, not_
from pathlib import Path
from typing import BinaryIO

from galleria_action.expressions import expression
from galleria_action.gallery.local.files import LocalFiles
from galleria_action.values import dataclass

#: an index of a million files has some 100 MB
_LARGEST_INDEX = 256 << 20
_LARGEST_TEXT = 64 << 10
#: names may repeat the one before (version 4), so that few bytes can stand for many
_LONGEST_NAME, _LONGEST_NAMES = 4096, 256 << 20
#: more than any entry takes
_LONGEST_ENTRY = 2 * _LONGEST_NAME
#: signature, version, number of entries
_BEGINNING = struct.Struct(">4sII")
#: An entry begins with ten numbers of 32 bits. Compared are times of change and modification (seconds and nanoseconds),
#: inode and size; not the owner, which a container sees as another one, nor the device, which may have another number
#: tomorrow.
_NUMBERS, _COMPARED = 10, (0, 1, 2, 3, 5, 9)
_CHECKSUM_BYTES = ID_BYTES = 20
_PIECE = 256 << 10
#: what a pointer of Git LFS takes at most, by its specification
LARGEST_POINTER = 1024
_CUT_TO_32_BITS = 0xFFFFFFFF
_SECOND = 10**9
_NOT_UNDERSTOOD = (OSError, ValueError, struct.error, IndexError)


def blob_id(content: bytes | memoryview) -> str:
    """What git calls a file of these bytes (hex)."""
    return blob_digest(len(content), content).hexdigest()


def blob_digest(size: int, beginning: bytes | memoryview) -> hashlib._Hash:
    """What becomes git's id of a file of ``size`` bytes, when what follows its ``beginning`` has been added."""
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    digest.update(beginning)
    return digest


def pointer_blob_id(sha256: str, size: int) -> str:
    """What git calls the pointer that Git LFS keeps in place of a file of ``size`` bytes with this SHA-256 (hex), whose
    text its specification leaves no choice."""
    return blob_id(b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (sha256.encode(), size))


class Tracked:
    """Those of some files that git tracks: of the ones in ``rows`` it vouches for their ``blobs``, the ids of their
    contents, one after the other; the ``doubtful`` ones may have changed since."""

    def __init__(self) -> None:
        self.rows, self.doubtful = array("I"), array("I")
        self.blobs = bytearray()

    def add(self, other: Tracked) -> None:
        """Put what is known of ``other`` files behind it."""
        self.rows += other.rows
        self.doubtful += other.doubtful
        self.blobs += other.blobs

    def ids(self) -> Iterator[bytes]:
        """The id of the content of each of ``rows``."""
        ends = range(ID_BYTES, len(self.blobs) + 1, ID_BYTES)
        return map(bytes(self.blobs).__getitem__, map(slice, range(0, len(self.blobs), ID_BYTES), ends))


def tracked(every: Sequence[LocalFiles]) -> Sequence[Tracked]:
    """What git knows of the contents that files had when they were found: of each of ``every`` the files that it
    tracks. Each index is read once, from its beginning to its end."""
    checkouts, known = _Checkouts(), [Tracked() for _ in every]
    by_index: dict[_Index, list[_Search]] = {}
    for number, files in enumerate(every):
        folders: dict[_Index, dict[bytes, array[int]]] = {}
        for folder, rows in files.by_folder():
            if index := checkouts.index(folder):
                folders.setdefault(index, {})[index.relative(folder)] = rows
        for index, rows_by_folder in folders.items():
            by_index.setdefault(index, []).append(_Search(number, files, rows_by_folder))
    for index, searches in by_index.items():
        if _searched(index.path, searches):
            for search in searches:
                known[search.number].add(search.found)
    return known


def _searched(path: Path, searches: Iterable[_Search]) -> bool:
    """Search the index at ``path``; whether it is understood, without which nothing in it is to be believed."""
    try:
        with _opened(path) as (written, batches):
            for batch in batches:
                for search in searches:
                    search.take(batch, written)
    except _NOT_UNDERSTOOD:
        return False
    return True


class _Search:
    """Searches an index for those of ``files`` that stand in rows by what it calls their ``folders``; ``found`` is what
    came of it. What is done for each of them is done by functions that are not written in Python."""

    def __init__(self, number: int, files: LocalFiles, folders: Mapping[bytes, array[int]]) -> None:
        self.number, self.found = number, Tracked()
        self._files, self._folders = files, folders
        self._waiting: dict[bytes, _Waiting] = {}

    def take(self, batch: _Batch, written: int) -> None:
        """Take what is sought from ``batch``, which comes from an index that was ``written`` then (ns)."""
        paths = list(map(bytes.rpartition, batch.paths, repeat(b"/")))
        folders, names = list(map(itemgetter(0), paths)), list(map(itemgetter(2), paths))
        for folder, group in groupby(range(len(paths)), folders.__getitem__):
            if folder in self._folders:
                if folder not in self._waiting:
                    self._waiting[folder] = _Waiting(self._files, self._folders[folder])
                places = list(group)
                here, rows = list(map(names.__getitem__, places)), self._waiting[folder].until(names[places[-1]])
                if (sought := _names(self._files, rows)) != here:  # mostly all that is tracked is sought
                    at = list(map(dict(zip(here, places, strict=True)).get, sought))
                    there = list(map(is_not, at, repeat(None)))
                    rows, places = array("I", compress(rows, there)), [it for it in at if it is not None]
                self._compare(rows, places, batch, written)

    def _compare(self, rows: Sequence[int], places: Sequence[int], batch: _Batch, written: int) -> None:
        """Are the files in ``rows``, which stand at ``places`` of ``batch``, still those of the index?"""
        files = self._files
        changed, modified = (list(map(column.__getitem__, rows)) for column in (files.changed, files.modified))
        numbers = (
            map(floordiv, changed, repeat(_SECOND)),
            map(mod, changed, repeat(_SECOND)),
            map(floordiv, modified, repeat(_SECOND)),
            map(mod, modified, repeat(_SECOND)),
            map(files.inodes.__getitem__, rows),
            map(files.sizes.__getitem__, rows),
        )
        own = _compared([array("I", map(and_, column, repeat(_CUT_TO_32_BITS))) for column in numbers])
        same = map(eq, own, map(batch.statuses.__getitem__, places))
        # Written in the same moment as the index, or later: it may have changed without a trace (git: racy-git.txt).
        before = map(lt, modified, repeat(written))
        vouched = list(map(and_, same, before))
        self.found.rows.extend(compress(rows, vouched))
        self.found.blobs += b"".join(compress(map(batch.blobs.__getitem__, places), vouched))
        self.found.doubtful.extend(compress(rows, map(not_, vouched)))


class _Waiting:
    """Those of ``files`` that stand in ``rows``, all in one folder, in the order of their names, which is the one that
    an index has, too: from the first whose name has not come yet."""

    def __init__(self, files: LocalFiles, rows: Sequence[int]) -> None:
        names = _names(files, rows)
        order = sorted(range(len(rows)), key=names.__getitem__)
        self._files, self._rows, self._next = files, array("I", map(rows.__getitem__, order)), 0

    def until(self, name: bytes) -> array[int]:
        """Those that wait and whose names do not stand behind ``name``, which wait no more."""
        begin = self._next
        self._next = bisect_right(self._rows, name, begin, key=lambda row: _names(self._files, [row])[0])
        return self._rows[begin : self._next]


def _names(files: LocalFiles, rows: Sequence[int]) -> list[bytes]:
    """What the disk calls these files in their folders."""
    return os.fsencode("\0".join(files.names(rows))).split(b"\0") if rows else []


@dataclass(frozen=True, slots=True)
class _Index:
    """The index at ``path``, of the checkout at ``root`` (with a slash at its end)."""

    root: str
    path: Path

    def relative(self, folder: str) -> bytes:
        """What the index calls ``folder``, an absolute path."""
        return os.fsencode(f"{folder}/".removeprefix(self.root)).removesuffix(b"/")


class _Checkouts:
    """The git checkouts that folders lie in."""

    def __init__(self) -> None:
        self._by_folder: dict[str, _Index | None] = {}

    def index(self, folder: str) -> _Index | None:
        """That of the checkout in which ``folder`` lies."""
        known = self._by_folder.get(folder)
        if known is None and folder not in self._by_folder:
            known = self._by_folder[folder] = self._find(folder)
        return known

    def _find(self, folder: str) -> _Index | None:
        git = Path(f"{folder}/.git")
        if os.path.lexists(git):
            with suppress(*_NOT_UNDERSTOOD):
                home = _home(git)
                return _Index(f"{folder.rstrip('/')}/", home / "index") if home and not _uses_sha256(home) else None
            return None
        return self.index(folder.rpartition("/")[0]) if folder else None


def _home(git: Path) -> Path | None:
    """Git's folder: ``git``, or where that file says (a worktree, a submodule)."""
    if git.is_dir():
        return git
    named = re.fullmatch(r"gitdir: ([^\n\0]+)\n?", _text(git)) if git.is_file() else None
    return git.parent / named[1] if named else None


def _uses_sha256(home: Path) -> bool:
    """Whether ids are SHA-256, by the configuration of the repository (that of a worktree lies two folders above)."""
    configs = [home / "config"]
    if (home / "commondir").is_file():
        configs.append(home / _text(home / "commondir").strip() / "config")
    return any(re.search(r"(?im)^\s*objectformat\s*=\s*sha256", _text(it)) for it in configs if it.is_file())


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_LARGEST_TEXT).decode("utf-8", "replace")


# -- the format ----------------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, Iterator[_Batch]]]:
    """When the index at ``path`` was written (ns), and its entries (see ``_batches``). Raises ``_NOT_UNDERSTOOD``."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or not _CHECKSUM_BYTES <= status.st_size <= _LARGEST_INDEX:
            raise ValueError("not an index that is understood here")
        yield status.st_mtime_ns, _batches(_Window(file, status.st_size - _CHECKSUM_BYTES))


class _Window:
    """The part of an index that is being looked at; it has ``left`` more bytes, but for the checksum of all."""

    def __init__(self, file: BinaryIO, left: int) -> None:
        self._file, self.left = file, left
        self._digest = hashlib.sha1(usedforsecurity=False)

    def behind(self, seen: bytes, most: int) -> bytes:
        """``seen``, and up to ``most`` of the bytes that follow. Raises ``ValueError`` where it breaks off."""
        piece = self._file.read(min(most, self.left))
        if not piece and self.left:
            raise ValueError("it breaks off")
        self.left -= len(piece)
        self._digest.update(piece)
        return seen + piece

    def check(self) -> None:
        """Raise ``ValueError`` where what has been read, which is all, has another checksum than it says."""
        checksum = self._file.read(_CHECKSUM_BYTES)
        if self.left or (any(checksum) and self._digest.digest() != checksum):
            raise ValueError("the index is damaged")


@dataclass(frozen=True, slots=True)
class _Batch:
    """Plain files of an index, in the order of their ``paths``: by place the ids of their contents, and what is
    ``_compared`` of their status."""

    paths: Sequence[bytes]
    blobs: Sequence[bytes]
    statuses: Sequence[bytes]


def _compared(columns: Sequence[array[int]]) -> Sequence[bytes]:
    """What is compared of each status, as bytes, from a column for each of its numbers (see ``_COMPARED``)."""
    numbers = array("I", bytes(columns[0].itemsize * len(columns) * len(columns[0])))
    for at, column in enumerate(columns):
        numbers[at :: len(columns)] = column
    return list(chain.from_iterable(struct.iter_unpack(f"{numbers.itemsize * len(columns)}s", numbers)))


def _batches(window: _Window) -> Iterator[_Batch]:
    """The plain files of an index. Raises ``ValueError`` for one that is not whole, in order or understood, also after
    its last entry: until then nothing in it is to be believed."""
    body = window.behind(b"", _PIECE)
    signature, version, left = _BEGINNING.unpack_from(body)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index that is understood here")
    entry, body = _PREFIXED if version == 4 else _PADDED, body[_BEGINNING.size :]
    path, plain, size = b"", b"", 0
    while left:
        found = entry.findall(body)[:left]
        if found and not found[-1][_WHOLE]:
            found.pop()  # it goes on in the next piece, or is not an entry at all
        if not found and (len(body) > _LONGEST_ENTRY or not window.left):
            raise ValueError("not an entry that is understood here")
        paths = list(_grown(found, path) if version == 4 else map(itemgetter(_PATH), found))
        size += sum(map(len, paths))
        if size > _LONGEST_NAMES:
            raise ValueError("names longer than any real ones")
        batch = _batch(found, paths)
        if not all(map(lt, [plain, *batch.paths], batch.paths)):
            raise ValueError("the entries are not in order")
        yield batch
        path, plain = paths[-1] if paths else path, batch.paths[-1] if batch.paths else plain
        left -= len(found)
        body = window.behind(body[sum(map(len, map(itemgetter(_WHOLE), found))) :], _PIECE)
    rest = window.behind(body, window.left)
    window.check()
    if b"link" in _extensions(rest):
        raise ValueError("a split index: most of it lies elsewhere")


#: An entry: change and modification (seconds, nanoseconds each), device, inode, mode, owner, size; the id of the
#: content; flags, and more of them where these say so. Of what is not a plain file, stands in a conflict, or is only
#: to be added later, neither status nor id are looked at.
_FIELDS = rb"""
    (?: (.{26} [\x80-\x8f] .{13}) (.{20})
        (?= [\x00-\x0f\x80-\x8f] | [\x40-\x4f\xc0-\xcf] . [\x00-\x1f\x40-\x5f\x80-\x9f\xc0-\xdf] )
      | .{60} )
    (?: [\x00-\x3f\x80-\xbf] . | ([\x40-\x7f\xc0-\xff] ...) )
"""
#: Behind them stands the path with NULs up to a multiple of 8 bytes, of which there is one at least,
_PADDED = expression(
    rb"(%b (?= ([^\0]{1,4096}+) \0 ) (?(4) .{7} | .) (?> (?: [^\0] .{7} )* ) \0 ) | .++" % _FIELDS, re.S | re.X
)
#: or in version 4 how many bytes of the path before are dropped, and what takes their place.
_PREFIXED = expression(rb"(%b ([\x80-\xff]{0,4} [\x00-\x7f]) ([^\0]{0,4096}+) \0 ) | .++" % _FIELDS, re.S | re.X)
#: the groups in these
_WHOLE, _STATUS, _ID, _PATH, _NEW_END = 0, 1, 2, 4, 5


def _batch(found: Sequence[tuple[bytes, ...]], paths: Iterable[bytes]) -> _Batch:
    """The plain files of those that were ``found`` at ``paths``."""
    statuses = list(map(itemgetter(_STATUS), found))
    paths = list(compress(paths, statuses))
    blobs = list(filter(None, map(itemgetter(_ID), found)))
    words = array("I", b"".join(statuses))
    if sys.byteorder == "little":
        words.byteswap()
    return _Batch(paths, blobs, _compared([words[at::_NUMBERS] for at in _COMPARED]))


def _grown(found: Iterable[tuple[bytes, ...]], path: bytes) -> Iterator[bytes]:
    """The path of each of those that were ``found``, behind the one at ``path``."""
    for it in found:
        first, *others = it[_PATH]
        dropped = first & 0x7F
        for byte in others:  # as an offset in git's packs
            dropped = (dropped + 1 << 7) | (byte & 0x7F)
        if dropped > len(path):
            raise ValueError("a name refers to more than there is")
        path = path[: len(path) - dropped] + it[_NEW_END]
        if len(path) > _LONGEST_NAME:
            raise ValueError("a name longer than any real one")
        yield path


def _extensions(body: bytes) -> set[bytes]:
    names, at = set(), 0
    while at < len(body):
        name, size = struct.unpack_from(">4sI", body, at)
        names.add(name)
        at += 8 + size
    return names
