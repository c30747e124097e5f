"""What earlier runs have made, written down photo by photo, so that a kill loses only the photos in hand.

A file of JSON lines below the gallery: lines are added while a run works and put in order at its end. A line that is
torn or not understood is as if it were not there: its photo is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from galleria_action.gallery.originals.scan import Stamp
from galleria_action.studio.record import Record
from galleria_action.values import dataclass, field

_EDITION = 1
_CHUNK = 1 << 20


def sha256_of(path: str | Path) -> str:
    """SHA-256 (hex) of a file. Raises ``OSError``."""
    with Path(path).open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_ours(path: object) -> bool:
    """Whether ``path``, relative to the gallery, may be one of a derived file: nothing else is ever removed."""
    return isinstance(path, str) and re.fullmatch(r"(?:full|web|thumb|avif)/[^/\0]+", path) is not None


@dataclass(slots=True)
class Ledger:
    """``records`` by SHA-256 and fingerprint; ``stamps`` of files whose SHA-256 is known, by real path; ``files`` that
    stand in the gallery because of us, relative to it. ``note`` and ``see`` write at once, ``settle`` all anew."""

    path: Path
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    stamps: dict[str, tuple[Stamp, str]] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    _file: IO[str] | None = None

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger at ``path``; an empty one where there is none that can be read."""
        ledger = cls(path)
        with suppress(OSError), path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                with suppress(ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                    ledger._take(json.loads(line))
        return ledger

    def _take(self, entry: Mapping[str, Any]) -> None:
        if entry["edition"] != _EDITION:
            return
        if "record" in entry:
            record = Record.from_dict(entry["record"])
            self.records[record.sha256, record.fingerprint] = record
        elif "files" in entry:
            self.files = frozenset(filter(is_ours, entry["files"]))
        else:
            self.stamps[str(entry["path"])] = Stamp(map(int, entry["stamp"])), str(entry["sha256"])

    def known_sha256(self, real: str, stamp: Stamp) -> str | None:
        """The SHA-256 of a file that nobody has touched since it was last read."""
        seen, sha256 = self.stamps.get(real, (None, None))
        return sha256 if seen == stamp else None

    def note(self, record: Record) -> None:
        """Remember what was made of a photo."""
        self.records[record.sha256, record.fingerprint] = record
        self._write({"record": record.to_dict()})

    def see(self, real: str, stamp: Stamp, sha256: str) -> None:
        """Remember what a file holds."""
        self.stamps[real] = stamp, sha256
        self._write({"path": real, "stamp": list(stamp), "sha256": sha256})

    def intact(self, path: Path, size: int, sha256: str) -> bool:
        """Whether the file at ``path`` holds what was written there. Reads it only when somebody has touched it."""
        real = os.fspath(path)
        try:
            stamp = Stamp.of(path.stat())
            if stamp[0] != size:
                return False
            known = self.known_sha256(real, stamp)
            if known is None:
                known = sha256_of(real)
                self.see(real, stamp, known)
        except OSError:
            return False
        return known == sha256

    def settle(self, records: Iterable[Record], stamps: Mapping[str, tuple[Stamp, str]], files: Iterable[str]) -> None:
        """Keep only this, written anew as one file."""
        self.close()
        self.records = {(record.sha256, record.fingerprint): record for record in records}
        self.stamps, self.files = dict(stamps), frozenset(files)
        draft = self.path.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as self._file:
            for record in self.records.values():
                self._write({"record": record.to_dict()})
            for path, (stamp, sha256) in self.stamps.items():
                self._write({"path": path, "stamp": list(stamp), "sha256": sha256})
            self._write({"files": sorted(self.files)})
        self._file = None
        draft.replace(self.path)

    def close(self) -> None:
        """Close the file; the next note opens it again."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, entry: Mapping[str, Any]) -> None:
        """One line, handed to the system at once: a kill of this process cannot take it back."""
        if self._file is None:
            # behind a torn line a new one must begin
            fresh = not self.path.exists()
            self._file = self.path.open("a", encoding="utf-8", buffering=1)
            if not fresh:
                self._file.write("\n")
        self._file.write(json.dumps({"edition": _EDITION} | dict(entry)) + "\n")
