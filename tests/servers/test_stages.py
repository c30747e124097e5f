"""One gallery through four environments on four kinds of targets, and two broken releases on the way. Slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from galleria_action.storage import get_s3_client
from tests.doors.job import Job
from tests.doors.stages import Place, Stages, broken_releases, folder, stages
from tests.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, FakeS3
from tests.servers import Unavailable
from tests.servers.real import Server, moto, radosgw

pytestmark = pytest.mark.slow


def on_server(server: Server, bucket: str) -> Place:
    client = get_s3_client(server.url, server.access_key, server.secret_key, "us-east-1")
    client.create_bucket(Bucket=bucket)

    def read() -> dict[str, bytes]:
        keys = [it["Key"] for it in client.list_objects_v2(Bucket=bucket).get("Contents", ())]
        return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    return Place(f"bucket: {bucket}, endpoint: '{server.url}'", read, (server.access_key, server.secret_key))


@pytest.fixture
def world(make_job: Callable[..., Job], fake_s3: Callable[..., FakeS3], tmp_path: Path) -> Iterator[Stages]:
    """Development on moto, testing on Ceph's gateway, staging in a folder, production on the strict S3."""
    s3 = fake_s3("aws")

    def production() -> dict[str, bytes]:
        return {key: it.body for key, it in list(s3.buckets[BUCKET].items())}

    try:
        ceph = radosgw()
        gateway = ceph.__enter__()
    except Unavailable as why:
        pytest.skip(f"radosgw is not available here: {why}")
    try:
        with moto() as server:
            places = {
                "development": on_server(server, "gallery-dev"),
                "testing": on_server(gateway, "gallery-test"),
                "staging": folder(tmp_path / "staging"),
                "production": Place(f"bucket: {BUCKET}, endpoint: '{s3.url}'", production, (ACCESS_KEY, SECRET_KEY)),
            }
            with stages(make_job(), places) as made:
                yield made
    finally:
        ceph.__exit__(None, None, None)


def test_one_gallery_through_four_environments(world: Stages):
    world.config(staging="router: pointer", production="router: pointer, from: staging")
    for text in ("One", "Other"):
        world.change(text)
        for name in ("development", "testing", "staging"):
            world.done("pipeline", name)
        shown = {name: edge.shown() for name, edge in world.edges.items()}
        assert shown["testing"] == shown["staging"] != shown["production"]
        differing = {key for key, body in shown["development"].items() if shown["testing"].get(key) != body}
        assert differing == {"gallery-metadata.json"}, "testing publishes no paths of the photographer's machine"
        world.done("pipeline", "production")
        assert world.edges["production"].shown() == shown["staging"], "byte for byte what staging shows"
    ways = {}
    for name, place in world.places.items():
        newest = max(key for key in place.bucket() if key.startswith(".galleria/releases/2"))
        ways[name] = place.bucket()[newest]
    told = {"development": b"recreate", "testing": b"", "staging": b"blue-green", "production": b"canary"}
    assert all(strategy in ways[name] for name, strategy in told.items())
    broken_releases(world)
