"""A bucket with a gallery and another place for its records, and how a deploy runs over the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from galleria_action.deployment.releases.record import is_open, parse_release
from galleria_action.deployment.state.elsewhere import OWNER
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Headers, Target, WriteStore
from galleria_action.storage.settings import FOLDER, StoreSettings
from tests.doors.runner import Ran
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate, MortalStore
from tests.reliability.scenes import Scene, State, live, seed, state_of

JSON = Headers("application/json")
GALLERY = Target("http://127.0.0.1:9", "gallery")
RECORDS = Target("http://127.0.0.1:9", "records", "wedding/")
STATE = "s3://records/wedding"
_folders = count()


@dataclass
class Places:
    """A bucket with a gallery, and another place for its records."""

    gallery: MemoryStore = field(default_factory=MemoryStore)
    records: WriteStore = field(default_factory=MemoryStore)
    state: str = STATE

    def __post_init__(self) -> None:
        if isinstance(self.records, MemoryStore):
            self.records.neighbours[GALLERY] = self.gallery
            self.gallery.neighbours[RECORDS] = self.records

    def run(self, scene: Scene, command: str = "deploy", fate: Fate | None = None, **inputs: str) -> Ran:
        fate = fate or Fate()

        def opener(settings: StoreSettings) -> WriteStore:
            return MortalStore(self.gallery if settings.target == GALLERY else self.records, fate)

        return scene.run_over(opener, command, **{"state": self.state, **inputs})

    def own(self) -> list[str]:
        """Our records under the target."""
        return [key for key in self.gallery.objects if key.startswith(".galleria/")]

    def names(self) -> set[str]:
        return {info.key for info in self.records.list()}

    def check_tidy(self) -> None:
        """Nothing of ours lies under the target; and in our place the record, the releases, and what these need."""
        assert self.own() == []
        names = self.names()
        records = sorted(name for name in names if name.startswith("releases/"))
        assert records
        assert not [name for name in records if is_open(f".galleria/{name}")]
        needed: set[str] = set()
        for name in records:
            found = self.records.get(name)
            assert found
            release = parse_release(found.body, name.removeprefix("releases/").removesuffix(".json"))
            needed |= {key.removeprefix(".galleria/") for key in release.kept()} if name != records[0] else set()
        assert names - set(records) - needed == {OWNER, "manifest.json"}
        assert needed <= names, "what a release needs is gone"


def in_memory(path: Path) -> Places:
    return Places()


def in_a_folder(path: Path) -> Places:
    folder = path / f"records-{next(_folders)}"
    return Places(records=FolderStore(Target(FOLDER, str(folder))), state=f"file://{folder}")


MAKERS = pytest.mark.parametrize("make", [in_memory, in_a_folder])
Make = Callable[[Path], Places]


def undisturbed(scene: Scene) -> State:
    store = MemoryStore()
    seed(store, scene.before)
    assert scene.deploy(store).exit_code == 0
    return live(state_of(store))
