"""Facts about obstore that ``ObstoreStore`` is built on. When an upgrade makes one of these fail, a detour there
may have become needless; nothing else breaks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError
from obstore.store import LocalStore, S3Store

from galleria_action.storage import open_store
from galleria_action.storage.interface import Headers, Target
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.obstore_store import LARGE, ObstoreStore, endpoint_url
from galleria_action.storage.settings import StoreSettings
from tests.conftest import moto_backend
from tests.storage.scripted import Answer, scripted

JPEG = Headers("image/jpeg")


def plain(url: str, bucket: str = "bucket") -> S3Store:
    return S3Store(
        bucket,
        endpoint=url,
        access_key_id="a",
        secret_access_key="b",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def listed(store: Any) -> list[str]:
    return [item["path"] for chunk in store.list() for item in chunk]


class TestWhyListingGoesElsewhere:
    @pytest.mark.parametrize(("key", "seen"), [("dir/", "dir"), ("/lead", "lead")])
    def test_some_keys_are_changed(self, make_bucket: Callable[[str], StoreSettings], key: str, seen: str) -> None:
        settings = make_bucket("")
        moto_backend().put_object(settings.target.bucket, key, b"")
        assert listed(plain(settings.target.endpoint or "", settings.target.bucket)) == [seen]
        assert [info.key for info in open_store(settings).list()] == [key]

    @pytest.mark.parametrize("key", ["a//b", "./x", "a/../b", "..", "a\x01b"])
    def test_some_keys_end_it(self, make_bucket: Callable[[str], StoreSettings], key: str) -> None:
        settings = make_bucket("")
        moto_backend().put_object(settings.target.bucket, key, b"")
        with pytest.raises(InvalidPathError):
            listed(plain(settings.target.endpoint or "", settings.target.bucket))
        assert [info.key for info in open_store(settings).list()] == [key]

    @pytest.mark.parametrize(
        "body",
        [b"<html>Welcome</html>", b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"],
    )
    def test_what_is_no_listing_is_an_empty_one(self, body: bytes) -> None:
        with scripted(Answer(200, body)) as script:
            assert listed(plain(script.url)) == []


class TestWhyKeysAreNotSettings:
    def test_explicit_keys_are_mixed_with_the_machines_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "machine")
        with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
            plain(script.url).put("a", b"")
        assert script.requests[0].headers["x-amz-security-token"] == "machine"


class TestWhyFoldersGoElsewhere:
    def test_names_that_are_refused_hidden_or_changed(self, tmp_path: Any) -> None:
        store = LocalStore(tmp_path)
        with pytest.raises(BaseError):
            store.put("a#1", b"")
        (tmp_path / "b#1").write_text("")
        assert listed(store) == []
        store.put("/c/", b"")
        assert listed(store) == ["c"]


@pytest.mark.parametrize("key", ["a//b", "./x", "a/../b", "..", "dir/", "/lead", "a\x01b", "a\x7fb", "x/."])
def test_keys_that_obstore_cannot_hold_work_all_the_same(make_bucket: Callable[[str], StoreSettings], key: str) -> None:
    settings = make_bucket("gal/")
    store = open_store(settings)
    assert store.get(key) is None
    assert store.head(key) is None
    store.put(key, b"x", JPEG)
    assert set(moto_backend().get_bucket(settings.target.bucket).keys) == {"gal/" + key}
    found = store.get(key)
    assert found is not None
    assert found.body == b"x"
    assert store.head(key) is not None
    assert store.delete([key]) == {}
    assert list(store.list()) == []


def test_create_conflicts_are_told_by_class() -> None:
    with scripted(Answer(412)) as script, pytest.raises(AlreadyExistsError):
        plain(script.url).put("a", b"", mode="create")


def test_total_timeout_is_set() -> None:
    """obstore's own is 30 s for everything, too short for a large photo on a slow line; two times share connections."""
    settings = StoreSettings(target=Target("http://127.0.0.1:1", "bucket"), access_key="a", secret_key="b")
    store = ObstoreStore(settings, provider_of(settings.target.endpoint))
    sizes = (20_000, 300_000, 3_000_000, 30_000_000)
    clients = [store._reader(), *(store._writer(size) for size in sizes)]
    timeouts = [client.client_options["timeout"] for client in clients]  # type: ignore[index, typeddict-item]
    assert timeouts == ["30m", "173s", "173s", "173s", "900s"]
    assert all("read_timeout" not in (client.client_options or {}) for client in clients[1:])


@pytest.mark.parametrize(
    ("endpoint", "bucket", "region", "url"),
    [
        (None, "photos", None, "https://photos.s3.us-east-1.amazonaws.com"),
        (None, "photos", "eu-west-3", "https://photos.s3.eu-west-3.amazonaws.com"),
        (None, "photos", "cn-north-1", "https://photos.s3.cn-north-1.amazonaws.com.cn"),
        (None, "my.photos", None, "https://s3.us-east-1.amazonaws.com"),
        ("https://s3.eu-west-3.amazonaws.com", "photos", None, "https://photos.s3.eu-west-3.amazonaws.com"),
        ("https://s3.example.com:9000", "photos", None, "https://s3.example.com:9000"),
    ],
)
def test_endpoints(endpoint: str | None, bucket: str, region: str | None, url: str) -> None:
    settings = StoreSettings(target=Target(endpoint, bucket), region=region, access_key="a", secret_key="b")
    provider = provider_of(endpoint)
    assert endpoint_url(settings, provider) == url
    ObstoreStore(settings, provider)._reader()


def test_very_large_bodies_are_one_put(make_bucket: Callable[[str], StoreSettings]) -> None:
    """Parts of an upload that is killed would lie there unseen, and cost."""
    store = open_store(make_bucket(""))
    body = bytes(LARGE + 1)
    assert store.put("large", body, JPEG) == hashlib.md5(body).hexdigest()
    found = store.get("large")
    assert found is not None
    assert (found.body == body, found.headers) == (True, JPEG)
