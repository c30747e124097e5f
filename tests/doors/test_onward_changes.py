"""``deploy --from`` while somebody deploys to the other environment: nothing is taken over but what was recorded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.doors.conftest import Job
from tests.doors.test_failures import failed
from tests.doors.test_onward import Stages, buckets, folders, s3
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3, Request, Stored
from tests.s3.objects import Bucket

__all__ = ("buckets", "folders", "s3")  # fixtures


def overwrite(s3: FakeS3, key: str) -> Stored:
    """Have other bytes of the same size under ``key`` in staging; what was there."""
    there = s3.objects[key]
    s3.objects[key] = Stored.of(bytes(len(there.body)), there.headers)
    return there


def photo_of(s3: FakeS3) -> str:
    return next(key for key in s3.objects if key.startswith("photos/full/"))


def refused(stages: Stages) -> None:
    ran = failed(stages.run("deploy", "production", **{"from": "staging"}), "conflict")
    assert "is not what was recorded when the plan was made" in ran.log
    assert "gallery-metadata.json" not in stages.shown("production")


def test_what_is_overwritten_while_it_is_copied(buckets: Stages, s3: FakeS3):
    """And put right afterwards, so that only the ETag of the copy tells: then it is sent."""
    buckets.deploy("staging")
    key, kept = photo_of(s3), list[Stored]()

    def before(request: Request) -> None:
        if request.operation == "CopyObject" and request.key == key:
            kept.append(overwrite(s3, key))

    def after(request: Request) -> None:
        if request.operation == "CopyObject" and request.key == key:
            s3.objects[key] = kept[0]

    s3.before, s3.after = before, after
    buckets.deploy("production", **{"from": "staging"})
    assert kept
    assert buckets.shown("production") == buckets.shown("staging")


@pytest.mark.parametrize("overwritten", [False, True])
def test_where_etags_are_foreign_the_sources_own_tells(
    make_job: Callable[..., Job], fake_s3: Callable[..., FakeS3], overwritten: bool
):
    """One object is sent to find out; the others are copied."""
    s3 = fake_s3("opaque-etags")
    s3.buckets["production"] = Bucket(s3.profile.stale_lists)
    inputs = {"endpoint": s3.url, "access-key": ACCESS_KEY, "secret-key": SECRET_KEY}

    def read(environment: str) -> dict[str, bytes]:
        return {key: it.body for key, it in s3.buckets[BUCKET if environment == "staging" else environment].items()}

    stages = Stages(make_job(), read, staging=BUCKET, production="production", inputs=inputs)  # type: ignore[arg-type]
    stages.deploy("staging")
    key, done = photo_of(s3), list[str]()

    def before(request: Request) -> None:
        if overwritten and request.operation == "CopyObject" and request.key == key and not done:
            done.append(key)
            s3.objects[key] = Stored.of(bytes(10), s3.objects[key].headers, md5_etag=False)

    s3.before = before
    if overwritten:
        refused(stages)
        assert done
        return
    ran = stages.deploy("production", concurrency="1", **{"from": "staging"})
    assert "10 objects copied inside the service, 1 object sent" in ran.outputs["message"]
    assert stages.shown("production") == stages.shown("staging")


def test_what_is_overwritten_before_it_is_read(buckets: Stages, s3: FakeS3):
    """A service that copies nothing from there; size and place are right, the bytes are not."""
    buckets.deploy("staging")
    key, done = photo_of(s3), list[str]()
    s3.script("501:NotImplemented*", "CopyObject")

    def before(request: Request) -> None:
        if request.operation == "GetObject" and request.key == key and not done:
            done.append(key)
            overwrite(s3, key)

    s3.before = before
    refused(buckets)
    assert done
