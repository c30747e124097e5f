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
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from galleria_action.gallery.local.files import LocalFile, LocalFiles
from galleria_action.gallery.local.stamp import inode_and_times
from galleria_action.values import dataclass, field

#: an index of a million files has some 100 MB
_LARGEST_INDEX = 256 << 20
_LARGEST_TEXT = 64 << 10
#: names may repeat the one before (version 4), so that few bytes can stand for many
_LONGEST_NAME, _LONGEST_NAMES = 4096, 256 << 20
#: more than any entry takes
_LONGEST_ENTRY = 2 * _LONGEST_NAME
#: of an entry: its mode, and behind owner, size and the id of its content the flags
_ENTRY = struct.Struct(">24xI32xH")
#: change and modification (seconds, nanoseconds each), device, inode; mode, owner, size; the id of the content
_STATUS = struct.Struct(">4I4xI12xI20s")
_CHECKSUM_BYTES = _ID_BYTES = 20
_PIECE = 1 << 20
#: what a pointer of Git LFS takes at most, by its specification
LARGEST_POINTER = 1024
_STAGE, _EXTENDED, _INTENT_TO_ADD = 0x3000, 0x4000, 0x2000
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


@dataclass(frozen=True, slots=True)
class Tracked:
    """A file that git tracks. ``blob`` is the id of its content (hex), ``None`` where it may have changed since."""

    blob: str | None


class Checkouts:
    """The git checkouts that files lie in, each index read when it is asked for."""

    def __init__(self) -> None:
        self._by_folder: dict[str, _Index | None] = {}

    def tracked(self, file: LocalFile) -> Tracked | None:
        """What git knows of the content that ``file`` had when it was found; ``None`` where it does not track it. Its
        index is read once and kept."""
        folder, _, name = file.real.rpartition("/")
        index = self._index(folder)
        entry = index.entry(folder, name) if index else None
        if index is None or entry is None:
            return None
        blob = _blob(entry, index.written, file.size, file.stamp)
        return Tracked(blob.hex() if blob else None)

    def blobs(self, files: LocalFiles) -> Iterator[tuple[int, bytes]]:
        """The row and the id of the content of each of ``files`` that git vouches for. An index is read from its
        beginning to its end, and nothing of it is kept."""
        by_index: dict[_Index, dict[bytes, array[int]]] = {}
        for folder, rows in files.by_folder():
            if index := self._index(folder):
                by_index.setdefault(index, {})[index.relative(folder)] = rows
        for index, folders in by_index.items():
            yield from _vouched_for(index.path, files, folders)

    def _index(self, folder: str) -> _Index | None:
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
        return self._index(folder.rpartition("/")[0]) if folder else None


@dataclass(frozen=True, slots=True)
class _Folder:
    """The files of one folder in an index: their names, each with a NUL at its end, and the entry of each."""

    names: bytearray = field(default_factory=bytearray)
    entries: bytearray = field(default_factory=bytearray)

    def by_name(self) -> dict[str, int]:
        """Which one each file is."""
        names = self.names[:-1].decode("utf-8", "surrogateescape").split("\0")
        return {name: number for number, name in enumerate(names)}


class _Index:
    """The index at ``path``, of the checkout at ``root`` (with a slash at its end). ``written`` (ns) is when it was, of
    one that has been read."""

    def __init__(self, root: str, path: Path) -> None:
        self.root, self.path, self.written = root, path, 0
        self._folders: dict[bytes, _Folder] | None = None
        self._by_name: dict[bytes, dict[str, int]] = {}

    def relative(self, folder: str) -> bytes:
        """What the index calls ``folder``, an absolute path."""
        return os.fsencode(f"{folder}/".removeprefix(self.root))

    def entry(self, folder: str, name: str) -> bytes | None:
        """The entry of the file ``name`` in ``folder``, an absolute path; ``None`` where there is none."""
        if self._folders is None:
            self._folders = self._read()
        relative = self.relative(folder)
        found = self._folders.get(relative)
        if found is None:
            return None
        if relative not in self._by_name:
            self._by_name[relative] = found.by_name()
        number = self._by_name[relative].get(name)
        return None if number is None else bytes(found.entries[number * _ENTRY.size : (number + 1) * _ENTRY.size])

    def _read(self) -> dict[bytes, _Folder]:
        folders: dict[bytes, _Folder] = {}
        try:
            with _opened(self.path) as (self.written, entries):
                for folder, name, entry in entries:
                    known = folders.get(folder)
                    if known is None:
                        known = folders[folder] = _Folder()
                    known.names.extend(name + b"\0")
                    known.entries.extend(entry)
        except _NOT_UNDERSTOOD:
            return {}
        return folders


def _vouched_for(path: Path, files: LocalFiles, folders: Mapping[bytes, array[int]]) -> Iterator[tuple[int, bytes]]:
    """The row and the id of the content of each of ``files`` that the index at ``path`` vouches for. ``folders`` are
    their rows by what the index calls their folders."""
    found, blobs = array("L"), bytearray()
    waiting: dict[bytes, _Waiting] = {}
    try:
        with _opened(path) as (written, entries):
            for folder, name, entry in entries:
                if folder in folders:
                    if folder not in waiting:
                        waiting[folder] = _Waiting(files, folders[folder])
                    for row in waiting[folder].called(name):
                        if blob := _blob(entry, written, files.size(row), files.stamp(row)):
                            found.append(row)
                            blobs += blob
    except _NOT_UNDERSTOOD:
        return
    for number, row in enumerate(found):
        yield row, bytes(blobs[number * _ID_BYTES : (number + 1) * _ID_BYTES])


