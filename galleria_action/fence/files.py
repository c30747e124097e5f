"""Single files, reached from a folder step by step and without a link on the way: whoever swaps one of the folders for
a link after it was looked at leads nobody elsewhere.

What is no plain file is never replaced. A pipe or device is written to, and stays what it is.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

#: nobody but these file systems knows what a link in them leads to
_OF_THE_SYSTEM = ("/dev", "/proc", "/sys")
#: how long a reader of a pipe may let us wait for the next bytes
_PATIENCE_MILLISECONDS = 30_000
#: to be passed through only, where the system knows the difference
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_POUR = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Special(OSError):
    """There is something that is neither to be replaced nor to be written to; the text says what."""


@contextmanager
def reached(root: Path, folders: Sequence[str], owner: os.stat_result | None = None) -> Iterator[int]:
    """A descriptor of the folder below ``root``, a path without links, that ``folders`` lead to.

    With ``owner`` missing ones are made, and given to it when we are root: the runner's next checkout could not remove
    root's. Raises ``OSError``, ``NotADirectoryError`` among them for a link.
    """
    descriptor = os.open(root, _STEP)
    try:
        for name in folders:
            if owner:
                _make(name, descriptor, owner)
            inner = os.open(name, _STEP, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _make(name: str, folder: int, owner: os.stat_result) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
        if os.geteuid() == 0:
            os.chown(name, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)


def read(path: str | Path, most: int, folder: int | None = None, *, follow: bool = True) -> bytes:
    """The bytes of a plain file, ``most`` at most, without waiting for anybody.

    Raises ``ValueError`` for what is larger or no plain file, ``OSError`` for what cannot be read.
    """
    descriptor = os.open(path, _READ | (0 if follow else os.O_NOFOLLOW), dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Special("it is not a file")
        body = file.read(most + 1)
    if len(body) > most:
        raise ValueError(f"it is larger than {_told(most)}")
    return body


def _told(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def write(folder: int, name: str, body: bytes, owner: os.stat_result, draft: str = "") -> None:
    """Have ``name`` in ``folder`` hold ``body``: whole or not at all, in place of a link and not through it, and given
    to ``owner`` when we are root. Into a pipe or device it is poured. ``draft`` is what the file is called meanwhile.

    Raises ``Special`` for a folder or a link to a device, ``OSError`` for what cannot be written.
    """
    if _is_special(name, folder):
        descriptor = os.open(name, _POUR | os.O_NOFOLLOW, dir_fd=folder)
        with _closing(descriptor):
            pour(descriptor, body)
        return
    draft = draft or f".galleria-{os.urandom(8).hex()}"
    try:
        with os.fdopen(os.open(draft, _NEW, 0o600, dir_fd=folder), "wb") as file:
            file.write(body)
            os.fchmod(file.fileno(), 0o644)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        raise


def put(path: Path, body: bytes) -> None:
    """Write ``path``, whose folder is known to be ours alone, as ``write`` does; what a run leaves that is killed while
    it does so, the next one takes away. Raises as that does."""
    folder, draft = path.parent.resolve(), f".{path.name}.tmp"
    with reached(folder, ()) as descriptor:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=descriptor)
        write(descriptor, path.name, body, folder.stat(), draft)


def remove(folder: int, name: str) -> None:
    """Remove the plain file ``name`` from ``folder`` if it is there. Raises ``Special`` for anything else."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise Special("it is not a file")
        os.unlink(name, dir_fd=folder)


def _is_special(name: str, folder: int) -> bool:
    """Whether ``name`` is a pipe, device or socket. Raises ``Special`` for a link to one."""
    try:
        itself = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        leads_to = os.stat(name, dir_fd=folder).st_mode
    except OSError:
        return False  # nothing there, or a link to nothing
    if stat.S_ISREG(leads_to) or stat.S_ISDIR(leads_to):
        return False
    if stat.S_ISLNK(itself):
        raise Special("it is a link to a device or pipe, which is not followed")
    return _may_be_poured_into(leads_to)


def _may_be_poured_into(mode: int) -> bool:
    if stat.S_ISBLK(mode):
        raise Special("it is a disk")
    return True


@contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def pour(descriptor: int, body: bytes) -> None:
    """Write ``body`` to what is no plain file. One that nobody reads is an error, instead of a wait without end."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    left = memoryview(body)
    while left:
        if not waiting.poll(_PATIENCE_MILLISECONDS):
            raise TimeoutError(errno.ETIMEDOUT, "nobody reads it")
        left = left[os.write(descriptor, left) :]


@contextmanager
def stream(path: Path) -> Iterator[int | None]:
    """A descriptor of the stream, pipe or device that ``path`` is or leads to; ``None`` when it is none of these.

    A stream of our own (``/dev/stdout`` and ``/dev/fd`` are links to them) is that stream, also where it leads into a
    plain file: opened anew, that would be written from its beginning. Raises ``Special`` for another link of the
    system's, which is never replaced, and ``OSError``.
    """
    if (number := _own_stream(path)) is not None:
        descriptor = os.dup(number)
    elif not _leads_to_a_stream(path):
        yield None
        return
    else:
        descriptor = os.open(path, _POUR)
    with _closing(descriptor):
        yield descriptor


def _leads_to_a_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = stat.S_IFREG  # nothing there, or a link to nothing
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return _may_be_poured_into(mode)
    if path.is_symlink() and str(path.parent).startswith(_OF_THE_SYSTEM):
        raise Special("it is a link of the system, which is never replaced")
    return False


def _own_stream(path: Path) -> int | None:
    """The number of our own stream that ``path`` is a name of."""
    streams = {os.path.realpath(folder) for folder in ("/dev/fd", "/proc/self/fd")}
    for _ in range(40):
        folder = os.path.realpath(path.parent)
        if folder in streams and path.name.isdecimal():
            return int(path.name)
        if not path.is_symlink():
            return None
        path = Path(folder) / path.readlink()
    return None


def hand_over(workspace: Path, folder: Path) -> None:
    """Give everything in ``folder`` that is ours, and the folders above it, to the owner of the workspace, where we are
    root and that is somebody else: the runner's next checkout could not remove root's files. Links are not followed."""
    owner = workspace.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    inside = (Path(place, name) for place, folders, files in os.walk(folder) for name in (*folders, *files))
    above = (path for path in (folder, *folder.parents) if path.is_relative_to(workspace) and path.exists())
    for path in (*above, *inside):
        if path.lstat().st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
