"""A job whose target is a strict S3, with a gallery online and changes waiting."""

from __future__ import annotations

from collections.abc import Callable

from tests.doors.job import Job
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3, Profile
from tests.s3.objects import Stored

METADATA, MANIFEST = "gallery-metadata.json", ".galleria/manifest.json"
PREFIX = "wedding/"
#: starts a job against a profile of the strict S3
Start = Callable[..., "S3Job"]


class S3Job:
    """A job whose target is a strict S3, with the gallery online, and with ``changes`` one photo changed and one
    removed since."""

    def __init__(self, job: Job, s3: FakeS3, *, changes: bool = True) -> None:
        self.job, self.s3, self.gallery, self.runner = job, s3, job.gallery, job.runner
        job.runner.inputs = {
            "bucket": BUCKET, "prefix": PREFIX, "endpoint": s3.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY,
            "cors": "skip", "max-delete": "1", "site": "prod/site",
        }  # fmt: skip
        _online(job, s3)
        self.before = dict(s3.objects)
        if changes:
            job.gallery.change(0)
            job.gallery.remove(1)
        s3.calm()

    def live(self, key: str = METADATA) -> bytes:
        return self.s3.objects[PREFIX + key].body

    def untouched(self) -> bool:
        """The live gallery is as before: the same metadata, nothing deleted."""
        return self.live() == self.before[PREFIX + METADATA].body and self.before.keys() <= self.s3.objects.keys()

    def finishes(self) -> bool:
        """The next run ends well, in exactly what the gallery is."""
        self.s3.calm()
        ran = self.runner.run("deploy")
        assert ran.exit_code == 0, ran.log
        named = {PREFIX + key for photo in self.gallery.photos for key in photo["files"].values()}
        mine = {METADATA, MANIFEST, "index.html", "app.js"}
        kept = (f"{PREFIX}.galleria/releases/", f"{PREFIX}.galleria/pool/")
        there = {key for key in self.s3.objects if not key.startswith(kept)}
        return self.live() == self.gallery.raw and there == named | {PREFIX + key for key in mine}


#: what the first deploy leaves in a service of a profile, from a gallery that is always the same (test_sequence.py sees
#: that it is whole on another server, too)
_LEFT: dict[Profile, dict[str, Stored]] = {}


def _online(job: Job, s3: FakeS3) -> None:
    """Have the gallery online: by a deploy once for each profile, then from what lay there."""
    if s3.profile in _LEFT:
        s3.objects.update(_LEFT[s3.profile])
        return
    assert job.runner.run("deploy").exit_code == 0
    if not s3.profile.stale_lists:  # there it matters when a thing was written
        _LEFT[s3.profile] = dict(s3.objects)
