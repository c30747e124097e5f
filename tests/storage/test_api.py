"""The public functions, and what importing them costs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from galleria_action import storage
from galleria_action.errors import BucketMissing, ConfigInvalid
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Headers, Target
from galleria_action.storage.s3.s3_store import S3Store
from galleria_action.storage.settings import StoreSettings
from tests.conftest import moto_backend
from tests.storage.scripted import Answer, scripted


@pytest.fixture
def bucket(make_moto_bucket: Callable[[str], StoreSettings]) -> tuple[Any, str]:
    target = make_moto_bucket("").target
    return storage.get_s3_client(target.endpoint or "", "key", "secret", "us-east-1"), target.bucket


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after ``code``."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_is_cheap() -> None:
    modules = loaded(
        "import galleria_action.storage, galleria_action.storage.interface, galleria_action.storage.settings"
    )
    assert not modules & {"boto3", "botocore", "yaml", "urllib3"}


def test_a_folder_needs_no_library() -> None:
    code = (
        "from galleria_action.storage.opening import open_store\n"
        "from galleria_action.storage.settings import StoreSettings, parse_target\n"
        "open_store(StoreSettings(target=parse_target('file:///nowhere'))).get('a')\n"
    )
    assert not loaded(code) & {"boto3", "botocore", "yaml", "urllib3"}


def test_single_objects_need_no_botocore() -> None:
    code = (
        "from galleria_action.storage.opening import open_store\n"
        "from galleria_action.storage.settings import StoreSettings, parse_target\n"
        "target = parse_target('bucket', endpoint='http://127.0.0.1:1')\n"
        "store = open_store(StoreSettings(target=target, access_key='a', secret_key='b', pause=lambda _: False))\n"
        "try: store.get('a')\n"
        "except Exception as error: print(type(error))\n"
    )
    assert not loaded(code) & {"boto3", "botocore", "urllib3"}


def test_every_public_name_exists() -> None:
    for name in storage.__all__:
        assert callable(getattr(storage, name))
    with pytest.raises(AttributeError, match="no_such_name"):
        storage.no_such_name  # noqa: B018


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (StoreSettings(target=Target("file://", "/nowhere"), acl="public-read"), FolderStore),
        (StoreSettings(target=Target(None, "photos"), access_key="a", secret_key="b"), S3Store),
        (StoreSettings(target=Target(None, "photos"), access_key="a", secret_key="b", acl="private"), S3Store),
    ],
)
def test_open_store_chooses(settings: StoreSettings, kind: type) -> None:
    assert type(storage.open_store(settings)) is kind


@pytest.mark.parametrize("provider", ["r2", "b2"])
def test_acl_where_there_is_none(provider: str) -> None:
    target = Target("https://s3.example.com", "photos")
    with pytest.raises(ConfigInvalid, match=f"acl: {provider}"):
        storage.open_store(
            StoreSettings(target=target, access_key="a", secret_key="b", acl="public-read", provider=provider)
        )


def test_acl_is_sent(make_moto_bucket: Callable[[str], StoreSettings]) -> None:
    settings = replace(make_moto_bucket(""), acl="public-read")
    store = storage.open_store(settings)
    client = storage.get_s3_client(settings.target.endpoint or "", "key", "secret", "")
    store.put("a", b"x", Headers("text/plain"))
    store.copy("a", "b", Headers("text/html"))
    for key in ("a", "b"):
        grants = client.get_object_acl(Bucket=settings.target.bucket, Key=key)["Grants"]
        assert any("AllUsers" in grant["Grantee"].get("URI", "") for grant in grants)


@contextmanager
def no_such_bucket() -> Iterator[None]:
    """The error that users of boto3 catch, with the service's code; ours is its cause."""
    with pytest.raises(ClientError, match="no-such-bucket") as caught:
        yield
    assert caught.value.response["Error"]["Code"] == "NoSuchBucket"
    assert isinstance(caught.value.__cause__, BucketMissing)


def test_list_bucket_files_is_complete(bucket: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "60")
    client, name = bucket
    keys = [f"photos/{number:04}.jpg" for number in range(150)]
    for key in [*keys, "other.jpg"]:
        moto_backend().put_object(name, key, b"")
    assert storage.list_bucket_files(client, name, "photos/") == keys
    assert len(storage.list_bucket_files(client, name)) == 151, "on three pages"
    with no_such_bucket():
        storage.list_bucket_files(client, "no-such-bucket")


def test_file_exists(bucket: tuple[Any, str]) -> None:
    client, name = bucket
    client.put_object(Bucket=name, Key="a b.jpg", Body=b"")
    assert storage.file_exists_in_s3(client, name, "a b.jpg") is True
    assert storage.file_exists_in_s3(client, name, "a") is False
    with no_such_bucket():
        storage.file_exists_in_s3(client, "no-such-bucket", "a")


def test_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"photo" * 100_000)
    assert storage.calculate_file_checksum(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert storage.calculate_file_checksum(str(path)) == storage.calculate_file_checksum(path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("s3.example.com", "https://s3.example.com"),
        ("https://s3.example.com/", "https://s3.example.com"),
        ("", "https://s3.eu-west-3.amazonaws.com"),
    ],
)
def test_client_endpoints(endpoint: str, url: str) -> None:
    client = storage.get_s3_client(endpoint, "key", "secret", "eu-west-3")
    assert client.meta.endpoint_url == url
    assert client.meta.region_name == "eu-west-3"
    assert hasattr(client, "upload_file")


def test_client_uploads_files_without_odd_headers(tmp_path: Path) -> None:
    """upload_file sends "Expect" and aws-chunked framing by default; services that are not AWS break on both."""
    (tmp_path / "a").write_bytes(b"photo")
    with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
        client = storage.get_s3_client(script.url, "key", "secret", "us-east-1")
        client.upload_file(str(tmp_path / "a"), "bucket", "a")
    request = script.requests[0]
    assert request.body == b"photo"
    assert "expect" not in request.headers
    assert not [name for name in request.headers if "checksum" in name or "trailer" in name]
