"""What all tests share: how long one may take, where files lie, one S3 server per worker, a fresh bucket per test."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from galleria_action.storage.interface import Target
from galleria_action.storage.settings import StoreSettings
from tests.s3 import Bucket, FakeS3, Profile, profile_of
from tests.servers import ACCESS_KEY, SECRET_KEY, moto_server
from tests.storage.stores import open_boto3, open_s3

# Examples share their machine with other tests, so the time that one takes says nothing.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

_NUMBERS = count(1)

#: where Linux keeps files in memory; the tests write some hundred thousand small ones, most of them for a moment
_IN_MEMORY = Path("/dev/shm")
#: bytes that all tests together may need there (failed ones leave theirs to be looked at)
_ROOM = 2 << 30

_TESTS = Path(__file__).parent
#: the folders and files of tests that lie here
_PARTS = sorted(it.name for it in _TESTS.iterdir() if (it / "__init__.py").exists() or it.name.startswith("test_"))

#: seconds after which a slow test hangs; the others have what pyproject.toml says
_SLOW_SECONDS = 1200


def pytest_configure(config: pytest.Config) -> None:
    """Folders of tests lie in memory where there is room, unless somebody says where they are to lie."""
    elsewhere = config.option.basetemp or os.environ.get("TMPDIR")
    if not elsewhere and os.access(_IN_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if worker and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        # Each begins with another part, and finds the others' parts compiled by them: half of what collecting takes.
        first = int(worker) * len(_PARTS) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        config.args = [str(_TESTS / part) for part in (*_PARTS[first:], *_PARTS[:first])]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """What is collected, a million objects, stays to the end: who looks for garbage need not go through it each time,
    nor look quite as often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(5_000)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The same order in all workers, and more time for what is slow."""
    items.sort(key=lambda item: _place_of(item.path))
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_SLOW_SECONDS))


@cache
def _place_of(path: Path) -> int:
    return _PARTS.index(path.relative_to(_TESTS).parts[0])


def moto_backend() -> Any:
    """The server's memory: the fast back door for seeding and looking."""
    from moto.core.models import DEFAULT_ACCOUNT_ID  # takes most of a second
    from moto.s3.models import s3_backends

    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


@pytest.fixture(scope="session")
def shared_s3() -> Iterator[FakeS3]:
    """A strict S3 for all tests of a worker, each of which has buckets of its own there."""
    with FakeS3(profile_of("aws", checks_region=False)) as s3:
        s3.secrets = {ACCESS_KEY: SECRET_KEY}
        yield s3


@pytest.fixture
def make_bucket(shared_s3: FakeS3) -> Callable[[str], StoreSettings]:
    """Makes a bucket and returns the settings for it with the prefix that is given."""
    shared_s3.calm()

    def make(prefix: str = "") -> StoreSettings:
        settings = _a_bucket(shared_s3.url, prefix)
        shared_s3.buckets[settings.target.bucket] = Bucket()
        return settings

    return make


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """A server that somebody else has written, which takes ten times as long for its answers."""
    with moto_server() as url:
        yield url


@pytest.fixture
def make_moto_bucket(moto: str) -> Callable[[str], StoreSettings]:
    """As ``make_bucket``, in moto."""

    def make(prefix: str = "") -> StoreSettings:
        settings = _a_bucket(moto, prefix)
        moto_backend().create_bucket(settings.target.bucket, "us-east-1")
        return settings

    return make


def _a_bucket(endpoint: str, prefix: str) -> StoreSettings:
    target = Target(endpoint=endpoint, bucket=f"bucket-{next(_NUMBERS)}", prefix=prefix)
    return StoreSettings(target=target, access_key=ACCESS_KEY, secret_key=SECRET_KEY, concurrency=4)


@pytest.fixture(scope="session", autouse=True)
def _for_all_tests() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        _nobody_waits(monkeypatch)
        _no_authorities(monkeypatch)
        yield


def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A publish whose run was killed is taken for dead at once, visitors have left a slot as soon as they are sent
    elsewhere, and a listing shows what was written, or never does."""
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 0)
    monkeypatch.setattr("galleria_action.deployment.routing.router.LEFT_ALONE_SECONDS", 0)
    monkeypatch.setattr("galleria_action.deployment.remote.reading.LISTING_PAUSES_SECONDS", (0.001, 0.001, 0.001))


def _no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom this machine trusts is of no interest, and to read it takes longer than a deploy to a server in here."""
    for name in ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(_TESTS))  # a folder without certificates


@pytest.fixture
def fake_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., FakeS3]]:
    """Starts a strict S3 of a profile; with ``tls`` both clients are made to trust it."""
    with ExitStack() as running:

        def start(profile: str | Profile = "aws", *, tls: bool = False, region: str = "us-east-1") -> FakeS3:
            s3 = running.enter_context(FakeS3(profile, tls=tls, region=region))
            if tls:
                for name in ("SSL_CERT_FILE", "AWS_CA_BUNDLE"):
                    monkeypatch.setenv(name, str(s3.certificate))
            return s3

        yield start


@pytest.fixture(params=[open_s3, open_boto3], ids=["s3", "boto3"])
def open_it(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return request.param  # type: ignore[no-any-return]
