"""Writes files into the workspace so that later steps can use them and nothing outside is ever touched."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from galleria_action.errors import ConfigInvalid

#: what git believes to be its own must not come from a report
_REPOSITORY = ".git"


class Unwritable(ConfigInvalid):
    """A report has no place to go: a full disk, a file system that is read-only, a folder of somebody else."""


def write_file(workspace: Path, path: str | Path, body: bytes, *, follow: bool = False) -> str:
    """Write ``body`` to ``path`` in ``workspace`` and return the path relative to it, with slashes.

    Missing folders are made. The file appears whole or not at all, replaces a symlink instead of following it, and,
    when we are root (as in a container action), gets the owner of the workspace: the runner's next checkout could
    not remove root's files. A pipe or device is written to and stays what it is; with ``follow`` also through a link
    (``/dev/stdout`` is one), without it such a link is refused.

    Raises ``ConfigInvalid`` when ``path`` leads out of the workspace, by ``..``, absolutely or through a symlink, or
    into a repository's own files, and ``Unwritable`` when it cannot be written.
    """
    try:
        root = workspace.resolve(strict=True)
        wanted = root / path
        folder = wanted.parent.resolve()
        if not folder.is_relative_to(root) or wanted.name in ("", ".."):
            raise ConfigInvalid(
                f"{str(path)!r} is outside of the workspace, where nothing may be written",
                hint=f"Give a path inside {str(workspace)!r}; other folders are not visible to later steps.",
            )
        target = folder / wanted.name
        if any(part.casefold() == _REPOSITORY for part in target.relative_to(root).parts):
            raise ConfigInvalid(f"{str(path)!r} is one of git's own files, which nothing here may write")
        if _is_special(target, follow=follow):
            _write_through(target, body)
        else:
            _make_folders(root, folder)
            _replace(root, target, body)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unwritable(
            f"{str(path)!r} cannot be written: {reason}.", hint="Name a file in a folder that may be written to."
        ) from error
    return target.relative_to(root).as_posix()


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


def _is_special(path: Path, *, follow: bool) -> bool:
    """Whether ``path`` is a pipe, device or socket, itself or, with ``follow``, where it leads to."""
    try:
        itself = path.lstat().st_mode
        leads_to = path.stat().st_mode
    except OSError:
        return False  # nothing there, or a link to nothing
    if stat.S_ISREG(leads_to) or stat.S_ISDIR(leads_to):
        return False
    if stat.S_ISLNK(itself) and not follow:
        raise ConfigInvalid(f"{str(path)!r} is a link to a device or pipe, which is not followed")
    return True


def _write_through(path: Path, body: bytes) -> None:
    """Into a pipe or device. One that nobody reads is an error, instead of a wait without end."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)


def _make_folders(root: Path, folder: Path) -> None:
    missing = [parent for parent in (folder, *folder.parents) if parent.is_relative_to(root) and not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            owner = root.stat()
            os.chown(parent, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _replace(root: Path, path: Path, body: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".galleria-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            os.fchmod(file.fileno(), 0o644)
            if os.geteuid() == 0:
                owner = root.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
