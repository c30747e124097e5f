"""The policy that docs/security.md gives for a public bucket, on a server that obeys policies."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.storage import get_s3_client
from tests.doors.job import Job
from tests.servers import Unavailable
from tests.servers.real import radosgw

pytestmark = pytest.mark.slow
_PAGE = Path(__file__).parents[2] / "docs/security.md"
_STATEMENT = re.compile(r"### The statement.*?```json\n(.*?)```", re.DOTALL)


def test_the_documented_policy_hides_the_records_from_visitors_and_not_from_a_deploy(
    make_job: Callable[..., Job],
) -> None:
    statement = _STATEMENT.search(_PAGE.read_text())
    assert statement, "the page gives no statement"
    try:
        running = radosgw()
        server = running.__enter__()
    except Unavailable as why:
        pytest.skip(f"radosgw is not available here: {why}")
    try:
        client = get_s3_client(server.url, server.access_key, server.secret_key, "us-east-1")
        client.create_bucket(Bucket="my-gallery")
        policy = {"Version": "2012-10-17", "Statement": [json.loads(statement.group(1))]}
        client.put_bucket_policy(Bucket="my-gallery", Policy=json.dumps(policy))
        job = make_job("folder")
        job.runner.inputs = {
            "bucket": "my-gallery", "endpoint": server.url, "access-key": server.access_key,
            "secret-key": server.secret_key, "public-url": f"{server.url}/my-gallery", "cors": "skip",
        }  # fmt: skip
        for _ in range(2):
            ran = job.runner.run("deploy")
            assert ran.exit_code == 0, ran.log
            assert "Anybody can read" not in ran.log
        assert _asked(f"{server.url}/my-gallery/gallery-metadata.json") == 200
        assert _asked(f"{server.url}/my-gallery/{MANIFEST_KEY}") == 403
        client.close()
    finally:
        running.__exit__(None, None, None)


def _asked(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
