"""The local files of a gallery: found, checked and read without ever leaving the workspace.

Finding opens nothing, so that a pipe or a device cannot hang it; reading makes sure that the file is still the one
that was found.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby, repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, overload

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Found, Refused, Workspace, not_a_file
from galleria_action.gallery.local.stamp import STAMPED, numbers_in, same_file, stamp_of, stamp_with
from galleria_action.gallery.metadata.model import VARIANTS, Variant
from galleria_action.gallery.wording import shown
from galleria_action.values import dataclass

#: the most that S3 takes in one request (AWS: "PutObject"); parts of an upload that is killed would lie there and cost
LARGEST = 5 << 30
_READABLE_BY_ALL = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A regular file that may be published under ``key``.

    ``real`` is its absolute path, with no link in it, and inside the workspace: text, because a ``Path`` takes ten
    times the memory and there are hundreds of thousands. ``size`` in bytes; ``variant`` is ``None`` for files that no
    metadata names; ``stamp`` tells whether a later file at ``real`` is still this one (see ``stamp``).
    """

    key: str
    real: str
    size: int
    variant: Variant | None
    stamp: bytes

    @property
    def path(self) -> Path:
        """``real`` as a path."""
        return Path(self.real)


_VARIANTS: tuple[Variant | None, ...] = (*VARIANTS, None)
_NUMBERS = {variant: number for number, variant in enumerate(_VARIANTS)}
_size: Callable[[Any], int] = itemgetter(stat.ST_SIZE)
_mode: Callable[[Any], int] = itemgetter(stat.ST_MODE)


class LocalFiles(Sequence[LocalFile]):
    """Files in the order in which they were added, in columns: there are hundreds of thousands, and most of them are
    looked at once. To whoever asks it is a sequence like any other, whose files are made when they are asked for.
    ``keys`` are theirs, ``sizes`` their bytes; of what ``stamp`` tells of each, ``inodes``, when they were ``modified``
    and ``changed`` (ns)."""

    def __init__(self, files: Iterable[LocalFile] = ()) -> None:
        self.keys: list[str] = []
        self.sizes = array("q")
        self.inodes, self._devices = array("Q"), array("Q")
        self.modified, self.changed = array("q"), array("q")
        self._variants = bytearray()
        self._folders: dict[str, int] = {}
        self._paths: list[str] = []
        self._folder_of = array("I")
        #: the names of those that are not called as their keys
        self._names: dict[int, str] = {}
        for file in files:
            self.add(file)

    @classmethod
    def of(cls, files: Sequence[LocalFile]) -> LocalFiles:
        """``files`` in columns."""
        return files if isinstance(files, LocalFiles) else cls(files)

    def add(self, file: LocalFile) -> None:
        """Add ``file``."""
        folder, _, name = file.real.rpartition("/")
        if file.key != name and not file.key.endswith(f"/{name}"):
            self._names[len(self.keys)] = name
        self.keys.append(file.key)
        self._folder_of.append(self.folder(folder))
        self._variants.append(_NUMBERS[file.variant])
        self.sizes.append(file.size)
        for column, number in zip(self._of_stamps(), numbers_in(file.stamp), strict=True):
            column.append(number)

    def folder(self, path: str) -> int:
        """What stands for the folder ``path``."""
        number = self._folders.get(path)
        if number is None:
            number = self._folders[path] = len(self._paths)
            self._paths.append(path)
        return number

    def extend(
        self,
        keys: Sequence[str],
        folders: Iterable[int],
        statuses: Sequence[os.stat_result],
        variants: Iterable[Variant | None],
    ) -> None:
        """Add the files in ``folders`` that are called as their ``keys`` end, and have these ``statuses``; all else is
        as in ``LocalFile``."""
        self.keys += keys
        self._folder_of.extend(folders)
        self._variants += bytes(map(_NUMBERS.__getitem__, variants))
        self.sizes.extend(map(_size, statuses))
        for column, numbers in zip(self._of_stamps(), STAMPED, strict=True):
            column.extend(map(numbers, statuses))

    def _of_stamps(self) -> tuple[array[int], ...]:
        return self._devices, self.inodes, self.modified, self.changed

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, row: int) -> LocalFile: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[LocalFile]: ...

    def __getitem__(self, row: int | slice) -> LocalFile | Sequence[LocalFile]:
        if isinstance(row, slice):
            return [self[at] for at in range(*row.indices(len(self)))]
        row = range(len(self))[row]
        stamp = stamp_with((self._devices[row], self.inodes[row], self.modified[row], self.changed[row]))
        return LocalFile(self.keys[row], self.path(row), self.sizes[row], _VARIANTS[self._variants[row]], stamp)

    def __iter__(self) -> Iterator[LocalFile]:
        return map(self.__getitem__, range(len(self)))

    def path(self, row: int) -> str:
        """Where that file lies (see ``LocalFile.real``)."""
        name = self._names.get(row) or self.keys[row].rpartition("/")[2]
        return f"{self._paths[self._folder_of[row]]}/{name}"

    def names(self, rows: Sequence[int]) -> list[str]:
        """The names of these files in their folders."""
        names = list(map(itemgetter(2), map(str.rpartition, map(self.keys.__getitem__, rows), repeat("/"))))
        if self._names:
            names = [self._names.get(row, name) for row, name in zip(rows, names, strict=True)]
        return names

    def by_folder(self) -> Iterator[tuple[str, array[int]]]:
        """Each folder, and the rows of the files in it."""
        folder_of = self._folder_of.__getitem__
        for number, rows in groupby(sorted(range(len(self)), key=folder_of), folder_of):
            yield self._paths[number], array("I", rows)


