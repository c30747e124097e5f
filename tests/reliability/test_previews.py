"""Previews: a gallery beside the live one, which is only read; what it sends, and that nothing of it remains."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import galleries
from galleria_action.deployment.previews.marks import Preview, closing_of, mark_of
from galleria_action.storage.interface import Headers, Target, WriteStore
from galleria_action.storage.settings import StoreSettings
from tests.builders import Gallery, unchanged
from tests.doors.runner import Ran
from tests.reliability.deaths import deaths_of
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate, MortalStore
from tests.reliability.scenes import Scene, State, live, make_scene, seed, state_of
from tests.reliability.turns import Turns, TurnStore, switching

GALLERY = Target("http://127.0.0.1:9", "gallery")
BESIDE = Target("http://127.0.0.1:9", "previews", "wedding/")
NAME = "my-change"
FOLDER = f"previews/{NAME}/"
JSON = Headers("application/json")


@dataclass
class Buckets:
    """The bucket of a gallery, and one beside it."""

    gallery: MemoryStore = field(default_factory=MemoryStore)
    beside: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        for store in (self.gallery, self.beside):
            store.neighbours |= {GALLERY: self.gallery, BESIDE: self.beside}

    def opener(self, fate: Fate | None = None) -> Callable[[StoreSettings], WriteStore]:
        def opened(settings: StoreSettings) -> WriteStore:
            store = self.gallery if settings.target == GALLERY else self.beside
            return MortalStore(store, fate) if fate else store

        return opened

    def run(self, scene: Scene, command: str, fate: Fate | None = None, **inputs: str) -> Ran:
        return scene.run_over(self.opener(fate), command, **inputs)

    def shown(self) -> State:
        """What visitors of the gallery itself see."""
        return {key: it for key, it in live(state_of(self.gallery)).items() if not key.startswith("previews/")}

    def preview(self) -> State:
        """What visitors of the preview see."""
        both = {**state_of(self.gallery), **state_of(self.beside)}
        return {key.removeprefix(FOLDER): it for key, it in both.items() if key.startswith(FOLDER)}

    def of_previews(self) -> list[str]:
        return [key for store in (self.gallery, self.beside) for key in store.objects if "previews/" in key]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return make_scene("changes", tmp_path / "workspace", MemoryStore, change=False)


@pytest.fixture
def buckets(scene: Scene) -> Buckets:
    made = Buckets()
    seed(made.gallery, scene.before)
    return made


def ok(ran: Ran) -> Ran:
    assert ran.exit_code == 0, ran.log
    return ran


@pytest.mark.parametrize(
    "inputs", [{}, {"preview_bucket": "s3://previews/wedding"}], ids=["under the target", "beside"]
)
def test_a_preview_sends_only_what_the_live_gallery_has_not(scene: Scene, buckets: Buckets, inputs: dict[str, str]):
    before = buckets.shown()
    scene.gallery.change(1)
    ran = ok(buckets.run(scene, "deploy", preview=NAME, public_url="https://photos.example", **inputs))
    assert buckets.shown() == before, "the gallery itself is only read"
    changed = sum(scene.gallery.local_path(1, it).stat().st_size for it in ("full", "web", "thumb"))
    pages = sum(len(body) for key, (body, _) in buckets.preview().items() if key.endswith(".html"))
    assert ran.outputs["bytes-uploaded"] == str(changed + pages), "the changed photo, and the pages that are marked"
    assert ran.outputs["dry-run"] == "true"
    assert ran.outputs["photos-to-upload"] == "1"
    assert ran.outputs["preview-url"] == ("" if inputs else f"https://photos.example/{FOLDER}index.html")
    found = buckets.preview()
    assert json.loads(found["gallery-metadata.json"][0]) == scene.gallery.document
    for photo in scene.gallery.photos:
        assert set(photo["files"].values()) <= found.keys()
    assert b'<meta name="robots" content="noindex">' in found["index.html"][0]
    assert found["app.js"] == before["app.js"]
    again = ok(buckets.run(scene, "deploy", preview=NAME, **inputs))
    assert again.outputs["bytes-uploaded"] == "0"
    gone = ok(buckets.run(scene, "cleanup", preview=NAME, **inputs))
    assert "1 preview removed" in gone.outputs["message"]
    assert buckets.of_previews() == []
    assert buckets.shown() == before


def test_the_plan_that_is_told_is_that_of_the_gallery(scene: Scene, buckets: Buckets):
    scene.gallery.change(1)
    planned = ok(buckets.run(scene, "plan"))
    ran = ok(buckets.run(scene, "deploy", preview=NAME))
    assert ran.outputs["plan-id"] == planned.outputs["plan-id"]
    assert ok(buckets.run(scene, "deploy")).outputs["plan-id"] == planned.outputs["plan-id"], (
        "what lies beside changes nothing"
    )
    assert ok(buckets.run(scene, "verify")).result["orphaned"] == []


def test_a_preview_follows_its_workspace(scene: Scene, buckets: Buckets):
    ok(buckets.run(scene, "deploy", preview=NAME))
    scene.gallery.change(0, version=5)
    scene.gallery.remove(1)
    ran = ok(buckets.run(scene, "deploy", preview=NAME, max_delete="0"))
    assert "would not be deployed like this" in ran.log
    named = {key for photo in scene.gallery.photos for key in photo["files"].values()}
    assert {key for key in buckets.preview() if key.startswith("photos/")} == named
    full = scene.gallery.photos[0]["files"]["full"]
    assert buckets.preview()[full][0] == scene.gallery.local_path(0, "full").read_bytes()
    assert buckets.shown() == live(scene.before)


def test_auto_is_not_for_a_push_nor_for_a_terminal(scene: Scene, buckets: Buckets):
    scene.gallery.change(0)
    ok(buckets.run(scene, "deploy", preview="auto"))
    assert not buckets.of_previews()
    assert buckets.shown() != live(scene.before)
    for wrong in ("../x", "a/b", "Ä", "-", "x" * 64, "true"):
        assert buckets.run(scene, "deploy", preview=wrong).exit_code == 2
    lies_in = buckets.run(scene, "deploy", preview=NAME, preview_bucket="s3://gallery/previews")
    assert (lies_in.exit_code, lies_in.outputs["failure-reason"]) == (2, "config-invalid")


# -- and goes --------------------------------------------------------------------------------------------------------


def marked(buckets: Buckets, name: str, days: int, pull_request: int | None = None) -> None:
    mark = Preview(name, datetime.now(UTC) - timedelta(days=days), "gallery", "", pull_request)
    buckets.gallery.put(mark.key, mark.to_bytes(), JSON)
    buckets.gallery.put(f"previews/{name}/photos/full/a.jpg", b"photo", Headers("image/jpeg"))


def test_what_is_too_old_goes_and_the_rest_stays(scene: Scene, buckets: Buckets):
    before = buckets.shown()
    marked(buckets, "old", 15)
    marked(buckets, "young", 13)
    buckets.gallery.put("previews/unmarked/photos/full/a.jpg", b"photo", Headers("image/jpeg"))
    buckets.gallery.put("previews/not a name/a.jpg", b"photo", Headers("image/jpeg"))
    buckets.gallery.put("previews/file.jpg", b"photo", Headers("image/jpeg"))
    told = ok(buckets.run(scene, "cleanup", dry_run="true"))
    assert "old would be removed" in told.log
    assert "previews/unmarked/ has no mark of a preview; it would be left alone" in told.log
    ran = ok(buckets.run(scene, "cleanup"))
    assert "1 preview removed" in ran.outputs["message"]
    assert "put-bucket-lifecycle-configuration" not in ran.log, "a rule would delete what is not marked"
    left = ["previews/young/photos/full/a.jpg", mark_of("young"), "previews/not a name/a.jpg", "previews/file.jpg"]
    left.append("previews/unmarked/photos/full/a.jpg")
    assert sorted(buckets.of_previews()) == sorted(left)
    del buckets.gallery.objects[left.pop()]
    ran = ok(buckets.run(scene, "cleanup", preview_days="12"))
    assert "put-bucket-lifecycle-configuration" in ran.log
    assert sorted(buckets.of_previews()) == sorted(left[2:])
    assert buckets.shown() == before


def moved(scene: Scene) -> None:
    """All photos of the workspace lie where the preview would."""
    for number, photo in enumerate(scene.gallery.photos):
        for variant, key in photo["files"].items():
            file = scene.gallery.local_path(number, variant)
            photo["files"][variant] = f"previews/{NAME}/{key}"
            there = file.parent.parent / photo["files"][variant]
            there.parent.mkdir(parents=True, exist_ok=True)
            file.rename(there)
    scene.gallery.save()


def test_photos_of_the_gallery_in_a_folder_like_a_preview_are_not_one(scene: Scene, buckets: Buckets):
    """Neither does cleanup take them, nor forget, nor does a preview take their place; and no deploy puts them there
    while a preview is online."""
    moved(scene)
    ok(buckets.run(scene, "deploy", max_delete="100%"))
    named = {key for photo in scene.gallery.photos for key in photo["files"].values()}
    ok(buckets.run(scene, "cleanup"))
    assert named <= buckets.gallery.objects.keys()
    for command in ("deploy", "cleanup"):
        refused = buckets.run(scene, command, preview=NAME)
        assert refused.exit_code != 0
        assert "files of a gallery lie there" in refused.log
        assert named <= buckets.gallery.objects.keys()
    ok(buckets.run(scene, "forget", photo=scene.gallery.photos[1]["id"]))
    assert set(scene.gallery.photos[0]["files"].values()) <= buckets.gallery.objects.keys()
    ok(buckets.run(scene, "verify"))


def test_a_gallery_of_its_own_among_the_previews_stays(scene: Scene, buckets: Buckets):
    """Another workflow's prefix may be previews/NAME; a mark that somebody leaves does not make it a preview."""
    for key in ("gallery-metadata.json", ".galleria/manifest.json"):
        buckets.gallery.put(f"previews/friends/{key}", b"{}", JSON)
    before = {key for key in buckets.gallery.objects if key.startswith("previews/friends/")}
    ok(buckets.run(scene, "cleanup"))
    assert before <= buckets.gallery.objects.keys()
    marked(buckets, "friends", 99)
    refused = buckets.run(scene, "cleanup")
    assert refused.exit_code == 4
    assert before <= buckets.gallery.objects.keys()


