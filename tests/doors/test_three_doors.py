"""The same scenes through the action, the command line and the Python API, which must not differ in anything.

A scene is a gallery that changes from step to step. Each door has a bucket of its own and does every step in it;
after each step the three tell the same, field by field, and the three buckets hold the same objects.
"""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from galleria_action import deployment, storage
from galleria_action.deployment.stop import Stop
from galleria_action.gallery import GalleryMetadata
from galleria_action.run import World, run
from galleria_action.storage.settings import StoreSettings
from tests.builders import Gallery, make_gallery
from tests.doors.runner import Runner, s3_inputs
from tests.s3 import FakeS3, Stored
from tests.servers import ACCESS_KEY, SECRET_KEY

#: what the API does not ask about, so that the other two doors leave it alone, too
_OPTIONS = {"cors": "skip", "orphans": "ignore", "max-delete": "50%"}
#: fields of a result that differ from run to run, or tell where the door was
_OWN = {"duration_seconds", "requests", "plan_id", "plan_file", "result_file", "url", "release_id", "previous_release"}
_NOTHING = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_STEPS = count(1)


@dataclass(frozen=True)
class Bucket:
    """The bucket of one door, and what lies there."""

    settings: StoreSettings
    content: MutableMapping[str, Stored]

    @property
    def name(self) -> str:
        return self.settings.target.bucket

    def objects(self) -> dict[str, bytes]:
        """What lies there; of our own records only of which kinds there are some, because they hold and bear times."""
        found = {key: stored.body for key, stored in self.content.items()}
        ours = {key for key in found if key.startswith(".galleria/")}
        kinds = {"/".join(key.split("/")[:2]): b"" for key in ours}
        return {key: body for key, body in found.items() if key not in ours} | kinds

    def damage(self, part: str) -> None:
        """Another program overwrites an object."""
        self.content[self._key(part)] = Stored.of(b"another program was here")

    def lose(self, part: str) -> None:
        """An object is deleted by somebody."""
        del self.content[self._key(part)]

    def _key(self, part: str) -> str:
        return next(key for key in sorted(self.content) if part in key and "pool" not in key)


def by_action(bucket: Bucket, gallery: Gallery, dry_run: bool) -> dict[str, Any]:
    """The result file of the action."""
    workspace = gallery.source.parents[1]
    inputs = s3_inputs(bucket.settings) | _OPTIONS | {"dry-run": str(dry_run).lower()}
    return Runner(workspace, inputs, step=next(_STEPS)).run("deploy").result


def by_command_line(bucket: Bucket, gallery: Gallery, dry_run: bool) -> dict[str, Any]:
    """What ``--json`` prints."""
    workspace = gallery.source.parents[1]
    environment = _NOTHING | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    arguments = ["deploy", "--json"]
    arguments += [f"--bucket={bucket.name}", f"--endpoint={bucket.settings.target.endpoint}"]
    arguments += [f"--{name}={value}" for name, value in _OPTIONS.items()] + (["--dry-run"] if dry_run else [])
    out = io.StringIO()
    run(arguments, World(environment, workspace, out, io.StringIO(), Stop()))
    return json.loads(out.getvalue())  # type: ignore[no-any-return]


#: making one takes longer than what is then done with it
_client = cache(storage.get_s3_client)


def by_python(bucket: Bucket, gallery: Gallery, dry_run: bool) -> dict[str, Any]:
    """What the API's function returns."""
    client = _client(bucket.settings.target.endpoint or "", ACCESS_KEY, SECRET_KEY, "us-east-1")
    metadata = GalleryMetadata.from_dict(json.loads(gallery.raw))
    return deployment.deploy_gallery_metadata(client, bucket.name, metadata, gallery.source, dry_run, max_delete="50%")


DOORS: dict[str, Callable[[Bucket, Gallery, bool], dict[str, Any]]] = {
    "action": by_action,
    "command line": by_command_line,
    "python": by_python,
}

Step = Callable[[Gallery, list[Bucket]], object]


@dataclass(frozen=True)
class Scene:
    """Steps of one gallery, which is ``online`` before; ``dry_run`` is that of the last."""

    name: str
    steps: list[Step] = field(default_factory=list)
    dry_run: bool = False
    ends_well: bool = True
    online: bool = True


def nothing(gallery: Gallery, buckets: list[Bucket]) -> None:
    """The gallery stays as it is."""


def _each(do: Callable[[Bucket], None]) -> Step:
    return lambda _, buckets: [do(bucket) for bucket in buckets]


def _emptied(gallery: Gallery, _: list[Bucket]) -> None:
    while gallery.photos:
        gallery.remove(0)


def _cut(gallery: Gallery, _: list[Bucket]) -> None:
    gallery.local_path(0, "web").write_bytes(b"")


def _renamed(gallery: Gallery, _: list[Bucket]) -> None:
    gallery.photos[0]["id"] = "the-cake"
    gallery.save()


