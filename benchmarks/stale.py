"""What it costs to know which addresses are stale: one photo of many has changed.

    python -m benchmarks.stale [photos]      (default: 100,000)

The plan is made as a deploy makes it; told is the time from the plan to the addresses, which must not grow with the
photos that stay as they are.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from galleria_action.deployment.model import Plan, Reason, SourceFile, Upload
from galleria_action.edge.addresses import Site, dirty_keys
from galleria_action.edge.collapse import Allowance, few
from galleria_action.gallery.local.files import LocalFile
from galleria_action.storage.interface import Headers, Target

_ROUNDS = 20
_SITE = Site.of("https://photos.example.org/wedding", "")
_NOTHING = Plan("metadata", Target(None, "bucket"), None, (), (), (), (), 0, 0, None)


def plan_of(photos: int, changed: int) -> Plan:
    """A plan of ``photos`` photos of which so many have ``changed``."""
    uploads = tuple(_upload(f"photos/full/{number:06}.jpg") for number in range(changed))
    return replace(_NOTHING, uploads=uploads, unchanged_photos=tuple(map(str, range(photos - changed))))


def seconds(plan: Plan) -> float:
    """The shortest time of some from ``plan`` to the addresses."""
    return min(_once(plan) for _ in range(_ROUNDS))


def _once(plan: Plan) -> float:
    began = time.perf_counter()
    dirty = dirty_keys(plan)
    few(_SITE.paths(dirty.certain), _SITE.paths(dirty.perhaps), _SITE.path, Allowance(30, 15))
    return time.perf_counter() - began


def _upload(key: str) -> Upload:
    local = LocalFile(key, key, 1, "full", stamp=b"")
    return Upload(Reason.CHANGED, SourceFile(key, local, "0" * 64, Headers("image/jpeg")), "0" * 64, key)


def main() -> None:
    """Tell the times."""
    photos = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for changed in (1, photos // 100, photos):
        print(f"{changed:>9,} of {photos:,} photos changed: {1000 * seconds(plan_of(photos, changed)):9.3f} ms")


if __name__ == "__main__":
    main()