class ByKey(Mapping[str, LocalFile]):
    """``files`` by key; of several with one key the last."""

    def __init__(self, files: LocalFiles) -> None:
        self.files = files

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {key: row for row, key in enumerate(self.files.keys)}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __getitem__(self, key: str) -> LocalFile:
        return self.files[self._rows[key]]


class Reading:
    """What goes wrong while ``local`` is opened and read, as ``GalleryInvalid``. (These two are classes because a
    generator costs as much as opening the file.)"""

    __slots__ = ("_local",)

    def __init__(self, local: LocalFile) -> None:
        self._local = local

    def __enter__(self) -> LocalFile:
        return self._local

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and (told := _as_told(self._local, error)):
            raise told from None


class Opened:
    """A descriptor of ``local``, to be read from; not through a link that took its place, nor waiting for a pipe.

    Raises ``GalleryInvalid`` when it vanished, changed its size or was replaced since it was found.
    """

    __slots__ = ("_descriptor", "_reading")

    def __init__(self, local: LocalFile) -> None:
        self._reading = Reading(local)

    def __enter__(self) -> int:
        with self._reading as local:
            self._descriptor = opened_descriptor(local)
        return self._descriptor

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        os.close(self._descriptor)
        self._reading.__exit__(kind, error, trace)


def opened_descriptor(local: LocalFile) -> int:
    """The same for who closes it. Raises what ``Reading`` is for, too."""
    descriptor = os.open(local.real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not_a_file(status) or not same_file(stamp_of(status), local.stamp):
            raise changed(local, "was replaced")
        if status.st_size != local.size:
            raise changed(local, "changed its size")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _as_told(local: LocalFile, error: BaseException) -> GalleryInvalid | None:
    """What ``error`` means for who reads ``local``, if anything."""
    if isinstance(error, FileNotFoundError):
        return changed(local, "vanished")
    if isinstance(error, MemoryError):
        return too_large(local)
    if isinstance(error, OSError):
        link = error.errno == errno.ELOOP
        return changed(local, "was replaced by a link" if link else f"cannot be read ({error.strerror})")
    return None


def read_file(local: LocalFile) -> bytes:
    """The bytes of ``local``. Raises as ``Opened`` does."""
    with Opened(local) as descriptor:
        content = _read(descriptor, local.size)
    if len(content) != local.size:
        raise changed(local, "changed its size")
    return content


def _read(descriptor: int, size: int) -> bytes:
    """``size`` bytes, fewer if the file ends before. A file object would cost more than reading a thumbnail."""
    content = os.read(descriptor, size)
    while len(content) < size and (more := os.read(descriptor, size - len(content))):
        content += more
    return content


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """The bytes of ``file``, whose SHA-256 (hex) is known, left on the disk: a large document is needed twice, if at
    all, with much in memory between."""

    file: LocalFile
    sha256: str

    def __len__(self) -> int:
        return self.file.size

    def read(self) -> bytes:
        """The bytes. Raises ``GalleryInvalid`` where the file is not as it was."""
        body = read_file(self.file)
        if hashlib.sha256(body).hexdigest() != self.sha256:
            raise changed(self.file, "was written to")
        return body


def usable(found: Found) -> Found:
    """``found`` if it is a regular file that may be read; raises ``Refused`` otherwise."""
    if problem := not_a_file(found.status):
        raise Refused(problem)
    if found.status.st_size > LARGEST:
        size = found.status.st_size / (1 << 30)
        raise Refused(f"has {size:.1f} GiB; S3 takes at most {LARGEST >> 30} GiB in one upload")
    if found.status.st_mode & _READABLE_BY_ALL != _READABLE_BY_ALL and not os.access(found.path, os.R_OK):
        raise Refused("may not be read (its permissions)")
    return found


def not_plain(statuses: Sequence[os.stat_result | None]) -> Sequence[int]:
    """The places of those that are not the status of a regular file of which ``usable`` finds nothing to say, nor needs
    to ask."""
    # one look at each kind of file is enough where nothing is missing
    if all(statuses) and all(map(_is_plain, set(map(_mode, statuses)), repeat(max(map(_size, statuses), default=0)))):
        return ()
    return [at for at, it in enumerate(statuses) if it is None or not _is_plain(it.st_mode, it.st_size)]


def _is_plain(mode: int, size: int) -> bool:
    return stat.S_ISREG(mode) and size <= LARGEST and mode & _READABLE_BY_ALL == _READABLE_BY_ALL


def local_file(key: str, found: Found, variant: Variant | None = None) -> LocalFile:
    """``found`` as the file to publish under ``key``."""
    status = found.status
    return LocalFile(key, found.path, status.st_size, variant, stamp_of(status))


def folder_option(fence: Workspace, folder: Path, option: str) -> str:
    """The real path of ``folder``, which the option named ``option`` gave."""
    try:
        real = fence.folder(str(Path.cwd() / folder))
    except Absent:
        problem = "does not exist"
    except Refused as refusal:
        problem = str(refusal)
    else:
        if Path(real).is_dir():
            return real
        problem = "is not a folder"
    raise GalleryInvalid(
        f"The folder {shown(fence.name(folder))} {problem}.",
        hint=f"Check the option {option}; paths are relative to the workspace.",
    )


def too_large(local: LocalFile) -> GalleryInvalid:
    """The error for a file that there is no memory for."""
    return GalleryInvalid(
        f"The file for {shown(local.key)} ({local.size / (1 << 30):.1f} GiB) does not fit into the memory of this "
        "machine.",
        hint="Make it smaller, leave it out, or use a machine with more memory.",
    )


def changed(local: LocalFile, what: str) -> GalleryInvalid:
    """The error for a file that is not the found one any more; ``what`` happened to it."""
    return GalleryInvalid(
        f"The file for {shown(local.key)} {what} since the plan was made.",
        hint="Something else writes to the workspace. Run again when it has finished.",
    )
