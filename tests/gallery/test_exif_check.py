"""The check behind the time edit: an editor that errs by one byte, wherever it is, or overwrites what others use."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

import pytest

from galleria_action.gallery.containers.tiff import DATE_TIME_ORIGINAL, MAIN_EXIF, Tiff
from galleria_action.gallery.exif import edit as exif
from galleria_action.gallery.exif.edit import edit_exif
from galleria_action.gallery.exif.times import TimesWritten, write_times

from . import exif_judge
from .exif_expect import EXIF, SHOWN, WHEN, WITH_OFFSET, untouched
from .exif_photos import ASCII, DIGITIZED, DTO, GPS, INTEROP, OLD_DATE, Block, patched, record_at, with_block

_RICH = {"gps": GPS, "interop": INTEROP, "thumbnail": b"\xff\xd8thumb\xff\xd9"}
LAYOUTS = {
    "in place": Block(exif=WITH_OFFSET, **_RICH),  # type: ignore[arg-type]
    "a value has no room": Block("<", exif={**WITH_OFFSET, DTO: (ASCII, b"2001\0")}, **_RICH),  # type: ignore[arg-type]
    "the directory moves": Block("<", exif=EXIF, **_RICH),  # type: ignore[arg-type]
    "there is no Exif directory": Block(exif=None, **_RICH),  # type: ignore[arg-type]
}


def _writing(monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Tiff, bytes], bytes]) -> None:
    """Have an editor that does its work, and then something else to the block."""

    def careless(tiff: Tiff, wanted: Mapping[int, bytes], growth_refused: Callable[[], str | None]) -> TimesWritten:
        written = write_times(tiff, wanted, growth_refused)
        return TimesWritten(spoil(tiff, written.block), written.problems)

    monkeypatch.setattr(exif, "write_times", careless)


@pytest.mark.parametrize("block", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_one_wrong_byte_is_noticed_or_nobody_reads_it(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    image = with_block(block)
    good = bytes(edit_exif(image, WHEN, 2).data)
    let_through = []
    for number in range(len(good) - len(image) + len(block.build())):
        with monkeypatch.context() as patch:
            _writing(patch, lambda _, new, at=number: patched(new, at, bytes([new[at] ^ 0x41])))  # type: ignore[misc]
            edit = edit_exif(image, WHEN, 2)
        if edit.changed:
            let_through.append(number)
            assert exif_judge.differences(image, bytes(edit.data)) == []
            assert exif_judge.date_and_offset(bytes(edit.data)) == (SHOWN, "+02:00")
    # the old records of the two times, bytes that only fill, and the version in a directory that was not there before
    assert len(let_through) <= 28, let_through


def test_a_date_that_another_tag_shares_must_not_be_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    block = Block(exif=WITH_OFFSET).build()
    (exif_at,) = struct.unpack_from(">I", block, record_at(block, ">", 8, 0x8769) + 8)
    date = record_at(block, ">", exif_at, DTO) + 8
    shared = patched(block, record_at(block, ">", exif_at, DIGITIZED) + 8, block[date : date + 4])

    def overwrite(tiff: Tiff, new: bytes) -> bytes:
        (entry,) = tiff.find(MAIN_EXIF, DATE_TIME_ORIGINAL)
        return patched(new, entry.value_at, b"2024:08:12 14:03:22\0")

    assert exif_judge.value(bytes(edit_exif(with_block(shared), WHEN, 2).data), DIGITIZED) == OLD_DATE[:-1].decode()
    _writing(monkeypatch, overwrite)
    (warning,) = untouched(with_block(shared), exif.Outcome.INCOMPLETE)
    assert "other EXIF data would have changed" in warning
