"""The local files of a gallery: found, checked and read without ever leaving the workspace.

Finding opens nothing, so that a pipe or a device cannot hang it; reading makes sure that the file is still the one
that was found.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Found, Refused, Workspace, not_a_file
from galleria_action.gallery.local.stamp import same_file, stamp_of
from galleria_action.gallery.metadata.model import Variant
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


@contextmanager
def opened(local: LocalFile) -> Iterator[int]:
    """A descriptor of ``local``, to be read from; not through a link that took its place, nor waiting for a pipe.

    Raises ``GalleryInvalid`` when it vanished, changed its size or was replaced since it was found.
    """
    with reading(local):
        descriptor = opened_descriptor(local)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def opened_descriptor(local: LocalFile) -> int:
    """The same for who closes it. Raises what ``reading`` is for, too."""
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


@contextmanager
def reading(local: LocalFile) -> Iterator[None]:
    """What goes wrong while ``local`` is opened and read, as ``GalleryInvalid``."""
    try:
        yield
    except FileNotFoundError:
        raise changed(local, "vanished") from None
    except MemoryError:
        raise too_large(local) from None
    except OSError as error:
        what = "was replaced by a link" if error.errno == errno.ELOOP else f"cannot be read ({error.strerror})"
        raise changed(local, what) from None


def read_file(local: LocalFile) -> bytes:
    """The bytes of ``local``. Raises as ``opened`` does."""
    with opened(local) as descriptor:
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
