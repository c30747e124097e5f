"""The workspace as a fence: which files below it may be published.

Symbolic links are normal in a gallery and anything but normal in a pull request: one that leads to the runner's own
files would publish them. So every path is resolved, and only what lies inside the workspace for real is used.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from galleria_action.gallery.metadata.wording import shown

#: As many as Linux follows (path_resolution(7)).
_MAX_LINKS = 40
_NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})

T = TypeVar("T")


class Absent(Exception):
    """There is nothing at the path; ``link`` names the dangling link when there is one (the text says so)."""


class Refused(Exception):
    """There is something at the path, but it may not or cannot be published; the text says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path: where it really is, with no link in it, and its status."""

    path: str
    status: os.stat_result


class Workspace:
    """A folder and what of it may be published. Folders are resolved once, so that a file costs one or two system
    calls; an instance is for one look at a tree that does not change meanwhile.

    ``outside`` is the path of the same folder outside of the container. Galleria makes absolute links, and those that
    an earlier step of the job made name that path.
    """

    def __init__(self, root: Path, outside: str | None = None) -> None:
        self.root = os.path.realpath(root)
        self._outside = outside.rstrip("/") + "/" if outside else None
        self._inside = self.root.rstrip("/") + "/"
        self._folders: dict[str, str | Absent | Refused] = {}

    def name(self, path: str | Path) -> str:
        """``path`` as the user knows it: relative to the workspace where possible."""
        return str(path).removeprefix(self._inside)

    def find(self, path: str) -> Found:
        """Resolve ``path`` (absolute) without opening anything.

        Raises ``Absent`` when there is nothing and ``Refused`` when it leads out of the workspace, in a circle or
        into git's own folder, or may not be looked at.
        """
        link = None
        for _ in range(_MAX_LINKS):
            folder, _, name = path.rpartition("/")
            if name in ("", ".", ".."):
                path = self.folder(path)
                return Found(path, _ask(os.lstat, path))
            try:
                folder = self.folder(folder or "/")
                path = f"{folder.rstrip('/')}/{name}"
                status = _ask(os.lstat, path)
            except Absent:
                raise Absent(_dangling(link)) if link else Absent() from None
            if not stat.S_ISLNK(status.st_mode):
                if link and name.startswith("."):
                    raise Refused(f"is a symbolic link to the hidden file {shown(name)}, which is not published")
                return Found(path, status)
            target = _ask(os.readlink, path)
            link = link or target
            path = self._here(target) if target.startswith("/") else f"{folder}/{target}"
        raise Refused("is a symbolic link that leads in a circle")

    def folder(self, path: str) -> str:
        """``path``, a folder, without any link in it. Raises as ``find`` does."""
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = self._resolve(path)
        if isinstance(known, str):
            return known
        # A new one each time: an exception grows with every raise.
        raise type(known)(*known.args)

    def _here(self, target: str) -> str:
        """An absolute link's target as this side of the container's wall sees it."""
        if self._outside and target.startswith(self._outside):
            return self._inside + target[len(self._outside) :]
        return target

    def _linked(self, path: str) -> str:
        """``path`` with the first folder in it that is a link from outside replaced by what it means here."""
        place = Path(self.root)
        for part in path.removeprefix(self._inside).split("/"):
            place /= part
            if place.is_symlink() and (target := str(place.readlink())) != (here := self._here(target)):
                return here + path[len(str(place)) :]
        return path

    def _resolve(self, path: str, links: int = _MAX_LINKS) -> str | Absent | Refused:
        if self._outside and links and path.startswith(self._inside) and (here := self._linked(path)) != path:
            return self._resolve(here, links - 1)
        try:
            real = os.path.realpath(path, strict=True)
        except ValueError:
            return Absent()
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                return Absent()
            if error.errno == errno.ELOOP:
                return Refused("lies in a folder that is a symbolic link that leads in a circle")
            return Refused(f"lies in a folder that cannot be read ({error.strerror})")
        if real != self.root and not real.startswith(self._inside):
            return Refused("leads out of the workspace, from where nothing is published")
        inner = real[len(self._inside) :].lower().split("/")
        # git keeps the token of the checkout in its config; git-annex keeps the photos themselves in its objects.
        if ".git" in inner and inner[inner.index(".git") + 1 :][:2] != ["annex", "objects"]:
            return Refused("leads into git's own folder, from where nothing is published")
        return real


def not_a_file(status: os.stat_result) -> str | None:
    """What ``status`` is of, when it is not of a regular file, as the end of a sentence."""
    mode = status.st_mode
    if stat.S_ISREG(mode):
        return None
    kinds = (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISLNK, "a symbolic link"),
    )
    kind = next((name for test, name in kinds if test(mode)), "something unknown")
    return f"is {kind} instead of a file"


def _ask(question: Callable[[str], T], path: str) -> T:
    try:
        return question(path)
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            raise Absent() from None
        raise Refused(f"cannot be looked at ({error.strerror})") from None
    except ValueError:
        # A path that no file system takes: it holds a NUL or half a surrogate pair.
        raise Absent() from None


def _dangling(target: str) -> str:
    advice = "; make links relative: in a container the workspace lies elsewhere" if target.startswith("/") else ""
    return f"is a symbolic link to {shown(target)}, which does not exist here{advice}"
