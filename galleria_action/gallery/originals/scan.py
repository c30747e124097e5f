"""The photos below a folder, found: every file ends as a photo or is named with the reason why not.

Names may be as odd as disks permit; content decides what a file is. Nothing is read here but a file's first bytes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path, PurePosixPath

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Absent, Refused, Workspace, not_a_file
from galleria_action.gallery.local.content import pointer_problem
from galleria_action.gallery.local.files import folder_option
from galleria_action.gallery.media import is_photo_or_video
from galleria_action.gallery.originals.kinds import HEAD, Kind, kind_of, stand_in
from galleria_action.gallery.wording import shown
from galleria_action.leftovers import HELD_BACK, held_back
from galleria_action.values import dataclass

MAX_ENTRIES = 1_000_000
#: leftovers of desktops, NAS boxes and disks, compared without regard to case
_JUNK = frozenset(
    {
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",
        "@eadir",
        "lost+found",
        "$recycle.bin",
        "__macosx",
        "#recycle",
    }
)
#: TIFF inside, but only a raw converter makes a picture of it
_RAW = (
    frozenset(("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "fff", "iiq", "kdc", "mef", "mos", "mrw", "nef"))
    | frozenset(("nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"))
)  # fmt: skip
#: what a file with such an extension has to be
_PROCESSED = frozenset(("jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "heic", "heif", "hif", "avif"))


class Stamp(tuple[int, int, int, int]):
    """Size, times of content and inode, and number of a file: equal as long as nobody touched it."""

    __slots__ = ()

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """The stamp of the file that ``status`` describes."""
        return cls((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))

    def same_content(self, other: Stamp) -> bool:
        """Whether only the inode was touched between the two: a link to it was made or removed."""
        return (self[0], self[1], self[3]) == (other[0], other[1], other[3])


@dataclass(frozen=True, slots=True)
class Original:
    """A photo on disk. ``path`` is relative to the folder that was scanned, with ``/``; ``real`` absolute and free of
    links; both may hold bytes that are not UTF-8 (surrogates)."""

    path: str
    real: str
    kind: Kind
    stamp: Stamp

    @property
    def size(self) -> int:
        """In bytes."""
        return self.stamp[0]

    @property
    def stem(self) -> str:
        """The file's name without its extension."""
        return PurePosixPath(self.path).stem

    @property
    def folder(self) -> str:
        """The folder in the tree, empty at its top."""
        return self.path.rpartition("/")[0]


class Why(StrEnum):
    """Why a file is not among the photos."""

    DAMAGED = "damaged"
    """It should be a photo and is not."""
    UNSUPPORTED = "unsupported"
    """A picture or video in a format that we do not process."""
    OTHER = "other"
    """Neither picture nor video: no harm that it is left out."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not among the photos. ``text`` completes a sentence that begins with its name."""

    path: str
    why: Why
    text: str


@dataclass(frozen=True, slots=True)
class Scan:
    """``originals`` and ``left_out`` sorted by path; together every file below the folder that is not hidden."""

    originals: tuple[Original, ...]
    left_out: tuple[LeftOut, ...]


def scan_originals(folder: Path, fence: Workspace, option: str, exclude: tuple[Path, ...] = ()) -> Scan:
    """Look at every file below ``folder``, which the option named ``option`` gave and which must lie inside ``fence``.

    ``exclude`` are folders that are passed over, such as the one where the results go. Raises ``GalleryInvalid`` when
    the folder is missing or has no end.
    """
    top = folder_option(fence, folder, option)
    passed_over = frozenset(os.path.realpath(path) for path in exclude)
    originals: list[Original] = []
    left_out: list[LeftOut] = []
    for number, (path, outcome) in enumerate(_files(top, fence, passed_over), 1):
        if number > MAX_ENTRIES:
            raise GalleryInvalid(
                f"There are more than {MAX_ENTRIES:,} files below {shown(fence.name(folder))}.",
                hint="Links may lead in circles; point the option to the folder with the photos only.",
            )
        if isinstance(outcome, Refused):
            left_out.append(LeftOut(path, Why.DAMAGED, str(outcome)))
        else:
            _sort_in(path, outcome, originals, left_out)
    key = _by_path
    return Scan(tuple(sorted(originals, key=key)), tuple(sorted(left_out, key=key)))


def _by_path(item: Original | LeftOut) -> list[str]:
    return item.path.split("/")


def _sort_in(path: str, real: str, originals: list[Original], left_out: list[LeftOut]) -> None:
    extension = PurePosixPath(path).suffix[1:].lower()
    try:
        stamp, head = _look(real)
    except OSError as error:
        left_out.append(LeftOut(path, Why.DAMAGED, f"cannot be read ({error.strerror})"))
        return
    kind = kind_of(head)
    if extension in _RAW:
        left_out.append(LeftOut(path, Why.UNSUPPORTED, "is a raw file; export it as JPEG first"))
    elif kind:
        originals.append(Original(path, real, kind, stamp))
    elif extension in _PROCESSED:
        left_out.append(LeftOut(path, Why.DAMAGED, pointer_problem(head, stamp[0]) or f"holds {stand_in(head)}"))
    elif is_photo_or_video(path):
        left_out.append(LeftOut(path, Why.UNSUPPORTED, f"is of a format that is not processed ({extension})"))
    else:
        left_out.append(LeftOut(path, Why.OTHER, "is neither a picture nor a video"))


def _look(real: str) -> tuple[Stamp, bytes]:
    """Stamp and first bytes of a regular file. Raises ``OSError``."""
    descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return Stamp.of(os.fstat(descriptor)), os.read(descriptor, HEAD)
    finally:
        os.close(descriptor)


def _files(top: str, fence: Workspace, passed_over: frozenset[str]) -> Iterator[tuple[str, str | Refused]]:
    """Path and real path of every file that is not hidden, or why it cannot be used."""
    waiting = [(top, "", frozenset[str]())]
    while waiting:
        folder, prefix, above = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                inside = list(entries)
        except OSError as error:
            yield prefix.rstrip("/") or ".", Refused(f"is a folder that cannot be read ({error.strerror})")
            continue
        for entry in inside:
            if is_photo_or_video(absent := held_back(entry.name)):
                yield prefix + entry.name, Refused(HELD_BACK.format(shown(absent)))
                continue
            if entry.name.startswith(".") or entry.name.lower() in _JUNK:
                continue
            path = prefix + entry.name
            try:
                real, status = _find(entry, fence)
            except Refused as refusal:
                yield path, refusal
                continue
            if not stat.S_ISDIR(status.st_mode):
                problem = not_a_file(status)
                yield path, Refused(problem) if problem else real
            elif real in above or real == folder:
                yield path, Refused("is a symbolic link that leads in a circle")
            elif real not in passed_over:
                waiting.append((real, path + "/", above | {folder}))


def _find(entry: os.DirEntry[str], fence: Workspace) -> tuple[str, os.stat_result]:
    """Real path and status of ``entry``. Raises ``Refused``."""
    with suppress(OSError):
        if not entry.is_symlink():
            return entry.path, entry.stat(follow_symlinks=False)
        try:
            found = fence.find(entry.path)
        except Absent as absence:
            raise Refused(str(absence) or "is not there any more") from None
        return found.path, found.status
    raise Refused("cannot be looked at")