def test_previews_of_other_galleries_in_the_same_bucket_stay(scene: Scene, buckets: Buckets):
    """Their marks lie with their galleries."""
    inputs = {"preview_bucket": "s3://previews"}
    ok(buckets.run(scene, "deploy", preview="theirs", **inputs))
    del buckets.gallery.objects[mark_of("theirs")]
    before = buckets.of_previews()
    ok(buckets.run(scene, "deploy", preview=NAME, **inputs))
    ok(buckets.run(scene, "cleanup", preview_days="1", **inputs))
    assert set(before) <= set(buckets.of_previews())


def test_no_deploy_goes_into_a_preview_that_is_online(scene: Scene, buckets: Buckets):
    ok(buckets.run(scene, "deploy", preview=NAME))
    before = buckets.of_previews()
    moved(scene)
    refused = buckets.run(scene, "deploy", max_delete="100%")
    assert (refused.exit_code, refused.outputs["failure-reason"]) == (2, "config-invalid")
    assert buckets.of_previews() == before


def test_a_mark_leads_nowhere_else(scene: Scene, buckets: Buckets):
    """The state may be written by others: a bucket that nobody has named in the options is not deleted in."""
    mark = Preview("far", datetime.now(UTC) - timedelta(days=99), "somebody-elses", "x/")
    buckets.gallery.put(mark.key, mark.to_bytes(), JSON)
    buckets.gallery.put(mark_of("broken"), b'{"schema": 1, "name": "other"}', JSON)
    ran = ok(buckets.run(scene, "cleanup"))
    assert "far lies in somebody-elses/x/" in ran.log
    assert mark.key in buckets.gallery.objects
    assert mark_of("broken") not in buckets.gallery.objects


