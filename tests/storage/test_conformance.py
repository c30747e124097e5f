"""Every store and wrapper through the one suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from galleria_action.storage.conditions import ProvingStore
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Target
from galleria_action.storage.opening import open_store
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.settings import FOLDER, StoreSettings
from galleria_action.storage.wrappers import ReadOnlyStore, RecordingStore
from tests.conftest import moto_backend
from tests.reliability.memory import MemoryStore
from tests.s3 import PROFILES, FakeS3
from tests.storage.clients import make_client
from tests.storage.conformance import JPEG, Conformance, ReadConformance, Room

#: pages of a listing at the servers here
_PAGE = 60


def s3_room(settings: StoreSettings, open_it: Callable[[StoreSettings], Any]) -> Room:
    target = settings.target
    backend = moto_backend()

    def seed(objects: Mapping[str, bytes]) -> None:
        for key, body in objects.items():
            backend.put_object(target.bucket, key, body)

    return Room(
        store=open_it(settings),
        prefix=target.prefix,
        seed=seed,
        full_keys=lambda: set(backend.get_bucket(target.bucket).keys),
        page=_PAGE,
        without_bucket=open_it(replace(settings, target=replace(target, bucket="no-such-bucket"))),
    )


def fake_room(s3: FakeS3, prefix: str, open_it: Callable[[StoreSettings], Any]) -> Room:
    settings = s3.settings(prefix)
    return Room(
        store=open_it(settings),
        prefix=prefix,
        seed=s3.seed,
        full_keys=lambda: set(s3.objects),
        page=_PAGE,
        without_bucket=open_it(replace(settings, target=replace(settings.target, bucket="no-such-bucket"))),
    )


def folder_room(folder: Path, prefix: str) -> Room:
    bucket = folder / "made" / "when needed"

    def seed(objects: Mapping[str, bytes]) -> None:
        for key, body in objects.items():
            path = bucket / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    def open_it(path: Path) -> Any:
        return open_store(StoreSettings(target=Target(FOLDER, str(path), prefix)))

    return Room(
        store=open_it(bucket),
        prefix=prefix,
        seed=seed,
        full_keys=lambda: {path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file()},
        without_bucket=open_it(folder / "missing"),
        keeps_headers=False,
        compares=False,
        missing_bucket_is_empty=True,
    )


def memory_room() -> Room:
    store = MemoryStore()

    def seed(objects: Mapping[str, bytes]) -> None:
        for key, body in objects.items():
            store.put(key, body, JPEG)

    return Room(
        store=store,
        prefix="",
        seed=seed,
        full_keys=lambda: set(store.objects),
        without_bucket=MemoryStore(),
        page=_PAGE,
        missing_bucket_is_empty=True,
    )


def open_boto3(settings: StoreSettings) -> Boto3Store:
    return Boto3Store(make_client(settings, provider_of(settings.target.endpoint)), settings.target)


@pytest.fixture
def room(
    request: pytest.FixtureRequest, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Room]:
    kind = request.cls.kind
    if kind == "memory":
        plain = memory_room()
    elif kind == "folder":
        plain = folder_room(tmp_path, prefix)
        assert isinstance(plain.store, FolderStore)
    elif kind in PROFILES:
        opener = open_store if request.cls.door == "s3" else open_boto3
        s3 = request.getfixturevalue("fake_s3")(replace(PROFILES[kind], page=_PAGE), tls=request.cls.tls)
        plain = fake_room(s3, prefix, opener)
    else:
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", str(_PAGE))
        settings = request.getfixturevalue("make_moto_bucket")(prefix)
        plain = s3_room(settings, open_store if kind == "s3" else open_boto3)
        assert isinstance(plain.store, ProvingStore) == (kind == "s3")
    wrap = request.cls.wrap
    yield plain if wrap is None else replace(plain, store=wrap(plain.store), without_bucket=wrap(plain.without_bucket))


_PREFIX = pytest.param("gal/ünï code/100%/", id="prefix")
# the root of a bucket is any server's, so that of the one that takes its time comes where there is time
_AND_SLOWLY_ROOT = [pytest.param("", id="root", marks=pytest.mark.slow), _PREFIX]


@pytest.mark.parametrize("prefix", _AND_SLOWLY_ROOT)
class TestS3Store(Conformance):
    kind, wrap = "s3", None


@pytest.mark.parametrize("prefix", _AND_SLOWLY_ROOT)
class TestBoto3Store(Conformance):
    kind, wrap = "boto3", None


@pytest.mark.parametrize("prefix", [pytest.param("", id="root"), _PREFIX])
class TestFolderStore(Conformance):
    kind, wrap = "folder", None


@pytest.mark.parametrize("prefix", ["", "gal/"])
class TestS3StoreOnStrictS3(Conformance):
    kind, wrap, door, tls = "aws", None, "s3", False


@pytest.mark.parametrize("prefix", ["ünï code/100%/"])
class TestS3StoreOnStrictS3WithTls(Conformance):
    kind, wrap, door, tls = "aws", None, "s3", True


@pytest.mark.parametrize("prefix", ["", "ünï code/100%/"])
class TestBoto3StoreOnStrictS3(Conformance):
    kind, wrap, door, tls = "aws", None, "boto3", False


@pytest.mark.parametrize("prefix", ["gal/"])
class TestBoto3StoreOnStrictS3WithTls(Conformance):
    kind, wrap, door, tls = "aws", None, "boto3", True


# A wrapper passes on what it is asked: it is tried whole over the store that is no work, over the others where there is
# time.


@pytest.mark.parametrize("prefix", [""])
class TestMemoryStore(Conformance):
    kind, wrap = "memory", None


@pytest.mark.parametrize("prefix", [""])
class TestRecordingStore(Conformance):
    kind, wrap = "memory", RecordingStore


@pytest.mark.parametrize("prefix", [""])
class TestReadOnlyStore(ReadConformance):
    kind, wrap = "memory", ReadOnlyStore


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["gal/"])
class TestRecordingS3Store(Conformance):
    kind, wrap = "s3", RecordingStore


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["gal/"])
class TestRecordingBoto3Store(Conformance):
    kind, wrap = "boto3", RecordingStore


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["gal/"])
class TestRecordingFolderStore(Conformance):
    kind, wrap = "folder", RecordingStore


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["gal/"])
class TestReadOnlyS3Store(ReadConformance):
    kind, wrap = "s3", ReadOnlyStore


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["gal/"])
class TestReadOnlyBoto3Store(ReadConformance):
    kind, wrap = "boto3", ReadOnlyStore


@pytest.mark.slow
@pytest.mark.parametrize("prefix", ["gal/"])
class TestReadOnlyFolderStore(ReadConformance):
    kind, wrap = "folder", ReadOnlyStore
