"""Real photos of many makers: the edit, judged by the tests' own reading and by exiftool and exiv2."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from galleria_action.gallery.exif.edit import Outcome, edit_exif
from galleria_action.gallery.position import tells_position

from . import exif_judge
from .conftest import PHOTOS, real_photos

WHEN, SHOWN = "2024-08-12T14:03:22", "2024:08:12 14:03:22"
SOUND, CORRUPT = real_photos("Real photos"), real_photos("Corrupt")

needs_photos = pytest.mark.skipif(not SOUND, reason=f"no real photos in {PHOTOS} (set GALLERIA_PHOTOS)")
each_sound_photo = pytest.mark.parametrize("path", SOUND or [None], ids=lambda path: path.name if path else "none")


def needs_tool(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


@needs_photos
@each_sound_photo
@pytest.mark.parametrize("offset", [2, -11, 13])
def test_every_sound_photo_is_edited_and_nothing_else_changes(path: Path, offset: int) -> None:
    image = path.read_bytes()
    edit = edit_exif(image, WHEN, offset)
    data = bytes(edit.data)
    assert exif_judge.differences(image, data) == []
    original_offset = exif_judge.date_and_offset(image)[1]
    new_offset = original_offset if offset == 13 else f"{offset:+03d}:00"
    if edit.outcome is Outcome.INCOMPLETE:
        assert exif_judge.read(image).overruns, "only a reference beyond the block excuses a missing offset"
        new_offset = original_offset
    else:
        assert edit.outcome is Outcome.EDITED
        assert all(re.match("its (XMP|IPTC|Offset)", warning) for warning in edit.warnings), edit.warnings
    assert exif_judge.date_and_offset(data) == (SHOWN, new_offset)
    again = edit_exif(data, WHEN, offset)
    assert again.data is data and not again.changed


@needs_photos
@each_sound_photo
def test_further_pictures_and_gain_maps_are_still_found(path: Path) -> None:
    image = path.read_bytes()
    edited = bytes(edit_exif(image, WHEN, 2).data)
    assert exif_judge.further_pictures(edited) == exif_judge.further_pictures(image)


@needs_photos
@each_sound_photo
def test_pixels_are_the_same(path: Path) -> None:
    image = path.read_bytes()
    edited = bytes(edit_exif(image, WHEN, 2).data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert Image.open(io.BytesIO(edited)).tobytes() == Image.open(io.BytesIO(image)).tobytes()


@needs_photos
@each_sound_photo
@pytest.mark.parametrize("when", [WHEN, None])
def test_the_position_can_be_removed_from_every_sound_photo(path: Path, when: str | None) -> None:
    image = path.read_bytes()
    edit = edit_exif(image, when, 13, strip_gps=True)
    data = bytes(edit.data)
    assert edit.outcome in (Outcome.EDITED, Outcome.UNCHANGED), edit.warnings
    assert edit_exif(data, when, 13, strip_gps=True).data is data
    if exif_judge.exif_span(image) is None:
        return
    found = exif_judge.differences(image, data, gps_removed=True)
    in_xmp = b"gps" in image.lower()
    assert found == [] or (in_xmp and found == ["bytes behind the EXIF segment"])
    assert not any(tag == exif_judge.GPS_IFD or "GPS" in place for place, tag, _ in exif_judge.read(data).fields)


ONLY_THE_POSITION_IS_DAMAGED = {"exifr_broken1.jpg"}


@needs_photos
@pytest.mark.parametrize("path", CORRUPT or [None], ids=lambda path: path.name if path else "none")
@pytest.mark.parametrize("strip_gps", [False, True])
def test_every_corrupt_photo_comes_through_untouched_with_a_warning(path: Path, strip_gps: bool) -> None:
    image = path.read_bytes()
    edit = edit_exif(image, WHEN, 2, strip_gps=strip_gps)
    assert (edit.outcome.failed and edit.warnings) or (strip_gps and path.name in ONLY_THE_POSITION_IS_DAMAGED)
    data = bytes(edit.data)
    if path.name in ONLY_THE_POSITION_IS_DAMAGED:
        assert exif_judge.date_and_offset(data)[0] == SHOWN
        assert exif_judge.differences(image, data, gps_removed=strip_gps) == []
    else:
        assert data == image or (strip_gps and len(data) == len(image) and tells_position(image))


@pytest.fixture(scope="module")
def both_folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sound photos as they are, and edited, each under its own name."""
    old, new = (tmp_path_factory.mktemp(name) for name in ("old", "new"))
    for path in SOUND:
        (old / path.name).write_bytes(path.read_bytes())
        (new / path.name).write_bytes(edit_exif(path.read_bytes(), WHEN, 2).data)
    return old, new