def test_a_removal_that_failed_is_gone_on_with_by_the_next_run_of_anything(scene: Scene, buckets: Buckets):
    marked(buckets, NAME, 1)

    class Denying(MemoryStore):
        def delete(self, keys):
            named = list(keys)
            denied = {key: "AccessDenied" for key in named if key.startswith(FOLDER)}
            return {**super().delete([key for key in named if key not in denied]), **denied}

    denying = Denying()
    denying.objects = buckets.gallery.objects
    failed = scene.run("cleanup", denying, preview=NAME)
    assert (failed.exit_code, failed.outputs["failure-reason"]) == (4, "verify-failed")
    assert closing_of(NAME) in buckets.gallery.objects
    scene.gallery.change(0)
    ran = ok(buckets.run(scene, "deploy"))
    assert "it is gone on with" in ran.log
    assert not buckets.of_previews()


@pytest.mark.parametrize("command", ["rollback", "promote", "forget", "deploy"])
def test_any_run_that_writes_ends_the_removal_of_a_preview(scene: Scene, buckets: Buckets, command: str):
    """Also where the gallery lies in a slot, whose listing shows nothing of previews."""
    slots = {"strategy": "blue-green", "router": "pointer"}
    router = {"rollback": {"router": "pointer"}, "deploy": slots}.get(command, {})
    if router:
        for version in (1, 2):
            scene.gallery.change(0, version=version)
            ok(buckets.run(scene, "deploy", **slots))
    scene.gallery.change(0)
    if command == "promote":
        ok(buckets.run(scene, "deploy", strategy="blue-green", promote="manual"))
    marked(buckets, NAME, 1)
    buckets.gallery.put(closing_of(NAME), b'{"schema": 1}', JSON)
    photo = {"photo": scene.gallery.photos[1]["id"]} if command == "forget" else {}
    ran = ok(buckets.run(scene, command, **router, **photo))
    assert f"The preview {NAME} is gone" in ran.log
    assert not buckets.of_previews()


