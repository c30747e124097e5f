"""How long validation takes and how much memory, for galleries of N photos: sound, and with faults planted.

    python benchmarks/validate.py [photos ...]      (default: 10000 100000)

Each case runs in a process of its own, so that the peak is its own.
"""

from __future__ import annotations

import copy
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.local.document import read_metadata


def document(photos: int) -> dict[str, Any]:
    """Metadata of a gallery as Galleria writes it."""
    return {
        "schema_version": "1.0",
        "generated_at": "2024-10-28T10:00:00.123456+00:00",
        "collection": "wedding",
        "settings": {"timestamp_offset_hours": -4, "target_timezone_offset_hours": 2, "web_size": [2048, 2048]},
        "photos": [_photo(number) for number in range(photos)],
    }


def _photo(number: int) -> dict[str, Any]:
    name = f"wedding-20240615T{number // 3600 % 24:02d}{number // 60 % 60:02d}{number % 60:02d}-r5a-{number}"
    return {
        "id": name,
        "original_path": f"/home/photographer/pictures/2024/wedding/IMG_{number:06d}.jpg",
        "file_hash": hashlib.sha256(b"%d" % number).hexdigest(),
        "deployment_file_hash": hashlib.sha256(b"-%d" % number).hexdigest(),
        "exif": {
            "original_timestamp": "2024-06-15T18:30:45",
            "corrected_timestamp": "2024-06-15T14:30:45",
            "timezone_original": "+00:00",
            "camera": {"make": "Canon", "model": "EOS R5"},
            "subsecond": number % 100,
        },
        "files": {"full": f"full/{name}.jpg", "web": f"web/{name}.jpg", "thumb": f"{name}.webp"},
    }


def few_faults(sound: dict[str, Any]) -> str:
    """A wrong hash, a missing field, an unsound key, an id and a field given twice, far apart."""
    faulty = copy.deepcopy(sound)
    photos = faulty["photos"]
    third = len(photos) // 3
    photos[third]["file_hash"] = "abc"
    del photos[2 * third]["files"]["web"]
    photos[-1]["files"]["full"] = "../a.jpg"
    photos[-2]["id"] = photos[0]["id"]
    head, mark, tail = json.dumps(faulty, indent=2).rpartition('"subsecond"')
    return f'{head}"subsecond": 1,\n{mark}{tail}'


def all_faulty(sound: dict[str, Any]) -> str:
    """Every photo with a wrong hash."""
    return json.dumps({**sound, "photos": [{**photo, "file_hash": "abc"} for photo in sound["photos"]]}, indent=2)


CASES: dict[str, Callable[[dict[str, Any]], str]] = {
    "sound": lambda sound: json.dumps(sound, indent=2),
    "few faults": few_faults,
    "all faulty": all_faulty,
}


def measure(path: Path) -> None:
    """Validate ``path`` in this process and print what it took."""
    started = time.process_time()
    try:
        outcome = f"{len(read_metadata(path, Workspace(path.parent)).metadata.photos):,} photos"
    except GalleryInvalid as error:
        outcome = error.message.partition(" has ")[2].partition(";")[0] or error.message
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:>8.2f} s {peak:>8,.0f} MB   {outcome}", flush=True)


def main(sizes: list[int]) -> None:
    """Measure every case for every size."""
    print(f"{'photos':>9} {'case':<11} {'file':>8} {'CPU':>10} {'peak':>11}   outcome")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gallery-metadata.json")
        for size in sizes:
            for name in CASES:
                # Made elsewhere too: a process that was once large starts its children with its own peak.
                _run("--make", str(size), name, str(path))
                print(f"{size:>9,} {name:<11} {path.stat().st_size / 1e6:>5.1f} MB ", end="", flush=True)
                _run("--measure", str(path))


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, __file__, *arguments], check=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--make", size, name, path]:
            Path(path).write_text(CASES[name](document(int(size))), encoding="utf-8")
        case ["--measure", path]:
            measure(Path(path))
        case sizes:
            main([int(size) for size in sizes] or [10_000, 100_000])
