"""What the studio makes, in a browser: a site of painted originals, and the report on what a plan would change."""

from __future__ import annotations

import functools
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import piexif

from docs.pictures.paint import landscape

ROOT = Path(__file__).parents[2]
_SHAPES = ((1500, 1000), (1000, 1500), (1600, 1000), (1200, 1200), (1800, 900))
_PHOTOS = 14


def play_studio(folder: Path) -> Iterator[tuple[str, str]]:
    """A name and an address for each sight; while it is looked at, it is served."""
    folder.mkdir()
    for number in range(_PHOTOS):
        _original(folder, number)
    _run(folder, "process", "originals", "--site", "generate", "--site-title", "Our wedding")
    _run(folder, "deploy", "--site", "prod/site", "--bucket", f"file://{folder}/online")
    with _served(folder) as address:
        yield "site", f"{address}online/index.html"
        _original(folder, 3, brighter=True)
        for gone in (5, 8):
            (folder / f"originals/IMG_{gone:04d}.jpg").unlink()
        for new in range(_PHOTOS, _PHOTOS + 4):
            _original(folder, new)
        _run(folder, "process", "originals", "--site", "generate", "--site-title", "Our wedding")
        bucket = ("--bucket", f"file://{folder}/online", "--public-url", "https://photos.example.org")
        _run(folder, "plan", "--site", "prod/site", *bucket, "--report-file", "report.html")
        yield "report", f"{address}report.html"


def _original(folder: Path, number: int, *, brighter: bool = False) -> None:
    path = folder / f"originals/IMG_{number:04d}.jpg"
    path.parent.mkdir(exist_ok=True)
    taken = (datetime(2024, 6, 15, 12) + timedelta(minutes=7 * number)).strftime("%Y:%m:%d %H:%M:%S")
    tags = {"0th": {piexif.ImageIFD.Model: b"Canon EOS R5"}, "Exif": {piexif.ExifIFD.DateTimeOriginal: taken}}
    image = landscape(number, *_SHAPES[number % len(_SHAPES)], brighter=brighter)
    image.save(path, quality=90, exif=piexif.dump(tags))


def _run(folder: Path, *arguments: str) -> None:
    command = [sys.executable, str(ROOT / "entrypoint.py"), *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
