"""Put every picture where its photo's name says, and take away what stands there for photos that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from galleria_action.gallery.originals.scan import Original, Stamp
from galleria_action.studio.develop import made_name
from galleria_action.studio.gather import relative_place, where_made
from galleria_action.studio.record import Made, Record
from galleria_action.studio.workshop import FOLDERS, Workshop, link_or_copy, unwritable
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with its name, its record, and the originals that have its bytes, in the order of their paths."""

    name: str
    record: Record
    originals: tuple[Original, ...]

    @property
    def full_place(self) -> str:
        """Where the full file belongs, relative to the gallery's folder."""
        return f"full/{self.name}.{self.record.kind.value}"

    def places(self) -> Iterator[str]:
        """Where all files of the photo belong, relative to the gallery's folder."""
        yield self.full_place
        for made in self.record.made:
            yield relative_place(made, self.name)


def place(photos: Sequence[Photo], workshop: Workshop, names: Mapping[str, str]) -> int:
    """Put the files of ``photos`` in their places; return how many photos had one to be put there.

    ``names`` are those that photos had before, by SHA-256. A photo may take the name that another one had, so all that
    moves is in the workshop before the first file is replaced. Raises ``GalleryInvalid`` when the disk refuses.
    """
    try:
        for folder in FOLDERS:
            (workshop.source / folder).mkdir(exist_ok=True)
        moves = [(photo, made) for photo in photos for made in photo.record.made if not _stands(workshop, photo, made)]
        for photo, made in moves:
            _keep(workshop, photo.record, made, names.get(photo.record.sha256))
        for photo, made in moves:
            link_or_copy(_waiting(workshop, photo.record, made), workshop.source / relative_place(made, photo.name))
        missing = [photo for photo in photos if not _full_stands(workshop, photo)]
        for photo in missing:
            link_or_copy(Path(photo.originals[0].real), workshop.source / photo.full_place)
    except OSError as error:
        raise unwritable(error.filename, error.strerror) from None
    return len({photo.name for photo in (*missing, *(photo for photo, _ in moves))})


def clean_up(photos: Iterable[Photo], workshop: Workshop) -> int:
    """Remove the files that earlier runs put into the gallery and that belong to no photo now; return how many."""
    wanted = {path for photo in photos for path in photo.places()}
    gone = 0
    for path in workshop.ledger.files - wanted:
        with suppress(OSError):
            (workshop.source / path).unlink()
            gone += 1
    return gone


def settle(photos: Sequence[Photo], originals: Iterable[Original], workshop: Workshop) -> None:
    """Write the ledger anew, with the stamps that files have now that nothing touches them any more."""
    workshop.clear()
    stamps: dict[str, tuple[Stamp, str]] = {}

    def see(path: Path | str, sha256: str) -> None:
        with suppress(OSError):
            stamps[str(path)] = Stamp.of(Path(path).stat()), sha256

    for photo in photos:
        # a link to an original has changed the times of its inode, not its content
        for original in photo.originals:
            if (stamp := Stamp.of(Path(original.real).stat())).same_content(original.stamp):
                stamps[original.real] = stamp, photo.record.sha256
        see(workshop.source / photo.full_place, photo.record.sha256)
        for made in photo.record.made:
            see(workshop.source / relative_place(made, photo.name), made.sha256)
    wanted = {original.real for original in originals}
    others = {path: seen for path, seen in workshop.ledger.stamps.items() if path in wanted}
    files = (path for photo in photos for path in photo.places())
    workshop.ledger.settle((photo.record for photo in photos), others | stamps, files)


def _stands(workshop: Workshop, photo: Photo, made: Made) -> bool:
    return workshop.ledger.intact(workshop.source / relative_place(made, photo.name), made.size, made.sha256)


def _full_stands(workshop: Workshop, photo: Photo) -> bool:
    path = workshop.source / photo.full_place
    with suppress(OSError):
        status = path.lstat()
        if any((status.st_dev, status.st_ino) == identity(original) for original in photo.originals):
            return True
        original = photo.originals[0]
        return workshop.ledger.intact(path, original.size, photo.record.sha256)
    return False


def identity(original: Original) -> tuple[int, int]:
    """Device and number of an original's file."""
    status = Path(original.real).stat()
    return status.st_dev, status.st_ino


def _keep(workshop: Workshop, record: Record, made: Made, old_name: str | None) -> None:
    """See to it that a derived file is in the workshop under its own name."""
    waiting = _waiting(workshop, record, made)
    found = where_made(workshop, record, made, old_name)
    if found is None:
        raise FileNotFoundError(2, "vanished while we worked", str(waiting))
    if found != waiting:
        link_or_copy(found, waiting)


def _waiting(workshop: Workshop, record: Record, made: Made) -> Path:
    return workshop.made / made_name(record.sha256, record.fingerprint, made.variant, made.extension)
