"""What a search has measured: as a checkpoint, so that one that was interrupted goes on, and as a cache for the next.

One JSON file, written whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from galleria_action.fence.files import put
from galleria_action.gallery.originals.scan import Original, Stamp
from galleria_action.studio.duplicates.measure import Measured
from galleria_action.values import asdict, dataclass

DEFAULT_NAME = ".dedup_checkpoint.json"
#: as often it is written, in photos
INTERVAL = 100
_EDITION = 1


@dataclass(frozen=True, slots=True)
class Config:
    """What a search was asked for: one with another configuration starts afresh. ``root`` is the folder."""

    root: str
    threshold: int
    hash_size: int
    min_resolution: int

    def same_hashes(self) -> Config:
        """The configuration of all searches that need the same hashes."""
        return Config(self.root, 0, self.hash_size, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo that is measured, and its stamp at that time."""

    stamp: Stamp
    measured: Measured


class Mismatch(Exception):
    """There is a checkpoint, but not of this search; the text says why."""


def load(path: Path, config: Config) -> dict[str, Seen]:
    """The photos that an interrupted search has measured, by path; none without a checkpoint.

    Raises ``Mismatch`` when it is of another search or not readable.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        raise Mismatch("it cannot be read") from None
    told = document.get("config") if isinstance(document, dict) else None
    if not isinstance(told, dict) or document.get("schema") != _EDITION:
        raise Mismatch("it is not one of ours")
    differing = [name for name, value in asdict(config).items() if told.get(name) != value]
    if differing:
        raise Mismatch("configuration mismatch: " + ", ".join(f"{name} was {told.get(name)!r}" for name in differing))
    return dict(_seen(document.get("image_metadata")))


def _seen(entries: Any) -> Iterable[tuple[str, Seen]]:
    for entry in entries if isinstance(entries, list) else ():
        with suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
            measured = Measured.from_dict({name: value for name, value in entry.items() if name != "stamp"})
            yield measured.path, Seen(Stamp(map(int, entry["stamp"])), measured)


def save(path: Path, config: Config, seen: Mapping[str, Seen], now: float) -> None:
    """Write the checkpoint. ``now`` in seconds since 1970. Raises ``OSError``."""
    document = {
        "schema": _EDITION,
        "timestamp": now,
        "config": asdict(config),
        "processed_files": list(seen),
        "image_metadata": [{**entry.measured.to_dict(), "stamp": entry.stamp} for entry in seen.values()],
    }
    put(path, json.dumps(document).encode())


def still_true(seen: Mapping[str, Seen], originals: Iterable[Original]) -> dict[str, Seen]:
    """Of what was measured that of files which nobody has touched since."""
    return {o.path: seen[o.path] for o in originals if o.path in seen and seen[o.path].stamp == o.stamp}
