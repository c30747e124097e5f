"""The whole life of a gallery with its releases on real servers. Slow: they are installed first, where possible."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from galleria_action.storage import get_s3_client, open_store
from galleria_action.storage.interface import Target
from galleria_action.storage.settings import StoreSettings
from tests.reliability.memory import MemoryStore
from tests.reliability.past import Past, live_a_whole_life
from tests.reliability.scenes import make_scene
from tests.servers import Unavailable
from tests.servers.real import SERVERS, Server

pytestmark = pytest.mark.slow


@pytest.fixture(params=["moto", "radosgw", "localstack"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One of the servers that compare conditions."""
    try:
        running = SERVERS[request.param]()
        found = running.__enter__()
    except Unavailable as why:
        pytest.skip(f"{request.param} is not available here: {why}")
    try:
        yield found
    finally:
        running.__exit__(None, None, None)


def test_ten_releases_come_back_in_any_order(server: Server, tmp_path: Path) -> None:
    target = Target(server.url, "releases", "gal/")
    client = get_s3_client(server.url, server.access_key, server.secret_key, "us-east-1")
    client.create_bucket(Bucket=target.bucket)
    client.close()
    settings = StoreSettings(target=target, access_key=server.access_key, secret_key=server.secret_key, concurrency=8)
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    scene.inputs |= {
        "bucket": target.bucket, "prefix": target.prefix, "endpoint": server.url, "access-key": server.access_key,
        "secret-key": server.secret_key, "concurrency": "8",
    }  # fmt: skip
    live_a_whole_life(Past(scene, open_store(settings), open_store), Random(3))
