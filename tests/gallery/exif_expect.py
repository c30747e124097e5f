"""What the tests of the EXIF edit expect of every edit, whatever it is about."""

from __future__ import annotations

import pytest

from galleria_action.gallery.exif.edit import ExifEdit, Outcome, edit_exif

from . import exif_judge
from .exif_photos import ASCII, OLD_OFFSET, OTO, Block

WHEN = "2024-08-12T14:03:22"
SHOWN = "2024:08:12 14:03:22"
EXIF = Block().exif or {}
WITH_OFFSET = {**EXIF, OTO: (ASCII, OLD_OFFSET)}
orders = pytest.mark.parametrize("order", ["<", ">"])


def edited(image: bytes, timestamp: str | None = WHEN, offset: int = 2) -> bytes:
    """``image`` after an edit that must succeed, change nothing else and be final."""
    edit = edit_exif(image, timestamp, offset)
    assert (edit.outcome, edit.changed) == (Outcome.EDITED, True), edit.warnings
    return checked(image, edit, timestamp, offset)


def checked(image: bytes, edit: ExifEdit, timestamp: str | None = WHEN, offset: int = 2) -> bytes:
    data = bytes(edit.data)
    assert exif_judge.differences(image, data) == []
    again = edit_exif(data, timestamp, offset)
    assert again.data is data and not again.changed
    return data


def untouched(image: bytes, outcome: Outcome, timestamp: str | None = WHEN, offset: int = 2) -> tuple[str, ...]:
    """The warnings of an edit that must hand back the very same object."""
    edit = edit_exif(image, timestamp, offset)
    assert edit.data is image and not edit.changed
    assert edit.outcome is outcome
    return edit.warnings
