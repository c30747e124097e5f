"""Galleries of any size for the benchmarks: real JPEGs with real EXIF, true hashes, in seconds and on little disk.

    python -m benchmarks.galleries make FOLDER --photos 100 [--small] [--own]
    python -m benchmarks.galleries checkout|changed|removed|changed-checkout|removed-checkout FOLDER

A few photos are made and every other file is a hard link to one of them. To every program these are files of their own;
to the machine they are a few hundred megabytes that stay in its cache, so that no disk is measured. Where the disk is
what is to be measured (``--own``), each file has bytes of its own. Git tracks the files, as in a checkout in CI.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.builders import photo_bytes, webp_bytes

#: what may become of a gallery between two runs; in a checkout every file has a new time, as in CI
CHANGES = ("checkout", "changed", "removed", "changed-checkout", "removed-checkout")
_POOL = 24
_END_OF_IMAGE = b"\xff\xd9"
_OFFSET_HOURS = 2
_SIZES = {"thumb": (20_000, 20_000), "web": (300_000, 300_000), "full": (1_000_000, 5_000_000)}
_SMALL = {"thumb": (2_000, 2_000), "web": (8_000, 8_000), "full": (20_000, 20_000)}


@dataclass(frozen=True, slots=True)
class Original:
    """One photo of the pool: its three files, and the hash of the full one."""

    paths: dict[str, Path]
    sha256: str


def make(
    folder: Path,
    photos: int,
    *,
    small: bool = False,
    own: bool = False,
    full: int | None = None,
    each: int | None = None,
) -> None:
    """Make a gallery of ``photos`` photos in ``folder``; its pool lies beside it. With ``own`` no two files share their
    bytes: that takes 3.3 MB of disk for each photo. ``full`` is the size (MB) of every full photo, ``each`` that (KB)
    of every file."""
    sizes = (_SMALL if small else _SIZES) | ({"full": (full * 1_000_000, full * 1_000_000)} if full else {})
    if each:
        sizes = dict.fromkeys(sizes, (each * 1000, each * 1000))
    pool = [_original(folder.parent / f"{folder.name}-pool", number, sizes) for number in range(min(_POOL, photos))]
    for variant in _SIZES:
        (folder / variant).mkdir(parents=True, exist_ok=True)
    entries = []
    for number in range(photos):
        original, entry = pool[number % len(pool)], _entry(number)
        entry["file_hash"] = _write_own(original, folder, entry["files"], number) if own else original.sha256
        # what the hash is after the edit only the edit can tell; a deploy takes note of it with hash-check: off
        entry["deployment_file_hash"] = hashlib.sha256(f"{number} {entry['file_hash']}".encode()).hexdigest()
        for variant, key in entry["files"].items() if not own else ():
            os.link(original.paths[variant], folder / key)
        entries.append(entry)
    save(folder, entries)


def save(folder: Path, photos: list[dict[str, Any]]) -> None:
    """Write the metadata as Galleria does."""
    document = {
        "schema_version": "1.0",
        "generated_at": "2024-10-28T10:00:00.123456+00:00",
        "collection": "wedding",
        "settings": {"timestamp_offset_hours": 0, "target_timezone_offset_hours": _OFFSET_HOURS, "jpeg_quality": 85},
        "photos": photos,
    }
    (folder / "gallery-metadata.json").write_text(json.dumps(document, indent=2), encoding="utf-8")


def load(folder: Path) -> list[dict[str, Any]]:
    """The photos of the metadata."""
    photos: list[dict[str, Any]] = json.loads((folder / "gallery-metadata.json").read_text(encoding="utf-8"))["photos"]
    return photos


def touch(folder: Path) -> None:
    """Give every file a new time, as a fresh checkout does. The bytes stay."""
    for path in {file.stat().st_ino: file for file in folder.rglob("*") if file.is_file()}.values():
        os.utime(path)


def track(folder: Path) -> None:
    """Let git's index know each file of ``folder``, as a checkout does. Git's own folder lies beside it, where no other
    program takes it for a part of the gallery. The objects are left out: nobody asks for them, and they would take as
    much disk as the gallery itself."""
    git = ["git", "-C", str(folder.parent), "-c", "core.untrackedCache=false"]
    (folder.parent / ".git/index").unlink(missing_ok=True)
    subprocess.run([*git, "init", "-q"], check=True)
    entries = "".join(f"100644 {blob} 0\t{name}\n" for name, blob in _blobs(folder))
    subprocess.run([*git, "update-index", "--index-info"], input=entries, text=True, check=True)
    subprocess.run([*git, "update-index", "-q", "--refresh"], check=False)


def _blobs(folder: Path) -> Iterator[tuple[str, str]]:
    known: dict[int, str] = {}
    for path in files_of(folder):
        inode = path.stat().st_ino
        if inode not in known:
            body = path.read_bytes()
            digest = hashlib.sha1(b"blob %d\0" % len(body), usedforsecurity=False)
            digest.update(body)
            known[inode] = digest.hexdigest()
        yield str(path.relative_to(folder.parent)), known[inode]


def files_of(folder: Path) -> Iterator[Path]:
    """Its plain files, sorted."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def change(folder: Path, share: float) -> None:
    """Give the full file of every n-th photo other bytes."""
    photos = load(folder)
    step = max(1, round(1 / share))
    for photo in photos[::step]:
        path = folder / photo["files"]["full"]
        body = path.read_bytes() + b"changed"
        path.unlink()
        path.write_bytes(body)
        photo["file_hash"] = hashlib.sha256(body).hexdigest()
        photo["deployment_file_hash"] = hashlib.sha256(body + b"edited").hexdigest()
    save(folder, photos)


