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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import overload

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Found, Refused, Workspace, not_a_file
from galleria_action.gallery.local.stamp import STAMP_BYTES, same_file, stamp_of
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


class LocalFiles(Sequence[LocalFile]):
    """Files in the order in which they were added, in columns: there are hundreds of thousands, and most of them are
    looked at once. To whoever asks it is a sequence like any other, whose files are made when they are asked for.
    ``keys`` are theirs."""

    def __init__(self, files: Iterable[LocalFile] = ()) -> None:
        self.keys: list[str] = []
        self._sizes = array("q")
        self._stamps = bytearray()
        self._variants = bytearray()
        self._folders: dict[str, int] = {}
        self._paths: list[str] = []
        self._folder_of = array("L")
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
        self.add_found(file.key, self.folder(folder), file.size, file.variant, file.stamp)

    def folder(self, path: str) -> int:
        """What stands for the folder ``path``."""
        number = self._folders.get(path)
        if number is None:
            number = self._folders[path] = len(self._paths)
            self._paths.append(path)
        return number

    def add_found(self, key: str, folder: int, size: int, variant: Variant | None, stamp: bytes) -> None:
        """Add the file in ``folder`` that is called as its key ends; all else is as in ``LocalFile``."""
        self.keys.append(key)
        self._sizes.append(size)
        self._stamps += stamp
        self._variants.append(_NUMBERS[variant])
        self._folder_of.append(folder)

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
        variant = _VARIANTS[self._variants[row]]
        return LocalFile(self.keys[row], self.path(row), self._sizes[row], variant, self.stamp(row))

    def __iter__(self) -> Iterator[LocalFile]:
        return map(self.__getitem__, range(len(self)))

    def path(self, row: int) -> str:
        """Where that file lies (see ``LocalFile.real``)."""
        return f"{self._paths[self._folder_of[row]]}/{self.name(row)}"

    def name(self, row: int) -> str:
        """The name of that file in its folder."""
        return self._names.get(row) or self.keys[row].rpartition("/")[2]

    def size(self, row: int) -> int:
        """Bytes of that file."""
        return self._sizes[row]

    def stamp(self, row: int) -> bytes:
        """See ``LocalFile``."""
        return bytes(self._stamps[row * STAMP_BYTES : (row + 1) * STAMP_BYTES])

    def by_folder(self) -> Iterator[tuple[str, array[int]]]:
        """Each folder, and the rows of the files in it."""
        rows = [array("L") for _ in self._folders]
        for row, folder in enumerate(self._folder_of):
            rows[folder].append(row)
        return zip(self._folders, rows, strict=True)


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


def is_plain(status: os.stat_result) -> bool:
    """Whether this is the status of a regular file of which ``usable`` finds nothing to say, nor needs to ask."""
    mode = status.st_mode
    return stat.S_ISREG(mode) and status.st_size <= LARGEST and mode & _READABLE_BY_ALL == _READABLE_BY_ALL


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
