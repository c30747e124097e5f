"""Faults of the storage, on the wire, as the action's users meet them: what the run says, and what the bucket holds."""

from __future__ import annotations

import json

import pytest

from tests.doors.s3_job import MANIFEST, METADATA, PREFIX, Start
from tests.doors.test_failures import failed
from tests.s3 import BUCKET


@pytest.mark.parametrize(
    ("operation", "key", "permission"),
    [
        ("GetObject", "*" + METADATA, "s3:GetObject"),
        ("GetObject", "*" + MANIFEST, "s3:GetObject"),
        ("ListObjectsV2", "*", "s3:ListBucket"),
        ("PutObject", "*/.galleria/pool/*", "s3:PutObject"),
        ("PutObject", "*" + MANIFEST, "s3:PutObject"),
        ("PutObject", "*" + METADATA, "s3:PutObject"),
    ],
)
def test_access_denied_names_call_and_permission(start: Start, operation: str, key: str, permission: str):
    job = start()
    job.s3.script("403*", operation, key)
    ran = failed(job.runner.run("deploy"), "permission")
    assert permission in ran.log
    assert f"'{BUCKET}'" in ran.log
    assert job.untouched()
    assert job.finishes()


def test_access_denied_on_deletes_ends_live_and_says_so(start: Start):
    job = start()
    job.s3.script("403*", ("DeleteObject", "DeleteObjects"), "*/photos/*")
    ran = failed(job.runner.run("deploy"), "permission")
    assert "s3:DeleteObject" in ran.log
    assert job.live() == job.gallery.raw
    assert job.before.keys() <= job.s3.objects.keys()
    assert job.finishes()


@pytest.mark.parametrize("operation", ["GetBucketCors", "PutBucketCors"])
def test_access_denied_on_cors_rules(start: Start, operation: str):
    job = start()
    job.s3.script("403*", operation)
    ran = failed(job.runner.run("deploy", cors="require", setup_cors="true"), "permission")
    assert f"s3:{operation.replace('Cors', 'CORS')}" in ran.log
    assert job.untouched()


@pytest.mark.parametrize("after", [0, 2, 4, 5])
def test_credentials_that_expire_end_the_run_before_the_commit(start: Start, after: int):
    """Wherever in the run it happens; what is uploaded is kept, and nothing is deleted."""
    job = start()
    job.s3.script(f"ok*{after} 400:ExpiredToken*", "PutObject")
    ran = failed(job.runner.run("deploy", concurrency="1"), "credentials")
    assert "expired" in ran.log
    assert "role-duration-seconds" in ran.log
    assert job.untouched()
    assert not [request for request in job.s3.asked("DeleteObjects") if request.status == 200]
    assert job.finishes()


def test_clock_skew(start: Start):
    job = start()
    job.s3.clock_skew = 20 * 60
    ran = failed(job.runner.run("deploy"), "credentials")
    assert "clock" in ran.log
    assert job.untouched()


def test_wrong_region_is_named(start: Start):
    job = start("aws", region="us-east-1")
    job.s3.region = "eu-west-3"
    ran = failed(job.runner.run("deploy"), "bucket-missing")
    assert "Set region to eu-west-3" in ran.log
    assert job.untouched()


def test_wrong_keys(start: Start):
    job = start()
    ran = failed(job.runner.run("deploy", secret_key="wrong"), "credentials")
    assert "secret-key" in ran.log
    ran = failed(job.runner.run("deploy", access_key="AKIAUNKNOWN"), "credentials")
    assert "access-key" in ran.log


def test_bucket_that_is_gone_in_the_middle(start: Start):
    job = start()
    job.s3.script("ok 404:NoSuchBucket*", "PutObject")
    ran = failed(job.runner.run("deploy", concurrency="1"), "bucket-missing")
    assert BUCKET in ran.outputs["message"]
    assert job.untouched()


@pytest.mark.parametrize(
    "weather",
    [
        "503*4", "429:*4", "lost*4", "drop*4", "500 lost 503@0.01 429:Foreign drop", "empty*2", "empty+*2",
        "cut*2 400:BadDigest*2",
    ],
)  # fmt: skip
@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2", "PutObject", "DeleteObjects"])
def test_faults_that_pass_do_not_show(start: Start, weather: str, operation: str):
    """Every request of the operation meets them, among them the commit and the deletes."""
    job = start()
    for key in ("*" + METADATA, "*" + MANIFEST, "*/photos/full/*", "*/photos/web/*", ""):
        job.s3.script(weather, operation, key)
    ran = job.runner.run("deploy")
    assert (ran.exit_code, ran.outputs["consistent"]) == (0, "true"), ran.log
    assert job.live() == job.gallery.raw
    assert job.finishes()


@pytest.mark.parametrize("word", ["lost*", "503+*", "stall+"])
@pytest.mark.parametrize("key", [METADATA, MANIFEST])
def test_a_commit_whose_answer_is_lost_for_good_is_read_back(start: Start, key: str, word: str, monkeypatch):
    """It took effect, no answer ever came: the run finds out and goes on."""
    monkeypatch.setattr("galleria_action.storage.s3.wire.SILENCE_SECONDS", 1)
    job = start()
    job.s3.script(word, "PutObject", "*" + key)
    ran = job.runner.run("deploy")
    assert (ran.exit_code, ran.outputs["metadata-uploaded"]) == (0, "true"), ran.log
    assert job.live() == job.gallery.raw


def test_a_commit_that_never_arrives_is_not_assumed(start: Start):
    job = start()
    job.s3.script("drop*", "PutObject", "*" + METADATA)
    failed(job.runner.run("deploy"), "storage-unavailable")
    assert job.untouched()
    assert not job.s3.asked("DeleteObjects")
    assert job.finishes()


