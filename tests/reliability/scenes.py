"""Galleries before and after, places to deploy them to, and what must hold whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from galleria_action.deployment.releases.record import RELEASES_FOLDER
from galleria_action.deployment.state.checkpoint import CHECKPOINTS
from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.publication import PUBLICATION_KEY, parse_publication
from galleria_action.deployment.state.written import parse_manifest
from galleria_action.deployment.stop import Stop
from galleria_action.storage.interface import Headers, WriteStore
from galleria_action.storage.settings import StoreSettings
from tests.builders import Gallery, make_gallery
from tests.doors.runner import Ran, Runner
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate, Killed, MortalStore

METADATA_KEY = "gallery-metadata.json"
DOCUMENTS = (METADATA_KEY, MANIFEST_KEY, PUBLICATION_KEY)

#: everything in a bucket: key → (bytes, headers)
State = dict[str, tuple[bytes, Headers | None]]


def is_document(key: str) -> bool:
    """Whether it is one of our own, or the metadata: nothing that a resumed deploy need not send again."""
    return key in DOCUMENTS or key.startswith((CHECKPOINTS, RELEASES_FOLDER))


def without_checkpoint(keys: Iterable[str]) -> set[str]:
    return {key for key in keys if not key.startswith(CHECKPOINTS)}


def state_of(store: WriteStore) -> State:
    found = {info.key: store.get(info.key) for info in store.list()}
    return {key: (it.body, it.headers) for key, it in found.items() if it is not None}


def apart_from_releases(state: State) -> State:
    """Without the records of releases, which hold times and names that differ from run to run."""
    return {key: it for key, it in state.items() if not key.startswith(RELEASES_FOLDER)}


def seed(store: WriteStore, state: State) -> None:
    for key, (body, headers) in state.items():
        store.put(key, body, headers or Headers("application/octet-stream"))


@dataclass
class Scene:
    """A workspace whose gallery has changed since ``before`` was deployed. ``inputs`` are those of the deploy, and
    ``alone`` is what the bucket holds after it when nothing disturbs it."""

    workspace: Path
    gallery: Gallery
    before: State
    inputs: dict[str, str]
    alone: State | None = None

    def deploy(self, store: WriteStore, fate: Fate | None = None, stop: Stop | None = None, **inputs: str) -> Ran:
        """Deploy what the workspace holds now, through ``fate``; raises ``Killed`` when that is the fate."""
        return self.run("deploy", store, fate, stop, **inputs)

    def run(
        self, command: str, store: WriteStore, fate: Fate | None = None, stop: Stop | None = None, **inputs: str
    ) -> Ran:
        """The same with any command."""
        return self.run_over(lambda _: MortalStore(store, fate) if fate else store, command, stop, **inputs)

    def run_over(
        self, opener: Callable[[StoreSettings], WriteStore], command: str, stop: Stop | None = None, **inputs: str
    ) -> Ran:
        """The same with whatever store ``opener`` opens for the settings."""
        runner = Runner(self.workspace, {**_ANYWHERE, **self.inputs}, opener, step=next(_steps))
        return runner.run(command, stop, **inputs)

    def killed(self, store: WriteStore, fate: Fate, **inputs: str) -> Ran | None:
        """The same for a fate that may or may not be met."""
        with suppress(Killed):
            return self.deploy(store, fate, **inputs)
        return None

    def committed(self, now: State) -> bool:
        """Whether another gallery (or site) than the one before is live."""
        by_manifest = "site-only" in self.inputs or not self.gallery.metadata_path.exists()
        key = MANIFEST_KEY if by_manifest else METADATA_KEY
        return now.get(key) != self.before.get(key)


_ANYWHERE = {
    "bucket": "gallery",
    "endpoint": "http://127.0.0.1:9",
    "access-key": "anybody",
    "secret-key": "anything",
    "cors": "skip",
    "max-delete": "100%",
    "concurrency": "1",
}
#: each run has its own files for outputs and summary
_steps = count(step=1000)


def _site(workspace: Path) -> Path:
    site = workspace / "prod/site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
    (site / "about.html").write_text("about", encoding="utf-8")
    (site / "app.js").write_text("show()", encoding="utf-8")
    return site


def _change_everything(gallery: Gallery, site: Path) -> None:
    """A photo changes, one goes, one comes; a page changes, one goes, an asset comes."""
    gallery.change(0)
    gallery.remove(1)
    gallery.add(7)
    (site / "index.html").write_text("<h1>Wedding, again</h1>", encoding="utf-8")
    (site / "about.html").unlink()
    (site / "new.css").write_text("a{}", encoding="utf-8")


def make_scene(name: str, workspace: Path, empty: Callable[[], WriteStore], *, change: bool = True) -> Scene:
    """``name`` is one of ``SCENES``; ``empty`` makes a bucket to deploy the gallery before to. Without ``change`` the
    gallery stays as it was."""
    site = _site(workspace)
    gallery = make_gallery(workspace / "prod/pics", 3)
    if name.startswith("directory"):
        gallery.metadata_path.unlink()
    scene = Scene(workspace, gallery, {}, dict(SCENES[name]))
    if not name.endswith("first"):
        scene.before = _before(scene, name, empty())
        if not change:
            return scene
        if name.startswith("directory"):
            files = sorted((gallery.source / "full").iterdir())
            files[0].write_bytes(files[0].read_bytes().replace(b"EOS R5", b"EOS R6"))
            files[1].rename(files[1].with_name("another.jpg"))
            (site / "about.html").unlink()
        else:
            _change_everything(gallery, site)
    return scene


def deployed(scene: Scene, store: WriteStore) -> State:
    """What the gallery of ``scene`` and its site leave in ``store``."""
    ran = scene.deploy(store, photos_only="false", site_only="false")
    assert ran.exit_code == 0, ran.log
    return state_of(store)


#: by the name of a scene and the kind of a bucket in memory; test_scenes.py sees that it is the same in every workspace
_KNOWN: dict[tuple[str, object], State] = {}


def _before(scene: Scene, name: str, store: WriteStore) -> State:
    """The same, deployed once for each kind of bucket in memory."""
    if not isinstance(store, MemoryStore):
        return deployed(scene, store)
    key = name, store.kind
    if key not in _KNOWN:
        _KNOWN[key] = deployed(scene, store)
    return dict(_KNOWN[key])


_SITE = {"site": "prod/site"}
SCENES: Mapping[str, Mapping[str, str]] = {
    "changes": _SITE,
    "first": _SITE,
    "directory": _SITE,
    "directory-first": _SITE,
    "photos-only": _SITE | {"photos-only": "true"},
    "site-only": _SITE | {"site-only": "true"},
}


# -- what must hold at any moment --------------------------------------------------------------------------------------


def named_by(state: State) -> set[str]:
    """The keys that the live gallery names."""
    if METADATA_KEY in state:
        document = json.loads(state[METADATA_KEY][0])
        return {key for photo in document["photos"] for key in photo["files"].values()}
    if MANIFEST_KEY in state:
        manifest = parse_manifest(state[MANIFEST_KEY][0])
        return set(manifest.of_kind("photo")) if manifest.mode == "directory" else set()
    return set()


def check_whole(now: State, *versions: State) -> None:
    """Must-rules 1 and 2 for a bucket that some deploy of ``versions`` was at work in.

    The metadata is one of theirs, byte for byte; every key it names is there, with the bytes of one of them.
    """
    assert now.get(METADATA_KEY, (None,))[0] in [version.get(METADATA_KEY, (None,))[0] for version in versions]
    for key in named_by(now):
        assert key in now, f"the live gallery names {key}, which is gone"
        assert now[key] in [version[key] for version in versions if key in version], f"{key} is torn"


def check_nothing_deleted(now: State, before: State) -> None:
    """Before the commit everything that was there is there."""
    assert not without_checkpoint(before.keys() - now.keys())


def live(state: State) -> State:
    """What visitors can reach."""
    return {key: it for key, it in state.items() if not key.startswith(".galleria/")}


def publishing(state: State) -> bool:
    """Whether a publish has begun and is not over."""
    return PUBLICATION_KEY in state and parse_publication(state[PUBLICATION_KEY][0]).begun


def check_untouched(now: State, before: State) -> None:
    """Must-rule 2: what was live is byte for byte and header for header as it was."""
    seen = live(now)
    assert {key: seen.get(key) for key in live(before)} == live(before)
