"""``corrected_timestamp``: one judgement of what is a point in time, for checking a gallery and for editing photos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from galleria_action.expressions import expression
from galleria_action.values import dataclass

#: ISO 8601 as Python's ``datetime.isoformat()`` writes it; the schema of the metadata states the same.
PATTERN = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?$"
)
_shape = expression(PATTERN.removeprefix("^").removesuffix("$"))
#: of which nothing needs to be worked out: a day that the month has in every year, and no zone
_PLAIN = (
    r"[1-9][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?"
)
_plain = expression(_PLAIN)
_plain_lines = expression(rf"(?>(?:{_PLAIN}\n)*)")
#: The clocks of the world lie between these (IANA's time zone database, from 1970 on).
EARLIEST_ZONE, LATEST_ZONE = timedelta(hours=-12), timedelta(hours=14)


class NotAMoment(ValueError):
    """The text is not a timestamp; the message says why, as the end of a sentence ('2024-02-30 ...')."""


@dataclass(frozen=True, slots=True)
class Timestamp:
    """The local time of a shot to the second, and its difference from UTC where the text states one."""

    local: datetime
    zone: timedelta | None


def is_plain_moment(text: str) -> bool:
    """Whether a look is enough to see that ``read_timestamp`` can read ``text``."""
    return _plain.fullmatch(text) is not None


def are_plain_moments(texts: Sequence[str]) -> bool:
    """Whether one look is enough to see that of all ``texts``."""
    lines = "".join([f"{text}\n" for text in texts])
    return _plain_lines.fullmatch(lines) is not None and lines.count("\n") == len(texts)


def have_its_shape(texts: Sequence[str]) -> bool:
    """Whether ``PATTERN`` matches each of ``texts``."""
    return are_plain_moments(texts) or all(map(_shape.fullmatch, texts))


def read_timestamp(text: str | datetime) -> Timestamp:
    """``text`` as local time and zone. Missing seconds are zero, fractions of a second are read over.

    Raises ``NotAMoment`` for what has another shape, a day that no calendar has, or a zone that no clock has.
    """
    moment = text if isinstance(text, datetime) else _parsed(text)
    zone = moment.utcoffset()
    if zone is not None and not EARLIEST_ZONE <= zone <= LATEST_ZONE:
        raise NotAMoment("has a time zone that no clock has; they lie between -12:00 and +14:00")
    if zone is not None and zone % timedelta(minutes=1):
        raise NotAMoment("has a time zone with seconds, which EXIF cannot tell")
    return Timestamp(moment.replace(microsecond=0, tzinfo=None), zone)


def _parsed(text: str) -> datetime:
    if not isinstance(text, str) or not _shape.fullmatch(text):
        raise NotAMoment("is not a date and time")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise NotAMoment("is a date that no calendar has") from None
