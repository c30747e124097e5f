"""The bucket's CORS rules, as commands ask for them."""

from __future__ import annotations

import pytest

from tests.doors.test_failures import failed


def test_cors_is_not_required_where_the_site_lies_beside_the_photos(make_job):
    """Its visitors load everything from one origin, so a new bucket needs no rules."""
    job = make_job("s3")
    del job.runner.inputs["cors"]
    ran = job.runner.run("deploy")
    assert (ran.exit_code, "needs none" in ran.log) == (0, True), ran.log
    job.gallery.change(0)
    failed(job.runner.run("deploy", photos_only="true"), "cors")


@pytest.mark.parametrize("provider", ["gcs", "minio"])
def test_cors_is_a_warning_where_the_service_has_no_rules_for_buckets(make_job, provider):
    job = make_job("s3")
    del job.runner.inputs["cors"], job.runner.inputs["site"]
    ran = job.runner.run("deploy", cors="require", provider=provider)
    assert ran.exit_code == 0, ran.log
    assert f"The service ({provider}) has no CORS rules" in ran.log


def test_setup_cors_writes_the_rules_and_keeps_those_of_others(make_job, make_bucket):
    from galleria_action.storage import get_bucket_cors, get_s3_client

    job = make_job("s3")
    inputs = job.runner.inputs
    del inputs["cors"]
    client = get_s3_client(inputs["endpoint"], inputs["access-key"], inputs["secret-key"], "us-east-1")
    other = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://editor.example.org"]}
    client.put_bucket_cors(Bucket=inputs["bucket"], CORSConfiguration={"CORSRules": [other]})
    assert job.runner.run("plan", setup_cors="true").exit_code == 0
    assert len(get_bucket_cors(client, inputs["bucket"])["cors_rules"]) == 1
    assert job.runner.run("deploy", setup_cors="true").exit_code == 0
    rules = get_bucket_cors(client, inputs["bucket"])["cors_rules"]
    assert [rule["AllowedMethods"] for rule in rules] == [["GET", "HEAD"], ["PUT"]]
