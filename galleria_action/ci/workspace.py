"""Writes files into the workspace so that later steps can use them and nothing outside is ever touched."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from galleria_action.errors import ConfigInvalid


def write_file(workspace: Path, path: str | Path, body: bytes) -> str:
    """Write ``body`` to ``path`` in ``workspace`` and return the path relative to it, with slashes.

    Missing folders are made. The file appears whole or not at all, replaces a symlink instead of following it, and,
    when we are root (as in a container action), gets the owner of the workspace: the runner's next checkout could
    not remove root's files. Raises ``ConfigInvalid`` when ``path`` leads out of the workspace, by ``..``, absolutely
    or through a symlink, and when it cannot be written.
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
        _make_folders(root, folder)
        _replace(root, folder / wanted.name, body)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigInvalid(
            f"{str(path)!r} cannot be written: {reason}", hint="Name a file in a folder that may be written to."
        ) from error
    return (folder / wanted.name).relative_to(root).as_posix()


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