SCENES = [
    Scene("a first deploy", [nothing], online=False),
    Scene("the plan of a first deploy", [nothing], dry_run=True, online=False),
    Scene("nothing to do", [nothing]),
    Scene("one photo changed", [lambda g, _: g.change(0)]),
    Scene("the plan of one photo changed", [lambda g, _: g.change(0)], dry_run=True),
    Scene("one photo removed, one added", [lambda g, _: (g.remove(1), g.add(9))]),
    Scene("an id renamed", [_renamed]),
    Scene("more removed than allowed", [lambda g, _: [g.remove(0) for _ in range(3)]], ends_well=False),
    Scene("a plan that the guard refuses", [_emptied], dry_run=True, ends_well=False),
    Scene("a gallery without photos", [_emptied], ends_well=False),
    Scene("a file missing", [lambda g, _: g.local_path(0, "web").unlink()], ends_well=False, online=False),
    Scene(
        "a file that is a web page",
        [lambda g, _: g.local_path(0, "full").write_text("<html>")],
        ends_well=False,
        online=False,
    ),
    Scene("an object lost", [_each(lambda bucket: bucket.lose("/web/"))]),
    Scene("an object overwritten", [_each(lambda bucket: bucket.damage("/thumb/"))]),
    Scene("metadata lost", [_each(lambda bucket: bucket.lose("gallery-metadata.json"))]),
    Scene("mended after a failure", [_cut, lambda g, _: g.change(0)]),
]


@pytest.fixture
def buckets(make_bucket: Callable[[str], StoreSettings], shared_s3: FakeS3) -> dict[str, Bucket]:
    made = {door: make_bucket("") for door in DOORS}
    return {door: Bucket(settings, shared_s3.buckets[settings.target.bucket]) for door, settings in made.items()}


def _told(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in _OWN}


#: what the first deploy of four photos left at each door: with it most scenes begin, and one is about it
_LEFT: dict[str, dict[str, Stored]] = {}


def _online(gallery: Gallery, buckets: dict[str, Bucket]) -> None:
    for door, bucket in buckets.items():
        if door not in _LEFT:
            assert DOORS[door](bucket, gallery, False)["success"]
            _LEFT[door] = dict(bucket.content)
        else:
            bucket.content.update(_LEFT[door])


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_no_door_differs(scene: Scene, tmp_path: Path, buckets: dict[str, Bucket]):
    gallery = make_gallery(tmp_path / "prod/pics", 4)
    if scene.online:
        _online(gallery, buckets)
    for number, step in enumerate(scene.steps, 1):
        step(gallery, list(buckets.values()))
        last = number == len(scene.steps)
        results = {door: DOORS[door](bucket, gallery, scene.dry_run and last) for door, bucket in buckets.items()}
        action, command_line, python = results.values()
        assert _told(action) == _told(command_line)
        if action[
            "dry_run"
        ]:  # through the API a dry run compares two metadata documents, as Galleria says, and no more
            assert len(python["plan"]["upload"]) == action["photos_to_upload"]
            assert len(python["plan"]["delete"]) == action["photos_to_delete"]
            continue
        for name in ("success", "dry_run", "photos_uploaded", "metadata_uploaded"):
            assert python[name] == action[name], name
        if action["success"]:
            assert python["message"] == action["message"]
        else:
            assert python["error"].startswith(action["message"].split(". ")[0].rstrip("."))
        held = [bucket.objects() for bucket in buckets.values()]
        assert held[0] == held[1] == held[2]
    assert action["success"] is scene.ends_well


def test_two_deploys_in_one_process_share_nothing(tmp_path: Path, fake_s3: Callable[..., FakeS3]):
    """Two runs with credentials, services and galleries of their own, side by side, request by request."""
    services = {"anna": fake_s3(), "ben": fake_s3("minio")}
    turn = threading.Barrier(2, timeout=60)
    codes: dict[str, int] = {}

    def meet(_: object) -> None:
        try:
            turn.wait(0.2)  # the other one is in the middle of a request, too
        except threading.BrokenBarrierError:
            turn.reset()

    def deploy(who: str) -> None:
        service = services[who]
        service.secrets.clear()
        service.secrets[f"{who}-access-key"] = f"{who}-secret-key-of-hers-alone"
        service.before = meet
        environment = _NOTHING | {
            "GALLERIA_ACCESS_KEY": f"{who}-access-key",
            "GALLERIA_SECRET_KEY": f"{who}-secret-key-of-hers-alone",
            "GALLERIA_ENDPOINT": service.url,
            "GALLERIA_BUCKET": "gallery",
            "GALLERIA_CORS": "skip",
        }
        out = io.StringIO()
        codes[who] = run(["deploy"], World(environment, tmp_path / who, out, out, Stop()))
        assert "secret-key-of-hers-alone" not in out.getvalue()

    galleries = {who: make_gallery(tmp_path / who / "prod/pics", 3) for who in services}
    galleries["ben"].change(0)
    threads = [threading.Thread(target=deploy, args=[who]) for who in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {"anna": 0, "ben": 0}
    for who, service in services.items():
        assert {request.access_key for request in service.requests} == {f"{who}-access-key"}
        assert service.buckets["gallery"]["gallery-metadata.json"].body == galleries[who].raw
