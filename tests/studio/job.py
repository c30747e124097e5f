"""A folder of originals and the gallery that is made of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.exif import edit_exif
from galleria_action.gallery.metadata.schema import load_metadata
from galleria_action.studio.process import Processed, Task, process
from tests.studio.conftest import warnings_into
from tests.studio.photos import exif, photo, put

R5 = {"make": "Canon", "model": "Canon EOS R5"}


class Studio:
    """A folder of originals, and the gallery made of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.originals, self.source = folder, folder / "originals", folder / "prod" / "pics"
        self.told: list[str] = []
        self.originals.mkdir()

    def put(self, path: str, data: bytes) -> Path:
        return put(self.originals, path, data)

    def shot(self, path: str, seed: int = 0, date: str = "2024:06:15 14:30:45", subsec: str = "") -> Path:
        return self.put(path, photo(block=exif(date, subsec, **R5), seed=seed))

    def run(self, stopped: Any = lambda: False, **task: Any) -> Processed:
        self.told.clear()
        wanted = Task(self.originals, self.source, **task)
        return process(wanted, Workspace(self.folder), stopped=stopped, tell=warnings_into(self.told))

    @property
    def metadata(self) -> list[dict[str, Any]]:
        """The photos in the metadata, which must be sound."""
        raw = (self.source / "gallery-metadata.json").read_bytes()
        load_metadata(raw, "gallery-metadata.json")
        photos: list[dict[str, Any]] = json.loads(raw)["photos"]
        return photos

    def files(self) -> dict[str, bytes]:
        """All files of the gallery that are not hidden."""
        return {
            str(path.relative_to(self.source)): path.read_bytes()
            for path in sorted(self.source.rglob("*"))
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(self.source).parts)
        }

    def check(self) -> None:
        """Every file that the metadata names is there, whole and of the right content, and there is no other."""
        files, named = self.files(), {"gallery-metadata.json"}
        for entry in self.metadata:
            full, web, thumb = (entry["files"][variant].removeprefix("photos/") for variant in ("full", "web", "thumb"))
            named |= {full, web, thumb}
            assert hashlib.sha256(files[full]).hexdigest() == entry["file_hash"]
            edited = edit_exif(files[full], entry["exif"]["corrected_timestamp"], 13)
            assert hashlib.sha256(edited.data).hexdigest() == entry["deployment_file_hash"]
            assert files[web].startswith(b"\xff\xd8") and files[thumb][8:12] == b"WEBP"
        assert files.keys() == named