@pytest.mark.parametrize("what", ["cleanup", "deploy"])
def test_killed_at_every_request(scene: Scene, buckets: Buckets, what: str):
    """Whatever is left, the gallery is as it was, and the next run of the same ends it."""
    if what == "cleanup":
        ok(buckets.run(scene, "deploy", preview=NAME))
    before = buckets.shown()
    scene.gallery.change(1)
    died = deaths_of(lambda fate: buckets.run(scene, what, fate, preview=NAME), buckets.gallery)
    assert not buckets.beside.objects
    whole = {key: it for key, it in state_of(buckets.gallery).items() if key.startswith("previews/")}
    assert len(died) > 10
    for death in died:
        again = Buckets(death.store)
        assert again.shown() == before
        ok(again.run(scene, what, preview=NAME))
        assert again.shown() == before
        assert {key: it for key, it in state_of(again.gallery).items() if key.startswith("previews/")} == whole
        if what == "cleanup":
            assert not again.of_previews()


def test_what_is_forgotten_goes_from_previews_too(scene: Scene, buckets: Buckets):
    """The preview as a whole; one that has no trace of the photo stays. Also one that has it under another id."""
    photo = scene.gallery.photos[1]
    contents = {scene.gallery.local_path(1, variant).read_bytes() for variant in ("full", "web", "thumb")}
    ok(buckets.run(scene, "deploy", preview=NAME))
    scene.gallery.photos[1]["id"] = "another"
    scene.gallery.save()
    ok(buckets.run(scene, "deploy", preview="renamed"))
    scene.gallery.remove(1)
    ok(buckets.run(scene, "deploy", preview="without"))
    ran = ok(buckets.run(scene, "forget", photo="wedding-20240615T120101-r5a-1"))
    assert "2 previews removed" in ran.outputs["message"]
    assert not [key for key, (body, _) in state_of(buckets.gallery).items() if body in contents], photo
    assert {key.split("/")[1] for key in buckets.gallery.objects if key.startswith("previews/")} == {"without"}


@pytest.mark.parametrize("other", ["cleanup", "deploy", "forget"])
def test_a_deploy_of_a_preview_beside_another_run(
    scene: Scene, buckets: Buckets, other: str, monkeypatch: pytest.MonkeyPatch
):
    """Held up before each of its requests in turn while all of the other goes by: the gallery is never touched, whoever
    loses says so, and the next run of each ends it."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LOOK_SECONDS", 0.0001)
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0.02)
    ok(buckets.run(scene, "deploy", preview=NAME))
    begin, before = state_of(buckets.gallery), buckets.shown()
    scene.gallery.change(0, version=9)
    inputs = {"forget": {"photo": scene.gallery.photos[1]["id"]}}.get(other, {"preview": NAME})
    won = set()
    for first in range(0, 42, 6):
        again = Buckets()
        seed(again.gallery, begin)
        turns = Turns(switching(first, 99), lambda: None, asked_at_once=1)

        def opener(name: str, store: WriteStore = again.gallery, turns: Turns = turns):
            return lambda _: TurnStore(store, turns, name)

        ended = turns.play({
            "a": lambda opener=opener: scene.run_over(opener("a"), "deploy", preview=NAME),
            "b": lambda opener=opener: scene.run_over(opener("b"), other, **inputs),
        })  # fmt: skip
        codes = {name: ran.exit_code for name, ran in ended.items()}
        assert set(codes.values()) <= {0, 4, 9}, {name: ran.log for name, ran in ended.items()}
        assert 0 in codes.values()
        won.add(tuple(codes.values()))
        if other != "forget":
            assert again.shown() == before
        assert bool(again.preview()) <= (mark_of(NAME) in again.gallery.objects) or 0 not in (codes["a"],)
        ok(again.run(scene, "deploy", preview=NAME))
        assert again.preview()["gallery-metadata.json"][0] == scene.gallery.raw
        ok(again.run(scene, "cleanup", preview=NAME))
        assert not again.of_previews()
    assert len(won) > 1 or other == "deploy", won


@pytest.mark.slow
def test_a_preview_of_one_changed_photo_among_three_thousand_objects_sends_its_bytes(tmp_path: Path):
    folder, buckets = tmp_path / "workspace/prod/pics", Buckets()
    galleries.make(folder, 1000, small=True)
    scene = Scene(
        tmp_path / "workspace", Gallery(folder, {}, "bare", unchanged, "jpg", None), {}, {"hash-check": "off"}
    )
    ok(buckets.run(scene, "deploy"))
    before = buckets.shown()
    assert len(before) == 3001
    galleries.change(folder, 0.001)
    ran = ok(buckets.run(scene, "deploy", preview=NAME, concurrency="16"))
    sent = {key for key, it in buckets.preview().items() if it != before.get(key)} - {"gallery-metadata.json"}
    (full,) = sent
    assert int(ran.outputs["bytes-uploaded"]) == len(buckets.preview()[full][0])
    assert ran.outputs["files-uploaded"] == "1"
    assert len(buckets.preview()) == 3001
