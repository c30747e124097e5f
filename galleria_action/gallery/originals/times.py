"""How the camera's clock is put right, as Galleria's settings say it."""

from __future__ import annotations

from datetime import datetime

from galleria_action.gallery.metadata.model import KEEP_ORIGINAL_TIMEZONE
from galleria_action.gallery.originals.moment import Moment
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True)
class TimeSettings:
    """``offset_hours`` is added to what the camera's clock said. ``zone_hours`` is the difference from UTC that is
    published with it, in whole hours from -12 to 14; 13 leaves the zone as it is."""

    offset_hours: float = 0
    zone_hours: int = KEEP_ORIGINAL_TIMEZONE

    def corrected(self, moment: Moment | None) -> datetime | None:
        """The right local time of a photo, ``None`` when nobody knows."""
        return moment.shifted(self.offset_hours) if moment else None

    def to_publish(self, moment: Moment | None) -> str | None:
        """What goes into the published photo as the time it was taken (ISO 8601), or ``None``: its own time stays.

        A time that only a file's name tells is not written into a photo: it may be that of a download.
        """
        corrected = self.corrected(moment)
        return corrected.isoformat() if corrected and moment and moment.source.of_the_camera else None
