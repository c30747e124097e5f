"""An interrupted deploy is continued: only what is missing is uploaded, whatever became of the checkpoint."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from galleria_action.deployment.state import checkpoint
from galleria_action.deployment.state.checkpoint import CHECKPOINTS
from galleria_action.deployment.stop import Stop
from galleria_action.errors import CredentialsError, PermissionRefused, StorageUnavailable
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import DOCUMENT, RECORDS, Condition, Headers, StoredObject, Target, WriteStore
from galleria_action.storage.settings import FOLDER
from tests.builders import make_gallery
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate
from tests.reliability.scenes import Scene, is_document, make_scene, state_of
from tests.runner_grammar import commands


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return make_scene("first", tmp_path / "workspace", MemoryStore)


def uploaded(fate: Fate) -> int:
    return sum(op == "put" and not is_document(key) for op, key in fate.writes)


def saved(store: MemoryStore) -> list[str]:
    """The pieces of the checkpoint in the bucket."""
    return [key for key in store.objects if key.startswith(CHECKPOINTS)]


def warnings(log: str) -> list[str]:
    return [command.data for command in commands(log) if command.name == "warning"]


def finish(scene: Scene, store: WriteStore, **inputs: str) -> tuple[int, list[str]]:
    """Run the deploy to its end: the number of files it uploaded, and its warnings."""
    fate = Fate()
    ran = scene.deploy(store, fate, **inputs)
    assert ran.exit_code == 0, ran.log
    assert not [key for key in state_of(store) if key.startswith(CHECKPOINTS)]
    return uploaded(fate), warnings(ran.log)


# -- how much is uploaded again ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[500, pytest.param(3000, marks=pytest.mark.slow)], ids="{} files".format)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """As many files, of thirds as many photos."""
    workspace = tmp_path_factory.mktemp("large")
    return Scene(workspace, make_gallery(workspace / "prod/pics", request.param // 3), {}, {"concurrency": "16"})


def there(store: MemoryStore) -> int:
    """How many of them have arrived."""
    return sum(not key.startswith(RECORDS) for key in store.objects)


def files_of(scene: Scene) -> int:
    return 3 * len(scene.gallery.photos)


@pytest.mark.parametrize("foreign_etags", [True, False])
def test_killed_at_nine_tenths_of_the_files(large: Scene, foreign_etags: bool):
    """Only the last tenth goes again; where no ETag is an MD5, only the checkpoint proves what is there, but its last
    100 and what was on its way."""
    store, files = MemoryStore(foreign_etags=foreign_etags, latency=0.0005), files_of(large)
    before = files * 9 // 10
    assert large.killed(store, Fate(before + before // 100)) is None
    pieces = saved(store)
    assert before // 100 - 2 <= len(pieces) <= before // 100 + 1, "each has been written once"
    missing = files - there(store)
    assert abs(missing - files // 10) <= 10
    again, told = finish(large, store)
    assert again <= (missing + 150 if foreign_etags else missing)
    assert told == []


def test_with_the_checkpoint_lost_the_listing_spares_what_is_there(large: Scene):
    store, files = MemoryStore(), files_of(large)
    large.killed(store, Fate(files * 9 // 10))
    store.delete(saved(store))
    missing = files - there(store)
    assert 0 < finish(large, store)[0] == missing


def test_in_a_folder_too(scene: Scene, tmp_path: Path):
    store = FolderStore(Target(FOLDER, str(tmp_path / "bucket")))
    scene.killed(store, Fate(8))
    assert finish(scene, store)[0] == 12 - 7


def test_without_resume_everything_is_uploaded_again(scene: Scene):
    store = MemoryStore()
    scene.killed(store, Fate(8))
    assert finish(scene, store, resume="false")[0] == 12


@pytest.mark.parametrize("local", [True, False])
def test_a_stop_signal_saves_the_checkpoint(scene: Scene, local: bool):
    inputs = {"checkpoint_file": "saved.json"} if local else {}
    store, stop = MemoryStore(foreign_etags=True), Stop()
    fate = Fate(before=lambda number: stop.request(15) if number == 7 else None)
    assert scene.deploy(store, fate, stop, **inputs).exit_code == 143
    assert (scene.workspace / "saved.json").is_file() == local
    assert bool(saved(store)) == (not local)
    assert finish(scene, store, **inputs)[0] == 12 - 7
    assert not (scene.workspace / "saved.json").exists()


def test_a_failed_upload_saves_the_checkpoint(scene: Scene):
    store = MemoryStore(foreign_etags=True)
    failed = scene.deploy(store, Fate(5, end=lambda: PermissionRefused("no"), for_good=False))
    assert failed.exit_code == 6
    assert finish(scene, store)[0] == 12 - 4


def test_a_photo_that_changed_since_is_uploaded(scene: Scene):
    store = MemoryStore()
    scene.killed(store, Fate(5))
    scene.gallery.change(0)
    assert finish(scene, store)[0] == 12 - 1
    for variant in ("full", "web", "thumb"):
        key = scene.gallery.photos[0]["files"][variant]
        assert store.objects[key].body == scene.gallery.local_path(0, variant).read_bytes()


# -- a checkpoint that is of no use ------------------------------------------------------------------------------------


def test_other_settings_start_fresh_with_a_warning(scene: Scene, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 2)
    store = MemoryStore(foreign_etags=True)
    scene.killed(store, Fate(9))
    again, told = finish(scene, store, acl="public-read")
    assert again == 12
    assert told == ["The checkpoint of an earlier deploy was made with other settings; starting fresh."]


def entry(**values: object) -> dict[str, object]:
    return {"size": 1, "sha256": "", "etag": "", "headers": "", "source": "", "kind": "photo", **values}


HOSTILE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"fingerprint": {"a": 1}}',
    b'{"schema": 1, "mode": "directory", "objects": []}',
    b"9" * 10_000,
    json.dumps({"schema": 1, "mode": "directory", "objects": {"../../x": entry(kind="nobody")}}).encode(),
]


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_checkpoint_is_told_and_put_aside(scene: Scene, body: bytes, local: bool):
    store = MemoryStore()
    inputs = {"checkpoint_file": "saved.json"} if local else {}
    if local:
        (scene.workspace / "saved.json").write_bytes(body)
    else:
        store.put(f"{CHECKPOINTS}.json", body, Headers("application/json"))
    again, told = finish(scene, store, **inputs)
    assert again == 12
    assert len(told) == 1
    assert "starting fresh" in told[0]


def test_a_checkpoint_proves_nothing_that_the_listing_does_not(scene: Scene, monkeypatch):
    """It says that all is stored; the bucket holds none of it, and other bytes under one key."""
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 1)
    store = MemoryStore()
    scene.killed(store, Fate(23))
    other = MemoryStore()
    other.objects |= {key: store.objects[key] for key in saved(store)}
    assert len(other.objects) > 5
    key = scene.gallery.photos[0]["files"]["full"]
    other.put(key, b"x" * len(store.objects[key].body), Headers("image/jpeg", "public, max-age=86400"))
    assert finish(scene, other)[0] == 12


# -- a checkpoint that cannot be kept ----------------------------------------------------------------------------------


class NoCheckpoints(MemoryStore):
    """Does everything but keep a checkpoint."""

    def __init__(self, error: Exception, operations: Iterable[str]) -> None:
        super().__init__()
        self._error = error
        self._operations = frozenset(operations)
        self.refused = 0

    def _refuse(self, operation: str, keys: Iterable[str]) -> None:
        if operation in self._operations and any(key.startswith(CHECKPOINTS) for key in keys):
            self.refused += 1
            raise self._error

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        self._refuse("get", [key])
        return super().get(key, most)

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        self._refuse("put", [key])
        return super().put(key, body, headers, condition)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        named = list(keys)
        if "deny" in self._operations and any(key.startswith(CHECKPOINTS) for key in named):
            return dict.fromkeys(named, "AccessDenied")
        self._refuse("delete", named)
        return super().delete(named)


@pytest.mark.parametrize("error", [StorageUnavailable("no answer"), PermissionRefused("no"), CredentialsError("old")])
@pytest.mark.parametrize("operation", ["get", "put", "delete"])
def test_a_deploy_does_not_depend_on_its_checkpoint(scene: Scene, monkeypatch, operation: str, error: Exception):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 3)
    store = NoCheckpoints(error, [operation])
    if operation == "get":  # only asked for where the listing shows one
        MemoryStore.put(store, f"{CHECKPOINTS}.json", b"{}", Headers("application/json"))
    ran = scene.deploy(store, Fate())
    assert ran.exit_code == 0, ran.log
    assert [text for text in warnings(ran.log) if "checkpoint could not" in text and str(error) in text]
    assert ran.outputs["files-uploaded"] == "12"
    assert 1 <= store.refused <= 5, "a place that refuses is asked again with every file"


def test_a_checkpoint_that_may_not_be_removed_is_told(scene: Scene, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 3)
    ran = scene.deploy(NoCheckpoints(ValueError(), ["deny"]), Fate())
    assert ran.exit_code == 0, ran.log
    assert "AccessDenied" in "".join(warnings(ran.log))


def test_a_checkpoint_file_follows_no_link(scene: Scene, monkeypatch, tmp_path: Path):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 3)
    outside = tmp_path / "outside"
    outside.write_text("precious", encoding="utf-8")
    for name in ("saved.json", "saved.json.part"):
        (scene.workspace / name).symlink_to(outside)
    store = MemoryStore()
    scene.killed(store, Fate(8), checkpoint_file="saved.json")
    assert outside.read_text() == "precious"
    assert not (scene.workspace / "saved.json").is_symlink()
    assert finish(scene, store, checkpoint_file="saved.json")[0] == 12 - 7


@pytest.mark.parametrize("there", ["folder", "pipe", "notes.txt"])
def test_what_is_no_checkpoint_is_neither_replaced_nor_removed(scene: Scene, monkeypatch, there: str):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 3)
    (scene.workspace / "folder").mkdir()
    os.mkfifo(scene.workspace / "pipe")
    (scene.workspace / "notes.txt").write_text("precious", encoding="utf-8")
    again, told = finish(scene, MemoryStore(), checkpoint_file=there)
    assert again == 12
    assert len(told) == 1
    assert "left alone" in told[0]
    assert (scene.workspace / "notes.txt").read_text() == "precious"
    assert (scene.workspace / "pipe").is_fifo()
    assert (scene.workspace / "folder").is_dir()


def test_a_checkpoint_file_outside_of_the_workspace_is_refused(scene: Scene, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/saved.json").write_text("precious", encoding="utf-8")
    (scene.workspace / "link").symlink_to(tmp_path / "outside")
    for path in ("link/saved.json", str(tmp_path / "outside/saved.json")):
        store = MemoryStore()
        ran = scene.deploy(store, Fate(), checkpoint_file=path)
        assert (ran.exit_code, ran.outputs["failure-reason"]) == (2, "config-invalid")
        assert not store.objects
    assert (tmp_path / "outside/saved.json").read_text() == "precious"


def test_folders_for_a_checkpoint_are_made(scene: Scene, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 3)
    store = MemoryStore()
    scene.killed(store, Fate(8), checkpoint_file="state/saved.json")
    assert (scene.workspace / "state/saved.json").is_file()
    assert finish(scene, store, checkpoint_file="state/saved.json")[0] == 12 - 7


def test_what_a_deploy_left_that_died_after_its_commit_is_removed(scene: Scene, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY_FILES", 3)
    store, fate = MemoryStore(), Fate()
    scene.deploy(store, fate)
    at = next(i for i, (op, key) in enumerate(fate.writes, 1) if op == "delete" and key.startswith(CHECKPOINTS))
    store = MemoryStore()
    scene.killed(store, Fate(at))
    assert saved(store)
    assert finish(scene, store) == (0, [])
