"""A pull request that changes a gallery, from its plan to the deploy: what the action writes for people on the way."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import piexif

from docs.pictures.paint import encoded, landscape
from galleria_action.storage import get_s3_client
from tests.builders import Gallery, make_gallery, photo_bytes
from tests.doors.job import Job
from tests.doors.pull_requests import NUMBER, Project
from tests.doors.runner import Runner
from tests.fake_github import fake_github
from tests.servers import ACCESS_KEY, SECRET_KEY, moto_server

BUCKET = "wedding"
_FOR_VISITORS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:HeadObject"],
            # our records are nobody's business
            "Resource": [f"arn:aws:s3:::{BUCKET}/{it}" for it in ("photos/*", "index.html", "gallery-metadata.json")],
        }
    ],
}
_SHOWN_AS = {"service": "https://fsn1.your-objectstorage.com", "visitors": "https://photos.example.org"}


@dataclass(frozen=True, slots=True)
class Seen:
    """What people see. ``by`` is whose comment it is; a summary is nobody's."""

    name: str
    markdown: str
    by: str = ""


def play(folder: Path) -> Iterator[Seen]:
    """The scene, one sight after the other; while each is looked at, the gallery is online for its pictures."""
    with moto_server() as endpoint, fake_github() as github:
        client = get_s3_client(endpoint, ACCESS_KEY, SECRET_KEY, "us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(_FOR_VISITORS))
        project = Project(_job(folder, endpoint), github)
        _succeeds(project.push("deploy"))
        _edit(project.job.gallery)
        _succeeds(project.pull_request())
        yield Seen("comment", _shown(github.comments[NUMBER][0]["body"], endpoint), "github-actions")
        project.merge()
        done = _succeeds(project.push("deploy"))
        yield Seen("summary", _shown(done.summary, endpoint))


def _job(folder: Path, endpoint: str) -> Job:
    workspace = folder / "repository"
    site = workspace / "prod/site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
    gallery = make_gallery(workspace / "prod/pics", photos=9)
    for index in range(9):
        _paint(gallery, index)
    inputs = {
        "site": "prod/site",
        "bucket": BUCKET,
        "endpoint": endpoint,
        "access-key": ACCESS_KEY,
        "secret-key": SECRET_KEY,
        "setup-cors": "true",
        "public-url": f"{endpoint}/{BUCKET}",
    }
    return Job(workspace, gallery, site, Runner(workspace, inputs))


def _edit(gallery: Gallery) -> None:
    """Four photos become brighter, one is new, one goes."""
    for index in (1, 2, 4, 6):
        _paint(gallery, index, brighter=True)
    gallery.add(9)
    _paint(gallery, 9)
    gallery.remove(7)


def _paint(gallery: Gallery, index: int, *, brighter: bool = False) -> None:
    photo = gallery.photos[index]
    number = int(photo["id"].rsplit("-", 1)[1])
    taken = piexif.load(photo_bytes(number))
    full = encoded(landscape(number, 1800, 1200, brighter=brighter), "JPEG", exif=piexif.dump(taken))
    gallery.local_path(index, "full").write_bytes(full)
    gallery.local_path(index, "web").write_bytes(encoded(landscape(number, 900, 600, brighter=brighter), "JPEG"))
    gallery.local_path(index, "thumb").write_bytes(encoded(landscape(number, 360, 240, brighter=brighter), "WEBP"))
    photo["file_hash"] = photo["deployment_file_hash"] = hashlib.sha256(full).hexdigest()
    gallery.save()


def _succeeds(ran):  # type: ignore[no-untyped-def]
    if ran.exit_code:
        raise SystemExit(f"the scene did not go as it should:\n{ran.log}")
    return ran


def _shown(markdown: str, endpoint: str) -> str:
    """The text with the addresses of a service in place of this machine's; pictures keep theirs, to be loaded."""
    public = f"{endpoint}/{BUCKET}"
    text = re.sub(f'(?<!src="){re.escape(public)}', _SHOWN_AS["visitors"], markdown)
    return re.sub(f'(?<!src="){re.escape(endpoint)}', _SHOWN_AS["service"], text)