Tags = dict[str, str]
#: besides the two tags: what follows from them, and where exiftool counts from the file's beginning
EXIFTOOL_MAY_DIFFER = (
    *("DateTimeOriginal", "OffsetTimeOriginal", "Composite:"),
    *("SourceFile", "System:", "ExifTool:ExifTool:ExifToolVersion", "MPImageStart"),
)
EXIV2_MAY_DIFFER = ("DateTimeOriginal", "OffsetTimeOriginal", "ExifTag")
NEW_DIRECTORY = ("ExifVersion", "ExifByteOrder")


def told_by_exiftool(folder: Path) -> dict[str, Tags]:
    """Every tag with every value, binary ones included, by file."""
    command = ["exiftool", "-json", "-a", "-U", "-b", "-G1:3:4", "-api", "largefilesupport=1", "-r", str(folder)]
    # exiftool ends with 1 when it warns about a file
    run = subprocess.run(command, capture_output=True, check=False)
    files = json.loads(run.stdout)
    return {Path(tags["SourceFile"]).name: {key: str(value) for key, value in tags.items()} for tags in files}


def told_by_exiv2(folder: Path) -> dict[str, Tags]:
    """Every EXIF, IPTC and XMP tag that exiv2 knows, by file."""
    told = {}
    for path in sorted(folder.iterdir()):
        command = ["exiv2", "-b", "-u", "-PEXIkyv", str(path)]
        run = subprocess.run(command, capture_output=True, check=False)
        lines = run.stdout.decode(errors="surrogateescape").splitlines()
        told[path.name] = {line.split()[0]: line for line in lines if line.strip()}
    return told


@needs_photos
@pytest.mark.parametrize(
    ("tell", "may_differ"),
    [
        pytest.param(
            told_by_exiftool,
            EXIFTOOL_MAY_DIFFER,
            marks=needs_tool("exiftool"),
            id="exiftool",
        ),
        pytest.param(
            told_by_exiv2,
            EXIV2_MAY_DIFFER,
            marks=needs_tool("exiv2"),
            id="exiv2",
        ),
    ],
)
def test_other_programs_see_no_other_tag_changed(
    both_folders: tuple[Path, Path], tell: Callable[[Path], dict[str, Tags]], may_differ: tuple[str, ...]
) -> None:
    old, new = map(tell, both_folders)
    assert old.keys() == new.keys() and len(old) == len(SOUND)
    for name, tags in old.items():
        changed = {
            key: (tags.get(key), new[name].get(key))
            for key in tags.keys() | new[name].keys()
            if tags.get(key) != new[name].get(key) and not any(part in key for part in may_differ)
        }
        if not any("ExifIFD:" in key or "Exif.Photo." in key for key in tags):  # it has gained a directory
            changed = {key: both for key, both in changed.items() if both[0] or not key.endswith(NEW_DIRECTORY)}
        assert changed == {}, name
        shown = [value for key, value in new[name].items() if "DateTimeOriginal" in key and "Composite" not in key]
        assert any(SHOWN in value for value in shown), name
