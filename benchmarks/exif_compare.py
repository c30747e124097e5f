"""Compare programs that set DateTimeOriginal and OffsetTimeOriginal, on a folder of your own photos.

    python -m benchmarks.exif_compare FOLDER

Prints a Markdown table. Your photos are only read; the edits are made on copies. Needs piexif and Pillow (both are
among the development requirements); exiftool takes part where it is installed.

What was changed is judged by the tests' own TIFF reader, which shares no code with any of the editors. A photo was
*left alone* when the program failed or returned the same bytes. It is *clean* when the date was written and pixels,
all other tags, the MakerNote's place, and every byte outside of the EXIF segment are as before.
"""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import piexif
from PIL import Image

from galleria_action.gallery.exif.edit import edit_exif
from tests.gallery import exif_judge
from tests.gallery.exif_judge import Field

WHEN, SHOWN, OFFSET = "2024-08-12T14:03:22", "2024:08:12 14:03:22", "+02:00"
MAKER_NOTE = 0x927C
#: the two tags, and offsets of directories and pictures, which may point elsewhere as long as the target is the same
IGNORED = {0x9003, 0x9011, 0x8769, 0x8825, 0xA005, 0x0201, 0x0111}
SUFFIXES = (".jpg", ".jpeg", ".mpo")
COLUMNS = ("left alone", "pixels changed", "tags lost or changed", "MakerNote moved", "other bytes changed", "clean")

Editor = Callable[[bytes], bytes]


def main(folder: Path) -> None:
    """Edit every photo with every program and print what became of them."""
    warnings.simplefilter("ignore")
    photos = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES}
    photos = {path: image for path, image in photos.items() if is_sound(image)}
    if not photos:
        sys.exit(f"There are no sound JPEG files with EXIF in {folder}.")
    print(f"{len(photos)} sound JPEG files with EXIF\n")
    print("| program |", " | ".join(COLUMNS), "| ms per photo |")
    print("|---|" + "---|" * (len(COLUMNS) + 1))
    editors: list[tuple[str, Editor]] = [("Galleria Action", ours), ("piexif", with_piexif)]
    editors += [("Pillow, saved again with `quality='keep'`", with_pillow)]
    editors += [("exiftool, one call per photo", with_exiftool)] if shutil.which("exiftool") else []
    for name, editor in editors:
        print_row(name, editor, list(photos.values()))


def is_sound(image: bytes) -> bool:
    """Whether Pillow decodes it and its EXIF can be read."""
    try:
        pixels(image)
        exif_judge.read(image)
    except (OSError, SyntaxError, ValueError, KeyError, AssertionError, struct.error):
        return False
    return True


def print_row(name: str, editor: Editor, photos: list[bytes]) -> None:
    """Run one program over all photos."""
    found: Counter[str] = Counter()
    seconds = 0.0
    for image in photos:
        start = time.perf_counter()
        try:
            edited = editor(image)
        except Exception as error:  # noqa: BLE001 - another program's failure is a result here
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            found["left alone"] += 1
            continue
        finally:
            seconds += time.perf_counter() - start
        found.update(judged(image, edited))
    cells = [str(found[column]) for column in COLUMNS]
    print(f"| {name} |", " | ".join(cells), f"| {seconds * 1000 / len(photos):.1f} |")


def judged(image: bytes, edited: bytes) -> set[str]:
    """The columns that this edit counts for."""
    try:
        old, new = exif_judge.read(image), exif_judge.read(edited)
    except (KeyError, AssertionError, struct.error):
        return {"tags lost or changed"}
    if edited == image:
        return {"left alone"}
    verdict = set()
    if pixels(image) != pixels(edited):
        verdict.add("pixels changed")
    links_kept = all(new.links.get(path) == link for path, link in old.links.items() if path != "IFD0")
    if facts(image, old.fields) - facts(edited, new.fields) or old.thumbnail != new.thumbnail or not links_kept:
        verdict.add("tags lost or changed")
    notes = [reading.fields.get(("IFD0/Exif", MAKER_NOTE, 0)) for reading in (old, new)]
    if all(notes) and notes[0].offset != notes[1].offset:  # type: ignore[union-attr]
        verdict.add("MakerNote moved")
    if (old.before, old.after) != (new.before, new.after):
        verdict.add("other bytes changed")
    if not verdict and exif_judge.date_and_offset(edited)[0] == SHOWN:
        verdict.add("clean")
    return verdict


def facts(image: bytes, fields: dict[tuple[str, int, int], Field]) -> set[tuple[object, ...]]:
    """Every tag with its type and value, whatever the byte order is and wherever the value stands."""
    span = exif_judge.exif_span(image)
    little = span is not None and image[span[0] + 10 : span[0] + 12] == b"II"
    return {
        (path, tag, number, field.kind, field.count, in_order(field, little))
        for (path, tag, number), field in fields.items()
        if tag not in IGNORED
    }


def in_order(field: Field, little: bool) -> bytes:
    """The value as it would stand in a block of the other byte order."""
    width = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}.get(field.kind, 1)
    length = exif_judge.WIDTH.get(field.kind, 0) * field.count
    raw = field.raw[:length]
    if little:
        return b"".join(raw[at : at + width][::-1] for at in range(0, len(raw), width))
    return raw


def pixels(image: bytes) -> bytes:
    """The decoded picture."""
    return Image.open(io.BytesIO(image)).tobytes()


def ours(image: bytes) -> bytes:
    """This project."""
    return bytes(edit_exif(image, WHEN, 2).data)


def with_piexif(image: bytes) -> bytes:
    """The usual load, dump, insert."""
    exif = piexif.load(image)
    exif["Exif"][piexif.ExifIFD.DateTimeOriginal] = SHOWN
    exif["Exif"][piexif.ExifIFD.OffsetTimeOriginal] = OFFSET
    output = io.BytesIO()
    piexif.insert(piexif.dump(exif), image, output)
    return output.getvalue()


def with_pillow(image: bytes) -> bytes:
    """Saved again with the kindest settings that Pillow has."""
    picture = Image.open(io.BytesIO(image))
    exif = picture.getexif()
    exif.get_ifd(0x8769).update({0x9003: SHOWN, 0x9011: OFFSET})
    output = io.BytesIO()
    picture.save(output, "JPEG", quality="keep", exif=exif)
    return output.getvalue()


def with_exiftool(image: bytes) -> bytes:
    """One process, as a script would call it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(image)
        tags = [f"-DateTimeOriginal={SHOWN}", f"-OffsetTimeOriginal={OFFSET}"]
        command = ["exiftool", "-q", "-overwrite_original", *tags, str(path)]
        subprocess.run(command, check=True, capture_output=True)
        return path.read_bytes()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
