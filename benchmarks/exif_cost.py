"""What the EXIF edit costs, on a folder of your own photos.

    python -m benchmarks.exif_cost FOLDER

Prints the CPU time per photo, and time and memory for a 10 MB JPEG, made by lengthening the scan of the largest photo.
Memory is what the edit allocates at its peak, in copies of the file, not counting the file that is given.
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from galleria_action.gallery.exif.edit import BytesLike, edit_exif

WHEN, OFFSET = "2024-08-12T14:03:22", 2
LARGE = 10_000_000
REPEAT = 7


def main(folder: Path) -> None:
    """Measure and print."""
    photos = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg")]
    if not photos:
        sys.exit(f"There are no JPEG files in {folder}.")
    for title, strip_gps in (("time only", False), ("time and position", True)):
        costs = sorted(1000 * milliseconds(image, strip_gps) for image in photos)
        print(
            f"{title}: {len(costs)} photos, median {statistics.median(costs):.0f} µs, "
            f"95 % under {costs[int(len(costs) * 0.95)]:.0f} µs, slowest {costs[-1]:.0f} µs"
        )
    large = lengthened(max(photos, key=len))
    kinds: tuple[Callable[[bytes], BytesLike], ...] = (bytes, bytearray, memoryview)
    for kind in kinds:
        given = kind(large)
        for title, strip_gps in (("time only", False), ("time and position", True)):
            print(
                f"{len(large) / 1e6:.1f} MB as {kind.__name__}, {title}: {milliseconds(given, strip_gps):.1f} ms, "
                f"{copies(given, strip_gps):.2f} copies"
            )


def milliseconds(image: BytesLike, strip_gps: bool) -> float:
    """The CPU time of the best of a few runs."""
    best = float("inf")
    for _ in range(REPEAT):
        start = time.thread_time()
        edit_exif(image, WHEN, OFFSET, strip_gps=strip_gps)
        best = min(best, time.thread_time() - start)
    return best * 1000


def copies(image: BytesLike, strip_gps: bool) -> float:
    """Peak memory of one edit, in copies of the image."""
    tracemalloc.start()
    edit_exif(image, WHEN, OFFSET, strip_gps=strip_gps)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(image)


def lengthened(image: bytes) -> bytes:
    """``image`` with more of its own scan, up to 10 MB, in front of its last end marker."""
    end = image.rindex(b"\xff\xd9")
    scan = image[end - min(end, 100_000) : end].replace(b"\xff", b"\xfe")
    more = max(0, LARGE - len(image))
    return image[:end] + (scan * (more // len(scan) + 1))[:more] + image[end:]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
