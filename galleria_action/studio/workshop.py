"""The hidden folder beside the gallery's files, where pictures wait until their photos have names."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from galleria_action.errors import ConfigInvalid, GalleryInvalid
from galleria_action.gallery.wording import shown
from galleria_action.studio.ledger import Ledger
from galleria_action.values import dataclass

FOLDER = ".studio"
#: in the gallery's folder
FOLDERS = ("full", "web", "thumb", "avif")
LEDGER = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Workshop:
    """``source`` is the gallery's folder, ``made`` where its pictures wait."""

    source: Path
    made: Path
    ledger: Ledger

    def clear(self) -> None:
        """Remove what waits: all of it has found its place."""
        for path in self.made.iterdir():
            path.unlink()


@contextmanager
def open_workshop(source: Path) -> Iterator[Workshop]:
    """The workshop of the gallery in ``source`` (made if need be), for one run at a time.

    Raises ``ConfigInvalid`` when the folder cannot be written to, or another run is at work in it, ``GalleryInvalid``
    when the disk refuses what is written there later.
    """
    folder = source / FOLDER
    try:
        for name in FOLDERS:
            own_folder(source / name)
        made = own_folder(own_folder(folder) / "made")
        made.mkdir(parents=True, exist_ok=True)
        # a link among our own files is nobody's but a stranger's
        for path in (*folder.iterdir(), *made.iterdir()):
            if path.is_symlink():
                path.unlink()
        # not to be committed: made anew, or restored by a cache
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
        lock = (folder / "lock").open("wb")
    except OSError as error:
        raise ConfigInvalid(
            f"The folder {shown(str(source))} cannot be written to ({error.strerror}).",
            hint="Point the option source to where the gallery is to be made.",
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigInvalid(
                f"Another run is at work in {shown(str(source))}.", hint="Wait for it, or point source elsewhere."
            ) from None
        for draft in made.glob("*.tmp"):
            draft.unlink(missing_ok=True)
        ledger = Ledger.read(folder / LEDGER)
        try:
            try:
                yield Workshop(source, made, ledger)
            finally:
                ledger.close()
        except OSError as error:
            raise unwritable(error.filename or folder, error.strerror) from None


def unwritable(path: object, why: str | None) -> GalleryInvalid:
    """The error for a file of ours that the disk does not take."""
    return GalleryInvalid(
        f"The gallery's files could not be written: {shown(str(path))} ({why}).",
        hint="Is the disk full, or the folder read-only? Run again: what is made already is kept.",
    )


def own_folder(folder: Path) -> Path:
    """``folder``, which is for what we make alone. Raises ``ConfigInvalid`` where a link stands in its place: it may
    lead anywhere, and a pull request can bring it."""
    if folder.is_symlink():
        raise ConfigInvalid(
            f"{shown(str(folder))} is a link. What is made here goes into folders of its own, and through no link.",
            hint="Remove the link; the folder is made when it is needed.",
        )
    return folder


def link_or_copy(original: Path, target: Path) -> None:
    """Put the bytes of ``original`` at ``target``, whole or not at all; by a hard link where the disk can.

    Raises ``OSError``.
    """
    draft = target.with_name(f".{target.name}.tmp")
    draft.unlink(missing_ok=True)
    try:
        draft.hardlink_to(original)
    except OSError:
        shutil.copyfile(original, draft)
    try:
        # of two links to the same file, rename would leave both
        if target.exists() and draft.samefile(target):
            draft.unlink()
        else:
            draft.replace(target)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
