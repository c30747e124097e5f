"""Folders whose files are published as they lie there: the site, and photos without metadata (directory mode)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Found, Refused, Workspace, is_hidden
from galleria_action.gallery.keys import MAX_KEY_BYTES, METADATA_KEY, folded, key_problem
from galleria_action.gallery.local.files import LocalFile, folder_option, local_file, usable
from galleria_action.gallery.local.patterns import Patterns
from galleria_action.gallery.media import is_photo_or_video
from galleria_action.gallery.metadata.findings import Findings
from galleria_action.gallery.wording import shown
from galleria_action.leftovers import HELD_BACK, held_back, is_leftover
from galleria_action.values import dataclass

#: Most files and folders that are looked at: links can make a small tree look endless.
MAX_ENTRIES = 1_000_000

_NO_PATTERNS = Patterns()


@dataclass(frozen=True, slots=True)
class Walk:
    """``files`` sorted by key; ``skipped`` the names, relative to the folder, of what is not published (a folder ends
    with a slash and stands for all that is in it); ``dangling`` what would have been published, but is a link that
    leads to nothing, with the reason."""

    files: tuple[LocalFile, ...]
    skipped: tuple[str, ...]
    dangling: tuple[str, ...] = ()


def walk_site(
    site: Path,
    fence: Workspace,
    exclude: Iterable[Path] = (),
    patterns: Patterns = _NO_PATTERNS,
    *,
    metadata: bool = False,
) -> Walk:
    """Every file below ``site``, under its path relative to it.

    Hidden files and folders (but ``.well-known``) and the leftovers of desktops are skipped, so that no ``.env`` is
    ever published. ``exclude`` are folders and files to leave out without a word: the photos and reports of our own,
    where they lie inside the site; ``patterns`` say what else to leave out. With ``metadata`` a
    ``gallery-metadata.json`` is a file like any other.

    Raises ``GalleryInvalid`` with every file that cannot be published: it leads out of the workspace, is not a regular
    file, may not be read, or its name is not a key.
    """
    own = METADATA_KEY if metadata else ""
    return _walk(site, fence, exclude, "site", prefix="", wanted=lambda _name: True, patterns=patterns, permitted=own)


def walk_photos(source: Path, fence: Workspace, exclude: Iterable[Path] = ()) -> Walk:
    """Every image and video below ``source``, under ``photos/`` and its path relative to it; all else is skipped.

    ``exclude`` and what is raised: as for ``walk_site``.
    """
    return _walk(source, fence, exclude, "source", prefix="photos/", wanted=is_photo_or_video, patterns=_NO_PATTERNS)


def _walk(
    top: Path,
    fence: Workspace,
    exclude: Iterable[Path],
    option: str,
    *,
    prefix: str,
    wanted: Callable[[str], bool],
    patterns: Patterns,
    permitted: str = "",
) -> Walk:
    left_out = frozenset(os.path.realpath(folder) for folder in exclude)
    scan = _Scan(fence, left_out, wanted, patterns, permitted)
    scan.run(folder_option(fence, top, option), prefix)
    if scan.findings.count:
        problems = "1 file" if scan.findings.count == 1 else f"{scan.findings.count:,} files"
        raise GalleryInvalid(
            f"{problems} below {shown(fence.name(top))} cannot be published; nothing was.",
            hint=f"Rename, replace or remove them, or point the option {option} elsewhere.",
            findings=scan.findings.located(None),
            problems=scan.findings.count,
        )
    files = sorted(scan.files, key=lambda file: file.key)
    return Walk(tuple(files), tuple(sorted(scan.skipped)), tuple(sorted(scan.dangling)))


class _Scan:
    """One walk, with what it has found so far."""

    def __init__(
        self,
        fence: Workspace,
        left_out: frozenset[str],
        wanted: Callable[[str], bool],
        patterns: Patterns,
        permitted: str,
    ) -> None:
        self.files: list[LocalFile] = []
        self.skipped: list[str] = []
        self.dangling: list[str] = []
        self.findings = Findings(None)
        self._fence = fence
        self._left_out = left_out
        self._wanted = wanted
        self._patterns = patterns
        self._permitted = permitted
        self._by_folded_key: dict[str, str] = {}

    def run(self, top: str, prefix: str) -> None:
        """Look at everything below ``top``, a real path; keys begin with ``prefix``."""
        entries = 0
        waiting = [_Folder(top, "", frozenset())]
        while waiting:
            folder = waiting.pop()
            for entry in self._read(folder):
                entries += 1
                if entries > MAX_ENTRIES:
                    self.findings.add(
                        f"there are more than {MAX_ENTRIES:,} files and folders; links may lead in circles"
                    )
                    return
                try:
                    inner = self._take(entry, folder, prefix)
                except Refused as refusal:
                    self.findings.add(f"{shown(self._fence.name(entry.path))} {refusal}")
                else:
                    waiting.extend(inner)

    def _read(self, folder: _Folder) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder.path) as entries:
                return list(entries)
        except OSError as error:
            self.findings.add(f"the folder {shown(self._fence.name(folder.path))} cannot be read ({error.strerror})")
            return []

    def _take(self, entry: os.DirEntry[str], folder: _Folder, prefix: str) -> list[_Folder]:
        """Take note of a file, or return the folder that ``entry`` is. Raises ``Refused``."""
        relative = folder.relative + entry.name
        if (absent := held_back(entry.name)) and self._is_published(folder.relative + absent):
            raise Refused(HELD_BACK.format(shown(absent)))
        if _is_left_out(entry):
            self.skipped.append(relative + "/" if entry.is_dir(follow_symlinks=False) else relative)
            return []
        try:
            found = self._find(entry)
        except Absent as absence:
            if self._is_published(relative):
                self.dangling.append(f"{shown(self._fence.name(entry.path))} {absence}")
            return []
        if found.path in self._left_out:
            return []
        if stat.S_ISDIR(found.status.st_mode):
            if self._fence.lies_below(found.path):
                raise Refused("leads to a folder around the workspace, which is not published as a whole")
            left_out = self._patterns.match(relative, folder=True)
            return [] if left_out else [folder.inner(found.path, relative)]
        if self._is_published(relative):
            self.files.append(local_file(self._sound_key(prefix + relative), usable(found)))
        return []

    def _is_published(self, relative: str) -> bool:
        """Whether the file ``relative`` is one to be published; notes what is skipped for its kind."""
        if self._patterns.match(relative, folder=False):
            return False
        if not self._wanted(relative):
            self.skipped.append(relative)
            return False
        return True

    def _find(self, entry: os.DirEntry[str]) -> Found:
        try:
            if entry.is_symlink():
                return self._fence.find(entry.path)
            return Found(entry.path, entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            raise Absent("vanished while it was looked at") from None
        except OSError as error:
            raise Refused(f"cannot be looked at ({error.strerror})") from None

    def _sound_key(self, key: str) -> str:
        try:
            key.encode()
        except UnicodeEncodeError:
            raise Refused("has a name that is not valid UTF-8") from None
        if key != self._permitted and (problem := key_problem(key)):
            raise Refused(f"cannot be a key: it {problem}")
        other = self._by_folded_key.setdefault(folded(key), key)
        if other != key:
            raise Refused(
                f"differs only by letter case or Unicode normalisation from {shown(other)}: many disks hold the two "
                "to be one"
            )
        return key


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder still to be read: its real path, its path from the top (with a slash at the end) and the real folders
    through which the walk came."""

    path: str
    relative: str
    above: frozenset[str]

    def inner(self, path: str, relative: str) -> _Folder:
        above = self.above | {self.path}
        if path in above:
            raise Refused("is a symbolic link that leads in a circle")
        if len(os.fsencode(relative)) > MAX_KEY_BYTES:
            raise Refused(f"lies too deep: its path has more than {MAX_KEY_BYTES:,} bytes")
        return _Folder(path, relative + "/", above)


def _is_left_out(entry: os.DirEntry[str]) -> bool:
    """Hidden, or what desktops and network disks leave behind."""
    return is_hidden(entry.name) or is_leftover(entry.name, folder=entry.is_dir(follow_symlinks=False))