class _Waiting:
    """Those of ``files`` that stand in ``rows``, all in one folder, in the order of their names, which is the one that
    an index has, too: from the first whose name has not come yet."""

    def __init__(self, files: LocalFiles, rows: Iterable[int]) -> None:
        self._files = files
        named = sorted((os.fsencode(files.name(row)), row) for row in rows)
        self._rows = iter(array("L", [row for _, row in named]))
        self._row, self._name = -1, b""
        self._next()

    def _next(self) -> None:
        self._row = next(self._rows, -1)
        self._name = os.fsencode(self._files.name(self._row)) if self._row >= 0 else b""

    def called(self, name: bytes) -> Iterator[int]:
        """The rows of those that are called ``name``."""
        while self._row >= 0 and self._name < name:
            self._next()
        while self._row >= 0 and self._name == name:
            yield self._row
            self._next()


def _blob(entry: bytes, written: int, size: int, stamp: bytes) -> bytes | None:
    """The id of the content of the file with this ``size`` and ``stamp``, by its ``entry`` in an index that was
    ``written`` then (ns); ``None`` where it may have changed since."""
    inode, modified, change = inode_and_times(stamp)
    # Written in the same moment as the index, or later: it may have changed without a trace (git: racy-git.txt).
    if modified >= written:
        return None
    *status, blob = _STATUS.unpack_from(entry)
    return blob if status == _status(change, modified, inode, size) else None


class Blobs:
    """Finds the ids of files that are read; asked by many threads."""

    def __init__(self) -> None:
        self._checkouts = Checkouts()
        self._lock = threading.Lock()

    def vouched_for(self, file: LocalFile) -> str | None:
        """git's id (hex) of ``file``, where git's index vouches for what the file was when it was found."""
        with self._lock:
            tracked = self._checkouts.tracked(file)
        return tracked.blob if tracked else None


def _status(change: int, modified: int, inode: int, size: int) -> list[int]:
    """What the index has of a file's status: times of change, inode, size. Not the owner, which a container sees as
    another one, nor the device, which may have another number tomorrow."""
    changed, modified_at = divmod(change, _SECOND), divmod(modified, _SECOND)
    seconds, cut = changed[0] & _CUT_TO_32_BITS, modified_at[0] & _CUT_TO_32_BITS
    return [seconds, changed[1], cut, modified_at[1], inode & _CUT_TO_32_BITS, size & _CUT_TO_32_BITS]


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
def _opened(path: Path) -> Iterator[tuple[int, Iterator[tuple[bytes, bytes, bytes]]]]:
    """When the index at ``path`` was written (ns), and its entries (see ``_entries``). Raises ``_NOT_UNDERSTOOD``."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or not _CHECKSUM_BYTES <= status.st_size <= _LARGEST_INDEX:
            raise ValueError("not an index that is understood here")
        yield status.st_mtime_ns, _entries(_Window(file, status.st_size - _CHECKSUM_BYTES))


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


def _entries(window: _Window) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The plain files of an index: folder (with a slash at its end), name, and what stands before these. Raises
    ``ValueError`` for one that is not whole or not understood, also after its last entry: until then nothing in it is
    to be believed."""
    body = window.behind(b"", _PIECE)
    signature, version, count = struct.unpack_from(">4sII", body)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index that is understood here")
    at, path, names = 12, b"", 0
    for _ in range(count):
        if len(body) - at < _LONGEST_ENTRY and window.left:
            body, at = window.behind(body[at:], _PIECE), 0
        begin = at
        mode, flags = _ENTRY.unpack_from(body, at)
        at += _ENTRY.size
        more = 0
        if flags & _EXTENDED:
            (more,) = struct.unpack_from(">H", body, at)
            at += 2
        kept = b""
        if version == 4:
            dropped, at = _number(body, at)
            if dropped > len(path):
                raise ValueError("a name refers to more than there is")
            kept = path[: len(path) - dropped]
        end = body.index(b"\0", at)
        path = kept + body[at:end]
        names += len(path)
        if len(path) > _LONGEST_NAME or names > _LONGEST_NAMES:
            raise ValueError("names longer than any real ones")
        at = end + 1 if version == 4 else begin + (end - begin + 8 & ~7)
        if stat.S_ISREG(mode) and not flags & _STAGE and not more & _INTENT_TO_ADD:
            cut = path.rfind(b"/") + 1
            yield path[:cut], path[cut:], body[begin : begin + _ENTRY.size]
    rest = window.behind(body[at:], window.left)
    window.check()
    if b"link" in _extensions(rest):
        raise ValueError("a split index: most of it lies elsewhere")


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number of variable length (as an offset in git's packs), and where it ends."""
    byte = body[at]
    number = byte & 0x7F
    while byte & 0x80:
        at += 1
        byte = body[at]
        number = (number + 1 << 7) | (byte & 0x7F)
        if number > _LARGEST_INDEX:
            raise ValueError("a name refers to more than there is")
    return number, at + 1


def _extensions(body: bytes) -> set[bytes]:
    names, at = set(), 0
    while at < len(body):
        name, size = struct.unpack_from(">4sI", body, at)
        names.add(name)
        at += 8 + size
    return names
