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
from collections.abc import Iterator, Mapping
from pathlib import Path

from galleria_action.gallery.local.files import LocalFile, LocalFiles
from galleria_action.gallery.local.stamp import inode_and_times
from galleria_action.values import dataclass, field

#: an index of a million files has some 100 MB
_LARGEST_INDEX = 256 << 20
_LARGEST_TEXT = 64 << 10
#: names may repeat the one before (version 4), so that few bytes can stand for many
_LONGEST_NAME, _LONGEST_NAMES = 4096, 256 << 20
#: of an entry: its mode, and behind owner, size and the id of its content the flags
_ENTRY = struct.Struct(">24xI32xH")
#: change and modification (seconds, nanoseconds each), device, inode; mode, owner, size; the id of the content
_STATUS = struct.Struct(">4I4xI12xI20s")
_CHECKSUM_BYTES = 20
#: what a pointer of Git LFS takes at most, by its specification
LARGEST_POINTER = 1024
_STAGE, _EXTENDED, _INTENT_TO_ADD = 0x3000, 0x4000, 0x2000
_CUT_TO_32_BITS = 0xFFFFFFFF
_SECOND = 10**9


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


@dataclass(frozen=True, slots=True)
class _Folder:
    """The files of one folder in an index: their names, each with a NUL at its end, and where the entry of each
    begins."""

    names: bytearray = field(default_factory=bytearray)
    begins: array[int] = field(default_factory=lambda: array("L"))

    def entries(self) -> dict[str, int]:
        """Where the entry of each file begins, by name."""
        names = self.names.decode("utf-8", "surrogateescape").split("\0")
        return dict(zip(names, self.begins, strict=False))


@dataclass(frozen=True, slots=True)
class _Index:
    """The index of the checkout at ``root`` (with a slash at its end), itself written at ``written`` (ns): its bytes,
    and the files in them by folder (with a slash at its end)."""

    root: str
    written: int
    raw: bytes
    folders: Mapping[bytes, _Folder]

    def entries_in(self, folder: str) -> dict[str, int]:
        """Where the entry of each file in ``folder``, an absolute path, begins, by name."""
        relative = os.fsencode(f"{folder}/".removeprefix(self.root))
        return self.folders[relative].entries() if relative in self.folders else {}

    def blob(self, begin: int, size: int, stamp: bytes) -> bytes | None:
        """The id of the content of the file with this ``size`` and ``stamp``, whose entry begins there; ``None`` where
        it may have changed since."""
        inode, modified, change = inode_and_times(stamp)
        # Written in the same moment as the index, or later: it may have changed without a trace (git: racy-git.txt).
        if modified >= self.written:
            return None
        *status, blob = _STATUS.unpack_from(self.raw, begin)
        return blob if status == _status(change, modified, inode, size) else None


class Checkouts:
    """The git checkouts that files lie in, each index read once and only when it is asked for."""

    def __init__(self) -> None:
        self._by_folder: dict[str, _Index | None] = {}
        self._entries: dict[str, dict[str, int]] = {}

    def tracked(self, file: LocalFile) -> Tracked | None:
        """What git knows of the content that ``file`` had when it was found; ``None`` where it does not track it."""
        folder, _, name = file.real.rpartition("/")
        index = self._index(folder)
        if index is None:
            return None
        entries = self._entries.get(folder)
        if entries is None:
            entries = self._entries[folder] = index.entries_in(folder)
        begin = entries.get(name)
        if begin is None:
            return None
        blob = index.blob(begin, file.size, file.stamp)
        return Tracked(blob.hex() if blob else None)

    def blobs(self, files: LocalFiles) -> Iterator[tuple[int, bytes]]:
        """The row and the id of the content of each of ``files`` that git vouches for. One folder after the other, so
        that not all names are there at the same time."""
        for folder, rows in files.by_folder():
            if not (index := self._index(folder)):
                continue
            entries = index.entries_in(folder)
            for row in rows:
                begin = entries.get(files.name(row))
                if begin is not None and (blob := index.blob(begin, files.size(row), files.stamp(row))):
                    yield row, blob

    def _index(self, folder: str) -> _Index | None:
        known = self._by_folder.get(folder)
        if known is None and folder not in self._by_folder:
            known = self._by_folder[folder] = self._find(folder)
        return known

    def _find(self, folder: str) -> _Index | None:
        git = Path(f"{folder}/.git")
        if os.path.lexists(git):
            return _read_index(folder, git)
        return self._index(folder.rpartition("/")[0]) if folder else None


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


def _read_index(folder: str, git: Path) -> _Index | None:
    try:
        home = _home(git)
        if home is None or _uses_sha256(home):
            return None
        path = home / "index"
        written = path.stat()
        if not stat.S_ISREG(written.st_mode) or written.st_size > _LARGEST_INDEX:
            return None
        raw = path.read_bytes()
        folders = _folders(raw)
    except (OSError, ValueError, struct.error, IndexError):
        return None
    return _Index(folder.rstrip("/") + "/", written.st_mtime_ns, raw, folders)


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


def _folders(raw: bytes) -> dict[bytes, _Folder]:
    """The plain files of an index by folder. Raises as ``_entries`` does."""
    folders: dict[bytes, _Folder] = {}
    for path, begin in _entries(raw):
        name = path[path.rfind(b"/") + 1 :]
        folder = path[: len(path) - len(name)]
        known = folders.get(folder)
        if known is None:
            known = folders[folder] = _Folder()
        known.names.extend(name + b"\0")
        known.begins.append(begin)
    return folders


def _entries(raw: bytes) -> Iterator[tuple[bytes, int]]:
    """The plain files of an index, and where their entries begin. Raises ``ValueError`` for one that is not whole or
    not understood."""
    body, checksum = memoryview(raw)[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
    signature, version, count = struct.unpack_from(">4sII", body)
    if signature != b"DIRC" or version not in (2, 3, 4):
        raise ValueError("not an index that is understood here")
    if any(checksum) and hashlib.sha1(body, usedforsecurity=False).digest() != checksum:
        raise ValueError("the index is damaged")
    at, name, names = 12, b"", 0
    for _ in range(count):
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
            if dropped > len(name):
                raise ValueError("a name refers to more than there is")
            kept = name[: len(name) - dropped]
        end = raw.index(b"\0", at, len(body))
        name = kept + raw[at:end]
        names += len(name)
        if len(name) > _LONGEST_NAME or names > _LONGEST_NAMES:
            raise ValueError("names longer than any real ones")
        at = end + 1 if version == 4 else begin + (end - begin + 8 & ~7)
        if stat.S_ISREG(mode) and not flags & _STAGE and not more & _INTENT_TO_ADD:
            yield name, begin
    if b"link" in _extensions(body, at):
        raise ValueError("a split index: most of it lies elsewhere")


def _number(body: memoryview, at: int) -> tuple[int, int]:
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


def _extensions(body: memoryview, at: int) -> set[bytes]:
    names = set()
    while at < len(body):
        name, size = struct.unpack_from(">4sI", body, at)
        names.add(name)
        at += 8 + size
    return names