def test_a_commit_whose_outcome_cannot_be_learnt_says_so(start: Start):
    job = start()
    job.s3.script("lost*", "PutObject", "*" + METADATA)
    job.s3.script("ok 503*", "GetObject", "*" + METADATA)
    ran = failed(job.runner.run("deploy"), "storage-unavailable")
    assert "the old one or the new one" in ran.log
    assert not job.s3.asked("DeleteObjects")
    assert job.finishes()


def test_another_commit_in_the_meantime_is_a_conflict(start: Start):
    job = start()
    others = json.dumps({**job.gallery.document, "collection": "other"}).encode()

    def other_deploy(request):
        if request.key == PREFIX + METADATA and request.operation == "PutObject":
            job.s3.before = lambda request: None
            job.s3.seed({PREFIX + METADATA: others})

    job.s3.before = other_deploy
    failed(job.runner.run("deploy"), "conflict")
    assert job.live() == others
    assert job.before.keys() <= job.s3.objects.keys()


@pytest.mark.parametrize("profile", ["ignores-conditions", "rejects-conditions", "gcs", "b2"])
def test_without_conditional_writes_the_run_says_that_the_window_is_narrowed(start: Start, profile: str):
    job = start(profile)
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert "narrowed, not closed" in ran.log
    assert job.live() == job.gallery.raw
    assert not [key for key in job.s3.objects if ".galleria/probe" in key]


@pytest.mark.parametrize("profile", ["ignores-conditions", "rejects-conditions"])
def test_a_commit_before_ours_is_seen_without_conditional_writes_too(start: Start, profile: str):
    job = start(profile)
    others = json.dumps({**job.gallery.document, "collection": "other"}).encode()
    job.s3.after = lambda request: (
        job.s3.seed({PREFIX + METADATA: others})
        if "/.galleria/pool/" in request.key and request.method == "PUT"
        else None
    )
    failed(job.runner.run("deploy"), "conflict")
    assert job.live() == others


@pytest.mark.parametrize("profile", ["aws", "r2", "hetzner", "ceph", "minio", "opaque-etags"])
def test_with_conditional_writes_it_says_nothing_of_the_kind(start: Start, profile: str):
    job = start(profile)
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert "narrowed" not in ran.log
    assert job.finishes()


def test_nothing_to_do_probes_nothing(start: Start):
    job = start("ignores-conditions")
    assert job.finishes()
    job.s3.calm()
    assert job.runner.run("deploy").exit_code == 0
    assert not job.s3.asked("mutating")


@pytest.mark.parametrize("profile", ["aws", "ceph", "b2"])
def test_over_tls(start: Start, profile: str):
    job = start(profile, tls=True)
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert not [request for request in job.s3.requests if "aws-chunked" in request.headers.get("content-encoding", "")]
    assert job.finishes()


def test_a_listing_that_is_stale_for_a_moment_is_asked_for_again(start: Start):
    job = start("stale-lists")
    ran = job.runner.run("deploy")
    assert (ran.exit_code, ran.outputs["consistent"]) == (0, "true"), ran.log


def test_many_uploads_that_a_listing_does_not_show_yet_are_not_gone(start: Start):
    """Before its commit a deploy looks whether what it uploaded is still there; of many files by a listing."""
    job = start("stale-lists")
    for number in range(120):
        (job.job.site / f"{number}.css").write_text(f"{number}", encoding="utf-8")
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert int(ran.outputs["files-uploaded"]) > 120


def test_one_cause_is_told_once_with_its_own_advice(start: Start):
    """A gateway that refuses every photo: running again cannot help, and twenty findings say no more than one."""
    job = start()
    for number in range(30):
        (job.job.site / f"{number}.css").write_text(f"{number}", encoding="utf-8")
    job.s3.script("413:*", "PutObject", "*.css")
    ran = failed(job.runner.run("deploy"), "upload-failed")
    assert "client_max_body_size" in ran.log
    assert "Run again" not in ran.log
    assert "Problems (2)" not in ran.log
    assert job.untouched()


@pytest.mark.parametrize("weather", ["503*", "drop*"])
def test_what_may_pass_is_advised_to_be_run_again(start: Start, weather: str):
    job = start()
    job.s3.script(weather, "PutObject", "*/.galleria/pool/*")
    assert "Run again" in failed(job.runner.run("deploy"), "upload-failed").log


def test_headers_by_rules_of_the_config_file(start: Start):
    job = start("aws")
    (job.job.site / "game.unityweb").write_bytes(b"x")
    (job.job.workspace / "galleria.yml").write_text(
        "headers:\n"
        "  - match: '*.unityweb'\n    content-encoding: br\n    cache-control: max-age=9\n"
        "  - match: photos/thumb/**\n    content-type: image/x-test\n",
        encoding="utf-8",
    )
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    sent = job.s3.objects[PREFIX + "game.unityweb"].headers
    assert (sent["content-encoding"], sent["cache-control"]) == ("br", "max-age=9")
    thumbs = [stored for key, stored in job.s3.objects.items() if "/thumb/" in key]
    assert {stored.headers["content-type"] for stored in thumbs} == {"image/x-test"}, "headers alone are a change"


def test_rules_for_headers_come_from_nowhere_else(start: Start):
    job = start()
    (job.job.workspace / "galleria.yml").write_text("headers:\n  - match: a\n    acl: public-read\n", encoding="utf-8")
    failed(job.runner.run("plan"), "config-invalid")


def test_what_had_to_be_repeated_is_counted(start: Start):
    job = start()
    job.s3.script("503*3", "CopyObject")
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert ran.result["retries"] == 3
    assert job.runner.run("verify").result["retries"] == 0
