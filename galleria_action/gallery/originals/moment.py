"""When a photo was taken, and how we know: the camera's own words first, the file's name last, never a clock.

Sources: Exif 2.31 (dates with blanks or zeros are unknown; SubSec is a decimal fraction), XMP specification part 1
(dates as ISO 8601).
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum

from galleria_action.values import dataclass


class TimeSource(StrEnum):
    """Where a time was read, from the most to the least trustworthy."""

    ORIGINAL = "exif"
    DIGITIZED = "exif-digitized"
    XMP = "xmp"
    NAME = "file-name"

    @property
    def of_the_camera(self) -> bool:
        """Whether the photo itself says so. A file's name may be the time of a download, or another zone's."""
        return self is not TimeSource.NAME


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time to the second, the digits behind it as the camera wrote them (``"05"`` is 0.05 s, ``""`` unknown),
    and the difference from UTC such as ``+02:00`` where it is known."""

    local: datetime
    fraction: str = ""
    zone: str | None = None
    source: TimeSource = TimeSource.ORIGINAL

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts moments of one clock; a fraction that is not known comes first. ``5`` and ``50`` are one fraction."""
        return self.local, self.fraction.rstrip("0")

    def shifted(self, hours: float) -> datetime:
        """The local time moved by ``hours``: a camera's clock put right."""
        return self.local + timedelta(hours=hours)


#: the first photograph; the other end leaves room for every shift
_FIRST_YEAR, _LAST_YEAR = 1826, 9000
_EXIF = re.compile(
    r"\s*([0-9]{4})[:/-]([0-9]{1,2})[:/-]([0-9]{1,2})[ T]+([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])"
)
_ISO = re.compile(
    r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9})[0-9]*)?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?\s*\Z"
)
_ZONE = re.compile(r"\s*([+-])([0-9]{2}):([0-9]{2})\s*\Z")
_IN_NAME = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([-_.]?)([0-9]{2})\2([0-9]{2})(?:[-_.T ]| at )?"
    r"([0-9]{2})([-_.:h]?)([0-9]{2})[-_.:m]?([0-9]{2})(?![0-9]{2}(?![0-9]))"
)


def exif_moment(date: str, fraction: str, zone: str, source: TimeSource) -> Moment | None:
    """The moment that three EXIF values say, or ``None`` when the date is empty, zero or on no calendar."""
    found = _EXIF.match(date)
    local = _on_calendar(*found.groups()) if found else None
    if local is None:
        return None
    digits = fraction.strip(" \0")
    return Moment(local, digits if re.fullmatch(r"[0-9]{1,9}", digits) else "", _zone(zone), source)


def xmp_moment(text: str) -> Moment | None:
    """The moment that an ISO 8601 text says, or ``None``; a date without a time is not one."""
    found = _ISO.match(text)
    if found is None:
        return None
    *fields, fraction, zone = found.groups()
    local = _on_calendar(*(part or "0" for part in fields))
    if local is None:
        return None
    offset = {None: "", "Z": "+00:00"}.get(zone, zone if zone is None or ":" in zone else f"{zone[:3]}:{zone[3:]}")
    return Moment(local, fraction or "", _zone(offset or ""), TimeSource.XMP)


def moment_in_name(name: str) -> Moment | None:
    """The full date and time in a file's name, such as ``20240615_143045``, or ``None``."""
    for found in _IN_NAME.finditer(name):
        year, _, month, day, hour, _, minute, second = found.groups()
        if local := _on_calendar(year, month, day, hour, minute, second):
            return Moment(local, source=TimeSource.NAME)
    return None


def _on_calendar(*fields: str) -> datetime | None:
    with suppress(ValueError):
        local = datetime(*map(int, fields))  # type: ignore[arg-type]
        return local if _FIRST_YEAR <= local.year <= _LAST_YEAR else None
    return None


def _zone(text: str) -> str | None:
    found = _ZONE.match(text.strip("\0"))
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    return f"{found[1]}{found[2]}:{found[3]}"
