"""Where a run takes place, and what it may read and write there.

Every path that an option names goes through here. Where nobody watches, only what lies in the workspace for real is
read, and written is neither to hidden files and folders (what other programs obey: ``.git``, ``.github``, ``.npmrc``)
nor outside. On a terminal the folders that the user named are the user's; git's own files are written nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.fence import files
from galleria_action.fence.workspace import Workspace, leads_to
from galleria_action.values import dataclass

_GIT = ".git"


class Unwritable(ConfigInvalid):
    """A file has no place to go: a full disk, a file system that is read-only, a folder of somebody else."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run takes place.

    ``folder`` is the one that local files must not leave, ``outside`` its path outside of the container where we run
    in one. ``attended`` says that a person runs this, whose folders outside of ``folder`` are theirs.
    """

    folder: Path
    outside: str | None = None
    attended: bool = True

    def path(self, given: Path) -> Path:
        """A path from the options, relative to the folder unless absolute."""
        return self.folder / given

    def name(self, file: str) -> str:
        """The file whose absolute path is ``file``, as the user knows it: from the folder on where it lies in it."""
        path, home = Path(file), self.folder.resolve()
        return path.relative_to(home).as_posix() if path.is_relative_to(home) else file

    def fence(self, folder: Path, option: str) -> Workspace:
        """The fence around local files that are reached through ``folder``, which ``option`` gave.

        Raises ``ConfigInvalid`` for a folder outside where nobody watches: the container sees nothing else of the
        machine, and a pull request must not publish the runner's files.
        """
        if leads_to(folder).is_relative_to(leads_to(self.folder)):
            return Workspace(self.folder, self.outside, bounded=not self.attended)
        if self.attended:
            return Workspace(folder, bounded=False)
        text = f"{option}: {str(folder)!r} is outside of the workspace"
        raise ConfigInvalid(
            text,
            hint="Give a path relative to the repository's root. Other folders of the machine are not visible in the "
            "action's container.",
            findings=[Finding(text)],
        )

    def refusal(self, path: Path) -> ConfigInvalid | None:
        """Why nothing may be written to ``path``; ``None`` where something may, whether or not it can be."""
        try:
            with _told(path):
                self._spot(path)
        except Unwritable:
            return None
        except ConfigInvalid as refused:
            return refused
        return None

    def may_write_below(self, folder: Path, option: str) -> None:
        """Raise ``ConfigInvalid`` when nothing may be written below ``folder``, which ``option`` gave."""
        if refused := self.refusal(folder / "any"):
            text = f"{option}: {refused.message}"
            raise ConfigInvalid(text, hint=refused.hint, findings=[Finding(text)])

    def write(self, path: Path, body: bytes) -> str:
        """Write ``body`` to ``path`` and return that as later steps find it: with slashes, from the folder on.

        Missing folders are made. The file appears whole or not at all, replaces a link instead of following it, and,
        when we are root (as in a container action), gets the owner of the workspace: the runner's next checkout could
        not remove root's files. A pipe or device is written to and stays what it is; on a terminal also through a link.

        Raises ``ConfigInvalid`` for a path where nothing may be written, ``Unwritable`` where it cannot be.
        """
        with _told(path):
            spot = self._spot(path)
            if self.attended:
                with files.stream(spot.whole) as stream:
                    if stream is not None:
                        files.pour(stream, body)
                        return str(path)
            owner = spot.root.stat() if not self.attended else _nearest(spot.whole).stat()
            with files.reached(spot.root, spot.folders, owner) as folder:
                files.write(folder, spot.name, body, owner)
        return str(path) if self.attended else "/".join((*spot.folders, spot.name))

    def read(self, path: Path, most: int) -> bytes | None:
        """The bytes of the plain file at ``path``, ``None`` where there is nothing or a link.

        Raises ``ConfigInvalid`` for a path that nothing may be written to, and for what has more than ``most`` bytes,
        is no plain file or cannot be read.
        """
        with _told(path, "read"):
            spot = self._spot(path)
            try:
                with files.reached(spot.root, spot.folders) as folder:
                    if _is_link(spot.whole):
                        return None
                    return files.read(spot.name, most, folder, follow=False)
            except FileNotFoundError:
                return None

    def remove(self, path: Path) -> None:
        """Remove the plain file at ``path`` if it is there. Raises as ``write`` does."""
        with _told(path, "removed"), suppress(FileNotFoundError):
            spot = self._spot(path)
            with files.reached(spot.root, spot.folders) as folder:
                files.remove(folder, spot.name)

    def _spot(self, path: Path) -> _Spot:
        """Where ``path`` is for real. Raises ``ConfigInvalid`` where nothing may be written."""
        home = self.folder.resolve(strict=True)
        wanted = home / path
        if wanted.name in ("", ".."):
            raise IsADirectoryError(None, "it is a folder")
        parent = wanted.parent.resolve()
        root = Path(parent.anchor) if self.attended else home
        if not parent.is_relative_to(root):
            raise ConfigInvalid(
                f"{str(path)!r} is outside of the workspace, where nothing may be written",
                hint=f"Give a path inside {str(self.folder)!r}; other folders are not visible to later steps.",
            )
        spot = _Spot(root, parent.relative_to(root).parts, wanted.name)
        inner = [part.casefold() for part in (*spot.folders, spot.name)]
        if _GIT in inner:
            raise ConfigInvalid(f"{str(path)!r} is one of git's own files, which nothing here may write")
        if not self.attended and any(part.startswith(".") for part in inner):
            raise ConfigInvalid(
                f"{str(path)!r} is hidden or lies in a hidden folder, where nothing here may write",
                hint="Other programs obey hidden files. Give a path without a name that begins with a dot.",
            )
        return spot


@dataclass(frozen=True, slots=True)
class _Spot:
    """A file's place: ``folders`` lead from ``root`` to it, none of them a link."""

    root: Path
    folders: tuple[str, ...]
    name: str

    @property
    def whole(self) -> Path:
        return self.root.joinpath(*self.folders, self.name)


def _nearest(path: Path) -> Path:
    """The innermost folder around ``path`` that exists."""
    return next(folder for folder in path.parents if folder.exists())


def _is_link(path: Path) -> bool:
    return os.path.islink(path)  # noqa: PTH114 - Path.is_symlink raises for names that no file system takes


@contextmanager
def _told(path: Path, done: str = "written") -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unwritable(
            f"{str(path)!r} cannot be {done}: {reason}.", hint="Name a file in a folder that may be written to."
        ) from error


def outside_of(environ: Mapping[str, str]) -> str | None:
    """The workspace's path on the runner itself.

    The runner translates ``GITHUB_WORKSPACE`` for a container, but not ``RUNNER_WORKSPACE``, the folder above it
    (actions/runner, ContainerActionHandler); the workspace in it has the repository's name.
    """
    above, repository = environ.get("RUNNER_WORKSPACE"), environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    return f"{above}/{repository}" if above and repository else None
