"""The workspace as a fence: which files below it may be published.

Symbolic links are normal in a gallery and anything but normal in a pull request: one that leads to the runner's own
files would publish them. So every path is resolved, and in CI only what lies inside the workspace for real is used. On
a terminal the folders that the user named are theirs, and so is whatever their links lead to: Galleria links to the
originals where they are.

Hidden folders and git's own are never entered through a link, wherever it is.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from galleria_action.values import dataclass

#: As many as Linux follows (path_resolution(7)).
_MAX_LINKS = 40
#: The one hidden folder that belongs to a site (RFC 8615).
_PUBLIC_HIDDEN = ".well-known"
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
    an earlier step of the job made name that path. Where it is not ``bounded``, links may lead out of it.
    """

    def __init__(self, root: Path, outside: str | None = None, *, bounded: bool = True) -> None:
        self.root = os.path.realpath(root)
        self._bounded = bounded
        self._outside = outside.rstrip("/") + "/" if outside else None
        self._inside = self.root.rstrip("/") + "/"
        self._folders: dict[str, str | Absent | Refused] = {}

    def name(self, path: str | Path) -> str:
        """``path`` as the user knows it: relative to the workspace where possible."""
        return str(path).removeprefix(self._inside)

    def lies_below(self, folder: str) -> bool:
        """Whether ``folder``, a real path, holds the workspace and everything around it."""
        return self._inside.startswith(folder.rstrip("/") + "/") and folder != self.root

    def find(self, path: str) -> Found:
        """Resolve ``path`` (absolute) without opening anything.

        Raises ``Absent`` when there is nothing and ``Refused`` when it leads out of a bounded workspace, in a circle,
        into a hidden folder or git's own, or may not be looked at.
        """
        link, asked = None, path
        for _ in range(_MAX_LINKS):
            folder, _, name = path.rpartition("/")
            if name in ("", ".", ".."):
                path = self.folder(path, asked)
                return Found(path, _ask(os.lstat, path))
            try:
                folder = self.folder(folder or "/", asked)
                path = f"{folder.rstrip('/')}/{name}"
                status = _ask(os.lstat, path)
            except Absent:
                raise _dangling(link) if link else Absent() from None
            if not stat.S_ISLNK(status.st_mode):
                if link and is_hidden(name):
                    raise Refused(f"is a symbolic link to the hidden file {name!r:.80}, which is not published")
                return Found(path, status)
            target = _ask(os.readlink, path)
            link = link or target
            path = self._here(target) if target.startswith("/") else f"{folder}/{target}"
        raise Refused("is a symbolic link that leads in a circle")

    def folder(self, path: str, asked: str | None = None) -> str:
        """``path``, a folder, without any link in it. Raises as ``find`` does. ``asked`` is the path that led to it,
        whose own hidden folders are no secret."""
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = self._resolve(path)
        if isinstance(known, str):
            if "/." in known:
                self._refuse_hidden(known, asked or path)
            return known
        # A new one each time: an exception grows with every raise.
        raise type(known)(*known.args)

    def _refuse_hidden(self, real: str, asked: str) -> None:
        inner, named = self._parts_beyond(real), asked.split("/")
        hidden = next((part for part in inner if is_hidden(part) and part not in named), None)
        if hidden and not _is_annex(inner):
            raise Refused(f"leads into the hidden folder {hidden!r:.80}, from where nothing is published")

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
        return self._refusal(real) or real

    def _refusal(self, real: str) -> Refused | None:
        """Why nothing of the folder ``real`` may be published."""
        inside = real == self.root or real.startswith(self._inside)
        if not inside and self._bounded:
            return Refused("leads out of the workspace, from where nothing is published")
        inner = [part.lower() for part in self._parts_beyond(real)]
        if ".git" in inner and not _is_annex(inner):
            return Refused("leads into git's own folder, from where nothing is published")
        return None

    def _parts_beyond(self, real: str) -> list[str]:
        """The names of the folders from the workspace, or from where the paths part, to ``real``."""
        return real[len(os.path.commonpath([self.root, real])) :].strip("/").split("/")


def _is_annex(parts: list[str]) -> bool:
    """Whether this is where git-annex keeps the photos themselves, in git's folder with the token of the checkout."""
    lower = [part.lower() for part in parts]
    return ".git" in lower and lower[lower.index(".git") + 1 :][:2] == ["annex", "objects"]


def leads_to(path: Path) -> Path:
    """Where ``path`` leads, as far as it leads anywhere: links in a circle are left for whoever opens it, where
    ``Path.resolve`` of Python before 3.13 raises ``RuntimeError``."""
    return Path(os.path.realpath(path))


def is_hidden(name: str) -> bool:
    """Whether ``name`` is that of a hidden file or folder."""
    return name.startswith(".") and name != _PUBLIC_HIDDEN


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


def _dangling(target: str) -> Absent | Refused:
    if re.search(r"[/\\]annex[/\\]objects[/\\]", target):
        return Refused("is a link of git-annex to content that is not here; run `git annex get` before")
    advice = "; make links relative: in a container the workspace lies elsewhere" if target.startswith("/") else ""
    return Absent(f"is a symbolic link to {target!r:.80}, which does not exist here{advice}")
