"""``docs/errors.md``: what people see when something goes wrong, word for word.

The page is written anew with ``GALLERIA_WRITE_SNAPSHOTS=1`` in the environment of the tests. Read it as a user would:
does each say what failed, what became of the gallery, and what to do?
"""

from __future__ import annotations

import errno
import io
import os
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
from galleria_action.storage.opening import open_store
from tests.builders import Gallery, make_gallery
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3
from tests.s3.wire import Request

PAGE = Path(__file__).parents[2] / "docs/errors.md"
INTRODUCTION = """\
# What it says when something goes wrong

Each of these was printed by the command line on a terminal; a test keeps this page true. In CI the same words are in
the log, in the annotations and, verdict first, in the summary. The last line has the `failure-reason` and the exit code
that scripts can go by; [the reference](reference.md) lists all of them.
"""


@dataclass
class Scene:
    """A folder with a gallery of three photos, a strict S3, and the wish to stop."""

    folder: Path
    s3: FakeS3
    gallery: Gallery
    stop: Stop = field(default_factory=Stop)

    def run(self, *args: str, places: bool = True) -> str:
        """What a run prints on a terminal, with what differs from run to run replaced."""
        out = io.StringIO()
        # one upload at a time, so that what is told comes in the same order
        environ = {"GALLERIA_CONCURRENCY": "1"}
        environ |= {"GALLERIA_ACCESS_KEY": ACCESS_KEY, "GALLERIA_SECRET_KEY": SECRET_KEY} if places else {}
        in_a_folder = any(one.startswith("file:") for one in args)
        where = {"--bucket": BUCKET, "--endpoint": self.s3.url} if places and not in_a_folder else {}
        given = [*args, *(one for name, value in where.items() if name not in args for one in (name, value))]
        run(given, World(environ, self.folder, out, out, self.stop, open_store))
        return self._steady(out.getvalue())

    def _steady(self, text: str) -> str:
        text = text.replace(self.s3.url, "https://s3.example.net").replace(str(self.folder), "/home/me/wedding")
        text = text.replace(self.s3.url.removeprefix("http://"), "s3.example.net")
        text = re.sub(r"wedding-\d{8}T\d{6}-r5a-", "wedding-", text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "5f0c…", text)
        text = re.sub(r"\b\d+(?:\.\d)? [kM]?B/s", "9 kB/s", text)
        return re.sub(r"\b\d+(?:\.\d)? s\b", "1 s", text)

    def uploads(self, then: Callable[[Request], None]) -> None:
        """Call ``then`` when the first photo arrives."""
        self._at(lambda request: request.method == "PUT" and "/full/" in request.key, then)

    def commit(self, then: Callable[[Request], None]) -> None:
        """Call ``then`` when the metadata arrives."""
        self._at(lambda request: request.method == "PUT" and request.key == "gallery-metadata.json", then)

    def _at(self, moment: Callable[[Request], bool], then: Callable[[Request], None]) -> None:
        def before(request: Request) -> None:
            if moment(request):
                then(request)

        self.s3.before = before


# -- the situations ------------------------------------------------------------------------------------------------


def wrong_option(scene: Scene) -> tuple[str, str]:
    command = "deploy --bukcet wedding --max-delete lots"
    return command, scene.run(*command.split(), places=False)


def misspelt_command(scene: Scene) -> tuple[str, str]:
    return "delpoy", scene.run("delpoy", places=False)


def no_network(scene: Scene) -> tuple[str, str]:
    scene.s3.script("drop*")
    return "deploy --cors skip", scene.run("deploy", "--cors", "skip")


def wrong_key(scene: Scene) -> tuple[str, str]:
    scene.s3.secrets = {"another": SECRET_KEY}
    return "deploy --cors skip", scene.run("deploy", "--cors", "skip")


def wrong_bucket(scene: Scene) -> tuple[str, str]:
    return "deploy --bucket weding --cors skip", scene.run("deploy", "--bucket", "weding", "--cors", "skip")


def missing_source(scene: Scene) -> tuple[str, str]:
    return "deploy --source pics", scene.run("deploy", "--source", "pics")


def broken_json(scene: Scene) -> tuple[str, str]:
    path = scene.folder / "prod/pics/gallery-metadata.json"
    path.write_bytes(path.read_bytes().replace(b'"photos": [', b'"photos": [,', 1))
    return "validate", scene.run("validate", places=False)


def missing_photo(scene: Scene) -> tuple[str, str]:
    scene.gallery.local_path(1, "web").unlink()
    return "deploy", scene.run("deploy")


def changed_photo(scene: Scene) -> tuple[str, str]:
    photo = scene.gallery.local_path(1, "full")
    photo.write_bytes(photo.read_bytes()[:-2] + b"xx")
    return "deploy --cors skip", scene.run("deploy", "--cors", "skip")


