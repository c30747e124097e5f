"""How many requests of a run wait for each other? Each scene over a strict S3 that takes a while for every answer.

    python -m benchmarks.waits [--milliseconds 40] [SCENE ...]

What a far service costs is not the number of requests but the longest chain of them, each sent after the answer to the
one before. The chain that is printed is one such: requests that went out beside one of its links are left out.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders import Gallery, make_gallery
from tests.doors.runner import Runner
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3, Profile
from tests.s3.wire import Request

MILLISECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what it was, and when it came and was answered (seconds)."""

    name: str
    began: float
    ended: float


@dataclass
class Clock:
    """Holds each request back for ``seconds``, and notes it."""

    seconds: float
    asked: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> None:
        """For ``FakeS3.before``."""
        began = time.monotonic()
        time.sleep(self.seconds)
        with self._lock:
            self.asked.append(Asked(f"{request.operation} {request.key}", began, time.monotonic()))


@dataclass(frozen=True, slots=True)
class Waits:
    """What a run asked for: ``chain`` is a longest one of requests that wait for each other."""

    requests: int
    chain: tuple[str, ...]


def waits(asked: list[Asked]) -> Waits:
    """The most requests of which none overlaps another: taken by their ends, each that begins after the last."""
    chain: list[str] = []
    last = float("-inf")
    for one in sorted(asked, key=lambda one: one.ended):
        if one.began >= last:
            chain.append(one.name)
            last = one.ended
    return Waits(len(asked), tuple(chain))


# -- scenes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scene:
    """A gallery of ``photos`` that is online (unless it is to be the ``first`` deploy), what is done to it, and the
    command that follows; before it what was done is ``deployed``, where that is asked for."""

    photos: int
    change: Callable[[Gallery], None] = lambda gallery: None
    command: str = "deploy"
    first: bool = False
    deployed: bool = False


def _one_percent(gallery: Gallery) -> None:
    for index in range(0, len(gallery.photos), 100):
        gallery.change(index)


SCENES = {
    "nothing to do": Scene(4),
    "plan": Scene(4, lambda gallery: gallery.change(0), "plan"),
    "verify": Scene(4, command="verify"),
    "first deploy": Scene(4, first=True),
    "one changed": Scene(4, lambda gallery: gallery.change(0)),
    "one removed": Scene(4, lambda gallery: gallery.remove(0)),
    "one added": Scene(4, lambda gallery: gallery.add(9)),
    "1 % of 3,000 objects": Scene(1000, _one_percent),
    "one changed, rolled back": Scene(4, lambda gallery: gallery.change(0), "rollback", deployed=True),
    "1 % of 3,000 objects, rolled back": Scene(1000, _one_percent, "rollback", deployed=True),
}


def watched(scene: Scene, folder: Path, seconds: float, profile: str | Profile = "aws", **inputs: str) -> Waits:
    """Play ``scene`` in ``folder``, each request taking ``seconds``. The service is one that nobody knows."""
    with FakeS3(profile) as s3:
        (folder / "site").mkdir(parents=True)
        (folder / "site/index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
        gallery = make_gallery(folder / "pics", scene.photos)
        runner = Runner(folder, {
            "bucket": BUCKET, "endpoint": s3.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY, "cors": "skip",
            "source": "pics", "site": "site", "max-delete": "100%", **inputs,
        })  # fmt: skip
        if not scene.first:
            ran = runner.run("deploy")
            assert ran.exit_code == 0, ran.log
            scene.change(gallery)
        if scene.deployed:
            ran = runner.run("deploy")
            assert ran.exit_code == 0, ran.log
        s3.calm()
        s3.before = clock = Clock(seconds)
        ran = runner.run(scene.command)
        assert ran.exit_code == 0, ran.log
        return waits(clock.asked)


def main() -> None:
    """Print each scene's chain."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--milliseconds", type=float, default=MILLISECONDS)
    given = parser.parse_args()
    for name in given.scenes or SCENES:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "workspace"
            found = watched(SCENES[name], folder, given.milliseconds / 1000)
        print(f"{name}: {len(found.chain)} one after the other, {found.requests} in all")
        for link in found.chain:
            print(f"    {link}")


if __name__ == "__main__":
    main()