def remove_one(folder: Path) -> None:
    """Take the last photo out of the metadata and off the disk."""
    *photos, last = load(folder)
    for key in last["files"].values():
        (folder / key).unlink()
    save(folder, photos)


def _entry(number: int) -> dict[str, Any]:
    shot = datetime(2024, 6, 15, 12) + timedelta(seconds=61 * number)
    stem = f"wedding-{shot:%Y%m%dT%H%M%S}-r5a-{number}"
    return {
        "id": stem,
        "original_path": f"pics-full/IMG_{number:06d}.JPG",
        "file_hash": "",
        "deployment_file_hash": "",
        "exif": {
            "original_timestamp": shot.isoformat(),
            "corrected_timestamp": (shot + timedelta(hours=1)).isoformat(),
            "timezone_original": "+00:00",
            "camera": {"make": "Canon", "model": "EOS R5"},
            "subsecond": None,
        },
        "files": {"full": f"full/{stem}.jpg", "web": f"web/{stem}.jpg", "thumb": f"thumb/{stem}.webp"},
    }


def _write_own(original: Original, folder: Path, files: dict[str, str], number: int) -> str:
    """Write the files of photo ``number``; the SHA-256 (hex) of the full one."""
    bodies = {variant: original.paths[variant].read_bytes() + b"%d" % number for variant in files}
    for variant, key in files.items():
        (folder / key).write_bytes(bodies[variant])
    return hashlib.sha256(bodies["full"]).hexdigest()


def _original(folder: Path, number: int, sizes: dict[str, tuple[int, int]]) -> Original:
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(number)
    bodies = {}
    for variant, (least, most) in sizes.items():
        picture = webp_bytes(number) if variant == "thumb" else photo_bytes(number)
        pixels = dice.randbytes(max(0, dice.randint(least, most) - len(picture)))
        bodies[variant] = (_webp_with if variant == "thumb" else _jpeg_with)(picture, pixels)
    paths = {variant: folder / f"{number}-{variant}" for variant in bodies}
    for variant, body in bodies.items():
        paths[variant].write_bytes(body)
    return Original(paths, hashlib.sha256(bodies["full"]).hexdigest())


def _jpeg_with(picture: bytes, pixels: bytes) -> bytes:
    """A JPEG with more ``pixels`` where its own are, none of which looks like a marker (T.81 B.1.1.5)."""
    return picture.removesuffix(_END_OF_IMAGE) + pixels.replace(b"\xff", b"\xfe") + _END_OF_IMAGE


def _webp_with(picture: bytes, pixels: bytes) -> bytes:
    """A WebP with more ``pixels`` in its one chunk."""
    size = int.from_bytes(picture[16:20], "little")
    chunk = picture[20 : 20 + size] + pixels
    chunk = chunk[: len(chunk) // 2 * 2]  # of an odd length it would need a byte behind it
    riff, inner = (length.to_bytes(4, "little") for length in (len(chunk) + 12, len(chunk)))
    return b"RIFF" + riff + picture[8:16] + inner + chunk


def main() -> None:
    """Make a gallery, or change one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["make", *CHANGES])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--small", action="store_true", help="files of a few kilobytes: more objects, fewer bytes")
    parser.add_argument("--own", action="store_true", help="no two files share their bytes: 3.3 MB of disk a photo")
    parser.add_argument("--full", type=int, metavar="MB", help="the size of every full photo")
    parser.add_argument("--each", type=int, metavar="KB", help="the size of every file")
    given = parser.parse_args()
    if given.what == "make":
        make(given.folder, given.photos, small=given.small, own=given.own, full=given.full, each=given.each)
    if "checkout" in given.what:
        touch(given.folder)
    if "changed" in given.what:
        change(given.folder, 0.01)
    if "removed" in given.what:
        remove_one(given.folder)
    track(given.folder)


if __name__ == "__main__":
    main()
