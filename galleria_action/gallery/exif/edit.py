"""Correct the time in a photo and leave every other byte alone.

``edit_exif`` sets DateTimeOriginal (0x9003) and OffsetTimeOriginal (0x9011) in a JPEG's EXIF block, and can take the
position out for a public gallery. Pixels, MakerNote, thumbnail, colour profile, XMP, MPF pictures and gain maps stay
as they are. What cannot be written without touching something else is not written, and a warning says so.

Sources: CIPA DC-008-2016 (Exif 2.31), CIPA DC-007 (MPF), TIFF 6.0. See ``docs/exif.md``.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.containers import jpeg
from galleria_action.gallery.containers.jpeg import BytesLike, Damaged, Head, Patch, Segment
from galleria_action.gallery.containers.tiff import (
    DATE_TIME_ORIGINAL,
    MAIN_EXIF,
    OFFSET_TIME_ORIGINAL,
    Tiff,
    read_again,
    read_tiff,
)
from galleria_action.gallery.exif.check import only_intended_changes
from galleria_action.gallery.exif.makernote import refers_behind
from galleria_action.gallery.exif.times import has_date, new_block, says_all, write_times
from galleria_action.gallery.exif.untrue import what_stays_untrue
from galleria_action.gallery.metadata.model import KEEP_ORIGINAL_TIMEZONE
from galleria_action.gallery.metadata.timestamps import (
    EARLIEST_ZONE,
    LATEST_ZONE,
    NotAMoment,
    Timestamp,
    is_plain_moment,
    read_timestamp,
)
from galleria_action.gallery.position.files import WithoutPosition, without_position
from galleria_action.values import dataclass, field, replace


class Outcome(StrEnum):
    """What became of one photo's time. ``failed`` ones are what ``exif-errors: fail`` refuses."""

    EDITED = "edited"
    """All that was asked is in the file now."""
    UNCHANGED = "unchanged"
    """It was right already, or there was nothing to write."""
    INCOMPLETE = "incomplete"
    """Something that was asked could not be done without touching other data; the rest is done."""
    UNSUPPORTED = "unsupported"
    """Not a JPEG, so it got no time."""
    CORRUPT = "corrupt"
    """The file or its EXIF is damaged, so it got no time."""

    @property
    def failed(self) -> bool:
        """Whether the photo did not become what was asked."""
        return self not in (Outcome.EDITED, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class ExifEdit:
    """The result for one photo: ``data`` is the very object that was given when nothing ``changed``. ``rest`` is what
    follows it, where only the beginning of the photo was made anew.

    ``outcome`` and ``about_time`` (sentences for humans, without the photo's name) say what became of its time;
    ``position`` says what became of its position, where it was to go.
    """

    data: BytesLike
    changed: bool
    outcome: Outcome
    about_time: tuple[str, ...] = ()
    position: WithoutPosition | None = None
    rest: memoryview | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Everything that there is to say about the photo."""
        return self.about_time + (self.position.warnings if self.position else ())


def modify_exif_in_memory(
    image_bytes: bytes, corrected_timestamp: str | None, target_timezone_offset_hours: int
) -> bytes:
    """``image_bytes`` with DateTimeOriginal and OffsetTimeOriginal set; Galleria's name for the edit.

    Arguments as for ``edit_exif``. Corrupt and unsupported images come back unchanged.

    Raises ``GalleryInvalid`` for a timestamp or an offset that is none.
    """
    edit = edit_exif(image_bytes, corrected_timestamp, target_timezone_offset_hours)
    return edit.data if isinstance(edit.data, bytes) else bytes(edit.data)


def edit_exif(
    image: BytesLike, timestamp: datetime | str | None, offset_hours: int, *, strip_gps: bool = False
) -> ExifEdit:
    """Set the time of ``image`` losslessly, and with ``strip_gps`` remove the position.

    ``timestamp`` is the local time of the shot, a ``datetime`` or ISO 8601 such as ``2024-08-12T14:03:22``; fractions
    of a second are read over. ``None`` leaves the date alone. ``offset_hours`` is the difference from UTC in whole
    hours, daylight saving included, -12 to +14; 13 leaves the zone alone. A zone that the timestamp itself states
    (``+05:30``, ``Z``) wins over it.

    A date is never invented: without a timestamp, a photo that has no date gets no offset either.

    Raises ``GalleryInvalid`` for a timestamp or an offset that is none; never for anything in ``image``.
    """
    return _joined(edit_beginning(image, timestamp, offset_hours, strip_gps=strip_gps))


def edit_beginning(
    image: BytesLike,
    timestamp: datetime | str | None,
    offset_hours: int,
    *,
    strip_gps: bool = False,
    beyond: int = 0,
) -> ExifEdit:
    """The same without a copy of the picture: where only the time was set, ``data`` is the new beginning of the file,
    and ``rest`` a view of what follows in ``image``. Arguments and errors as of ``edit_exif``.

    ``image`` itself may be no more than the beginning, which ``beyond`` more bytes follow: what fails then may do with
    all of it.
    """
    wanted = _wanted_tags(timestamp, offset_hours)
    edit = _with_times(image, wanted, beyond) if wanted else ExifEdit(image, False, Outcome.UNCHANGED)
    if not strip_gps:
        return edit
    edit = _joined(edit)
    stripped = _without_position(edit)
    if edit.outcome is not Outcome.INCOMPLETE or stripped.data is edit.data:
        return stripped
    # what was in the way may be gone with the position
    return _without_position(_joined(_with_times(stripped.data, wanted)), stripped)


def _joined(edit: ExifEdit) -> ExifEdit:
    return edit if edit.rest is None else replace(edit, data=b"".join((edit.data, edit.rest)), rest=None)


def _with_times(image: BytesLike, wanted: Mapping[int, bytes], beyond: int = 0) -> ExifEdit:
    view = memoryview(image).cast("B")
    if foreign := jpeg.foreign_format(view):
        return ExifEdit(image, False, Outcome.UNSUPPORTED, (f"only JPEG gets its time, this is {foreign}",))
    try:
        draft = _draft(view, wanted, beyond=beyond)
    except Damaged as damage:
        return ExifEdit(image, False, Outcome.CORRUPT, (str(damage),))
    if not draft.patches:
        outcome = Outcome.INCOMPLETE if draft.problems else Outcome.UNCHANGED
        return ExifEdit(image, False, outcome, draft.warnings())
    cut = jpeg.end_of_beginning(view, draft.head)
    beginning, rest = jpeg.splice(view[:cut], draft.patches), view[cut:]
    if doubt := _doubt(view[:cut], draft, beginning, rest, wanted, beyond):
        return ExifEdit(image, False, Outcome.INCOMPLETE, (f"the edit was discarded: {doubt}",))
    draft.notes += what_stays_untrue(view, draft.head, draft.before, wanted)
    outcome = Outcome.INCOMPLETE if draft.problems else Outcome.EDITED
    return ExifEdit(beginning, True, outcome, draft.warnings(), rest=rest)


def _without_position(edit: ExifEdit, before: ExifEdit | None = None) -> ExifEdit:
    """The last step, so that what is looked through are the finished bytes. ``before`` is an earlier round."""
    clean = without_position(edit.data)
    changed = edit.changed or clean.data is not edit.data or before is not None
    outcome = Outcome.EDITED if changed and edit.outcome is Outcome.UNCHANGED else edit.outcome
    position = clean.after(before.position) if before and before.position else clean
    return replace(edit, data=clean.data, changed=changed, outcome=outcome, position=position)


def _wanted_tags(timestamp: datetime | str | None, offset_hours: int) -> dict[int, bytes]:
    """The tags to be written with their values; a zone that the timestamp states wins over ``offset_hours``."""
    wanted = {}
    offset = _offset_of_hours(offset_hours)
    if isinstance(timestamp, str) and is_plain_moment(timestamp):
        day, minute, second = timestamp[:10], timestamp[11:16], timestamp[16:19] or ":00"
        wanted[DATE_TIME_ORIGINAL] = f"{day.replace('-', ':')} {minute}{second}\0".encode()
    elif timestamp is not None:
        moment = _read(timestamp)
        at = moment.local
        wanted[DATE_TIME_ORIGINAL] = b"%04d:%02d:%02d %02d:%02d:%02d\0" % (
            at.year, at.month, at.day, at.hour, at.minute, at.second,
        )  # fmt: skip
        offset = offset if moment.zone is None else _offset(moment.zone)
    if offset is not None:
        wanted[OFFSET_TIME_ORIGINAL] = offset
    return wanted


def _offset(zone: timedelta) -> bytes:
    hours, minutes = divmod(abs(zone) // timedelta(minutes=1), 60)
    return b"%b%02d:%02d\0" % (b"-" if zone < timedelta() else b"+", hours, minutes)


_FIRST, _LAST = (zone // timedelta(hours=1) for zone in (EARLIEST_ZONE, LATEST_ZONE))
_OFFSETS: Mapping[float, bytes | None] = {
    hours: None if hours == KEEP_ORIGINAL_TIMEZONE else _offset(timedelta(hours=hours))
    for hours in range(_FIRST, _LAST + 1)
}


def _offset_of_hours(hours: int) -> bytes | None:
    if isinstance(hours, bool) or not isinstance(hours, int | float) or hours not in _OFFSETS:
        raise GalleryInvalid(
            f"The time zone offset {hours!r} is not a whole number of hours from -12 to 14.",
            hint=f"Give whole hours, or {KEEP_ORIGINAL_TIMEZONE} to leave the time zone as it is.",
        )
    return _OFFSETS[hours]


def _read(timestamp: datetime | str) -> Timestamp:
    try:
        return read_timestamp(timestamp)
    except NotAMoment as problem:
        raise GalleryInvalid(
            f"The timestamp {timestamp!r} {problem}.",
            hint="Write it as 2024-08-12T14:03:22, in the local time of the shot, with +05:30 behind it for its zone.",
        ) from None


@dataclass(slots=True)
class _Draft:
    """What is to be replaced in the file. ``problems`` fell short of what was asked, ``notes`` did not.

    ``before`` is the EXIF block that the patch replaces, for the check that follows.
    """

    head: Head
    patches: list[Patch] = field(default_factory=list)
    before: Tiff | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def warnings(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.problems, *self.notes]))

    def replace_block(self, segment: Segment, before: Tiff, after: bytes) -> None:
        if after != before.block:
            self.patches.append(Patch(segment.start, segment.end, jpeg.app1(jpeg.EXIF_HEADER + after)))
            self.before = before


_NO_DATE = "the photo has no date and none was given, so it got no time zone either"


def _draft(image: memoryview, wanted: Mapping[int, bytes], rest: BytesLike = b"", beyond: int = 0) -> _Draft:
    """What is to be done to ``image``, which ``rest`` follows and ``beyond`` more bytes."""
    head = jpeg.read_head(image)
    draft = _Draft(head)
    if head.exif:
        tiff = read_tiff(_block(image, head.exif[0]))
        _draft_first_block(draft, image, rest, beyond, head.exif[0], tiff, wanted)
    elif DATE_TIME_ORIGINAL in wanted:
        place = jpeg.place_for_exif(image, head)
        draft.patches.append(Patch(place, place, jpeg.app1(jpeg.EXIF_HEADER + new_block(wanted))))
    elif wanted:
        draft.notes.append(_NO_DATE)
    if len(head.exif) > 1 and wanted:
        draft.notes.append("the file has several EXIF segments; only the first one got the time")
    return draft


def _draft_first_block(
    draft: _Draft,
    image: memoryview,
    rest: BytesLike,
    beyond: int,
    segment: Segment,
    tiff: Tiff,
    wanted: Mapping[int, bytes],
) -> None:
    if wanted and DATE_TIME_ORIGINAL not in wanted and not has_date(tiff):
        draft.notes.append(_NO_DATE)
    elif wanted:
        written = write_times(
            tiff, wanted, lambda: _growth_refused(image, rest, beyond, draft.head, segment, tiff, wanted)
        )
        draft.problems += written.problems
        draft.replace_block(segment, tiff, written.block)


def _block(image: bytes | memoryview, segment: Segment) -> bytes:
    body = bytes(image[segment.body : segment.end])
    if segment.marker != jpeg.APP1 or not body.startswith(jpeg.EXIF_HEADER):
        raise Damaged("the EXIF header is damaged")
    return body[len(jpeg.EXIF_HEADER) :]


def _growth_refused(
    image: memoryview,
    rest: BytesLike,
    beyond: int,
    head: Head,
    segment: Segment,
    tiff: Tiff,
    wanted: Container[int],
) -> str | None:
    """Why a longer EXIF block would make something else in the file wrong."""
    overrun = tiff.usage.end() > len(tiff.block) and any(
        reference.end > len(tiff.block) and not (reference.path == MAIN_EXIF and reference.tag in wanted)
        for reference in tiff.references()
    )
    before = [it for it in head.segments if it.marker == jpeg.APP2 and it.start < segment.start]
    if any(jpeg.starts_with(image, it, jpeg.APP2, jpeg.MPF_HEADER) for it in before):
        return "the EXIF stands behind an index of further pictures (MPF), whose offsets would no longer be true"
    if tiff.unreadable or overrun:
        return "the EXIF refers to data beyond its own end, which must not move"
    whole = memoryview(b"".join((image, rest))) if rest else image
    if refers_behind(tiff, whole[segment.body + len(jpeg.EXIF_HEADER) :], beyond):
        return "the maker note refers to data behind the EXIF, which must not move"
    return None


def _doubt(
    image: memoryview, draft: _Draft, beginning: bytes, rest: memoryview, wanted: Mapping[int, bytes], beyond: int
) -> str | None:
    """Why ``beginning`` is not exactly what was asked to become of ``image``, each without the ``rest`` that follows;
    ``None`` when it is. The new block is read from what goes out, and no pixel is understood."""
    if not jpeg.same_elsewhere(image, draft.patches, beginning):
        return "bytes outside of the edited segments differ"
    try:
        block = _new_block(beginning, draft.patches[0])
        after = read_again(block, draft.before) if draft.before else read_tiff(block)
        if draft.before and not only_intended_changes(draft.before, after, wanted):
            return "other EXIF data would have changed"
        if not draft.problems:
            # nothing is left to a second edit, then
            return None if says_all(after, wanted) else "it would not say what was asked"
        again = _draft(memoryview(beginning), wanted, rest, beyond)
        if again.patches or not set(again.problems) <= set(draft.problems):
            return "a second edit would change it again"
    except Damaged as damage:
        return str(damage)
    return None


def _new_block(beginning: bytes, patch: Patch) -> bytes:
    """The block of the segment that stands where ``patch`` was to put one."""
    segment = jpeg.read_segment(beginning, patch.start)
    if segment.end != patch.start + len(patch.new):
        raise Damaged("the EXIF segment has another length than it says")
    return _block(beginning, segment)
