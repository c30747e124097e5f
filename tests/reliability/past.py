"""A gallery with a past: what visitors saw with each release is remembered beside the bucket, and must come back."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from galleria_action.deployment.releases.record import RELEASES_FOLDER, is_open, parse_release
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.storage.interface import WriteStore
from galleria_action.storage.settings import StoreSettings
from tests.doors.runner import Ran
from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import MANIFEST_KEY, METADATA_KEY, Scene, State, live, state_of


@dataclass
class Past:
    """A bucket, the workspace that is deployed to it, and what visitors saw with each release. ``opener`` opens what
    the runs use, where that is another thing than ``store``."""

    scene: Scene
    store: WriteStore
    opener: Callable[[StoreSettings], WriteStore] | None = None
    seen: dict[str, State] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def again(self, workspace: Path) -> Past:
        """The same past in a ``workspace`` (created) and a bucket in memory of its own."""
        assert isinstance(self.store, MemoryStore)
        shutil.copytree(self.scene.workspace, workspace)
        gallery = self.scene.gallery
        source = workspace / gallery.source.relative_to(self.scene.workspace)
        moved = replace(gallery, source=source, document=copy.deepcopy(gallery.document))
        scene = replace(self.scene, workspace=workspace, gallery=moved, inputs=dict(self.scene.inputs))
        return Past(scene, self.store.as_it_is(), seen=dict(self.seen), order=list(self.order))

    def deploy(self, **inputs: str) -> str:
        ran = self.run("deploy", **inputs)
        assert ran.exit_code == 0, ran.log
        release = self.remember(ran)
        if self.scene.gallery.metadata_path.exists():
            assert {key: body for key, (body, _) in self.seen[release].items()} == on_disk(self.scene)
        return release

    def remember(self, ran: Ran) -> str:
        release = ran.outputs["release-id"]
        assert release
        self.seen[release] = live(state_of(self.store))
        self.order.append(release)
        return release

    def run(self, command: str, **inputs: str) -> Ran:
        return self.scene.run_over(self.opener or (lambda _: self.store), command, **inputs)

    def back(self, **inputs: str) -> Ran:
        ran = self.run("rollback", **inputs)
        assert ran.exit_code == 0, ran.log
        if ran.outputs["release-id"]:
            self.remember(ran)
        return ran

    def now(self) -> State:
        return live(state_of(self.store))

    def records(self) -> list[str]:
        return [found.key for found in self.store.list(RELEASES_FOLDER)]

    def check_tidy(self) -> None:
        """Nothing lies there but the gallery, the record, the releases, and what these need."""
        keys = {found.key for found in self.store.list()}
        found = [parse_release(self.store.get(key).body, key[len(RELEASES_FOLDER) : -5]) for key in self.records()]  # type: ignore[union-attr]
        needed = {key for release in sorted(found, key=lambda it: it.id)[1:] for key in release.kept()}
        assert {key for key in keys if key.startswith(POOL_FOLDER)} == needed
        assert keys - self.now().keys() - needed - set(self.records()) == {MANIFEST_KEY}
        assert not [key for key in keys if is_open(key)]


def on_disk(scene: Scene) -> dict[str, bytes]:
    """What a gallery without edits has online: its files by their keys, the metadata, the site."""
    gallery, site = scene.gallery, scene.workspace / "prod/site"
    found = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    for index, photo in enumerate(gallery.photos):
        found |= {key: gallery.local_path(index, variant).read_bytes() for variant, key in photo["files"].items()}
    return found | {METADATA_KEY: gallery.raw}


def lived(scene: Scene, store: WriteStore, number: int, **inputs: str) -> Past:
    """``number`` releases with photos that come, change and go, and a site that does."""
    return live_on(Past(scene, store), number, **inputs)


def live_on(past: Past, number: int, **inputs: str) -> Past:
    """The same for a gallery with a bucket of its own."""
    scene, site = past.scene, past.scene.workspace / "prod/site"
    past.deploy(**inputs)
    for step in range(1, number):
        scene.gallery.change(step % 2, version=step)
        if step % 2:
            scene.gallery.add(20 + step)
        if step % 3 == 0:
            scene.gallery.remove(0)
        (site / "index.html").write_text(f"<h1>{step}</h1>", encoding="utf-8")
        if step % 4 == 1:
            (site / f"page-{step}.html").write_text("page", encoding="utf-8")
        if step == 6:
            (site / "page-5.html").unlink()
        past.deploy(**({"cache_control_photos": "no-store"} if step == 7 else {}), **inputs)
    return past


# -- a whole life --------------------------------------------------------------------------------------------------


def live_a_whole_life(past: Past, order: Random) -> None:
    """Ten releases; back to each in an ``order`` that nobody planned, and forward again, also to rollbacks; then no
    more than three are kept; then a photo is forgotten. Every byte and header that visitors saw with a release is what
    they see when it comes back, and nothing lies there that should not."""
    live_on(past, 10, keep_releases="30")
    ids = list(past.order)
    order.shuffle(ids)
    for release in (*ids, past.order[9]):
        ran = past.back(to=release, keep_releases="30")
        assert past.now() == past.seen[release], release
        assert release in ran.outputs["message"]
    for made in past.order[10:16]:
        past.back(to=made, keep_releases="30")
        assert past.now() == past.seen[made], "forward again, to a rollback"
    past.check_tidy()
    _keep_three(past)
    _forget_one(past)


def _keep_three(past: Past) -> None:
    for version in (96, 97, 98, 99):
        past.scene.gallery.change(1, version)
        past.deploy(keep_releases="3")
    assert len(past.records()) == 4, "what is live, and three to go back to"
    past.check_tidy()
    told = past.run("history")
    assert [it["id"] for it in told.result["releases"]] == past.order[-1:-5:-1]


def _forget_one(past: Past) -> None:
    """``photo`` was changed by each of the last releases."""
    photo, releases = past.scene.gallery.photos[1], past.order[-4:]
    keys = set(photo["files"].values())
    contents = {state[key][0] for state in past.seen.values() for key in keys if key in state}
    ran = past.run("forget", photo=photo["id"], keep_releases="9")
    assert ran.exit_code == 0, ran.log
    now = state_of(past.store)
    assert not [key for key, (body, _) in now.items() if body in contents or key in keys]
    past.check_tidy()
    assert past.run("verify", verify="deep").exit_code == 0
    for release in releases:
        ran = past.run("rollback", to=release, keep_releases="9")
        assert ran.exit_code == 0, ran.log
        was = {key: it for key, it in past.seen[release].items() if key not in keys and key != METADATA_KEY}
        assert {key: it for key, it in past.now().items() if key != METADATA_KEY} == was
        ids = [it["id"] for it in json.loads(past.now()[METADATA_KEY][0])["photos"]]
        assert ids == [it for it in _ids(past.seen[release]) if it != photo["id"]]
    past.check_tidy()


def _ids(state: State) -> list[str]:
    return [photo["id"] for photo in json.loads(state[METADATA_KEY][0])["photos"]]