def read_only(scene: Scene) -> tuple[str, str]:
    scene.s3.script("403:AccessDenied*", "PutObject")
    return "deploy --cors skip", scene.run("deploy", "--cors", "skip")


def full_disk(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("galleria_action.storage.folder_store._write", full)
    return "deploy --bucket file:///mnt/usb", scene.run("deploy", "--bucket", f"file://{scene.folder}/usb").replace(
        "/home/me/wedding/usb", "/mnt/usb"
    )


def quota(scene: Scene) -> tuple[str, str]:
    scene.s3.script("403:QuotaExceeded*", "PutObject")
    return "deploy --cors skip", scene.run("deploy", "--cors", "skip")


def cors(scene: Scene) -> tuple[str, str]:
    return "deploy", scene.run("deploy")


def too_many_deletes(scene: Scene) -> tuple[str, str]:
    scene.run("deploy", "--cors", "skip")
    scene.gallery.remove(2)
    scene.gallery.remove(0)
    return "deploy --cors skip     # after two of three photos have gone", scene.run("deploy", "--cors", "skip")


def object_missing(scene: Scene) -> tuple[str, str]:
    scene.run("deploy", "--cors", "skip")
    del scene.s3.objects[scene.gallery.photos[1]["files"]["web"]]
    return "verify", scene.run("verify")


def damaged_original(scene: Scene) -> tuple[str, str]:
    photo = scene.gallery.local_path(0, "full").read_bytes()
    for name, content in (("IMG_1.jpg", photo), ("IMG_2.jpg", photo[: len(photo) // 2]), ("notes.txt", b"hello")):
        path = scene.folder / "originals" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return "process originals", scene.run("process", "originals", places=False)


def stopped_at_the_upload(scene: Scene) -> tuple[str, str]:
    scene.uploads(lambda _: scene.stop.request(signal.SIGINT))
    return "deploy --cors skip     # Ctrl-C while photos are sent", scene.run("deploy", "--cors", "skip")


def stopped_at_the_commit(scene: Scene) -> tuple[str, str]:
    scene.commit(lambda _: scene.stop.request(signal.SIGINT))
    return "deploy --cors skip     # Ctrl-C at the commit", scene.run("deploy", "--cors", "skip")


SITUATIONS: dict[str, Callable[..., tuple[str, str]]] = {
    "An option that does not exist": wrong_option,
    "A misspelt command": misspelt_command,
    "No network": no_network,
    "A wrong key": wrong_key,
    "A wrong bucket": wrong_bucket,
    "A missing source": missing_source,
    "Broken JSON": broken_json,
    "A photo is missing": missing_photo,
    "A photo has changed": changed_photo,
    "A key that may only read": read_only,
    "A full disk": full_disk,
    "A quota is reached": quota,
    "CORS rules are missing": cors,
    "More would be deleted than is permitted": too_many_deletes,
    "Something is missing in the bucket": object_missing,
    "A damaged original": damaged_original,
    "Ctrl-C while uploading": stopped_at_the_upload,
    "Ctrl-C at the commit": stopped_at_the_commit,
}


@pytest.fixture
def scene(tmp_path: Path, fake_s3: Callable[..., FakeS3], monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr("galleria_action.storage.persistence.FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr("galleria_action.storage.persistence.LONGEST_WAIT_SECONDS", 0.01)
    folder = tmp_path / "wedding"
    yield Scene(folder, fake_s3(), make_gallery(folder / "prod/pics", 3))


def sections() -> dict[str, str]:
    """The page's sections by heading."""
    if not PAGE.exists():
        return {}
    _, *parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return {heading: text for heading, _, text in (part.partition("\n") for part in parts)}


@pytest.mark.parametrize("title", SITUATIONS)
def test_what_is_printed(title: str, scene: Scene, monkeypatch: pytest.MonkeyPatch):
    situation = SITUATIONS[title]
    command, printed = situation(scene, monkeypatch) if situation is full_disk else situation(scene)
    section = f"\n```console\n$ galleria-action {command}\n{printed.rstrip()}\n```\n"
    if os.environ.get("GALLERIA_WRITE_SNAPSHOTS"):
        known = {**sections(), title: f"{section}\n"}
        page = [f"## {name}\n{known[name].rstrip()}\n" for name in SITUATIONS if name in known]
        PAGE.write_text("\n".join([INTRODUCTION, *page]), encoding="utf-8")
    assert sections()[title].rstrip("\n") == section.rstrip("\n")


def test_the_page_tells_of_every_situation():
    assert list(sections()) == list(SITUATIONS)
