"""The store for S3 over real connections: odd keys, redirects, proxies, refusals while a body is sent."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from galleria_action.errors import (
    BucketMissing,
    ConfigInvalid,
    CredentialsError,
    GalleriaError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.net.network import Network
from galleria_action.storage.interface import (
    Hashed,
    Headers,
    IfAbsent,
    Target,
    WriteStore,
)
from galleria_action.storage.opening import open_store
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.s3_store import S3Store, open_bucket
from galleria_action.storage.settings import StoreSettings
from tests.s3 import FakeS3
from tests.storage.raw_servers import early_bird, endless, tunnel
from tests.storage.scripted import Answer, refusal, scripted
from tests.storage.stores import CALLS, open_s3, settings_for

JPEG = Headers("image/jpeg")
OK = Answer(200, b"x", {"ETag": '"e"'})


def over(environ: dict[str, str], settings: StoreSettings) -> WriteStore:
    provider = provider_of(settings.target.endpoint, settings.provider)
    return S3Store(settings, provider, open_bucket(settings, provider, Network.of(environ)), attempts=1)


@pytest.mark.parametrize("key", ["a//b", "./x", "a/../b", "..", "dir/", "/lead", "a\x01b", "a\x7fb", "x/."])
def test_keys_that_paths_cannot_hold(make_bucket: Callable[[str], StoreSettings], shared_s3: FakeS3, key: str) -> None:
    settings = make_bucket("gal/")
    store = open_store(settings)
    assert store.get(key) is None
    assert store.head(key) is None
    store.put(key, b"x", JPEG)
    assert set(shared_s3.buckets[settings.target.bucket]) == {"gal/" + key}
    found = store.get(key)
    assert found is not None
    assert found.body == b"x"
    assert store.head(key) is not None
    assert store.delete([key]) == {}
    assert list(store.list()) == []


def test_very_large_bodies_are_one_put(make_bucket: Callable[[str], StoreSettings]) -> None:
    """Parts of an upload that is killed would lie there unseen, and cost."""
    store = open_store(make_bucket(""))
    body = bytes((65 << 20) + 1)
    assert store.put("large", body, JPEG) == hashlib.md5(body).hexdigest()
    found = store.get("large")
    assert found is not None
    assert (found.body == body, found.headers) == (True, JPEG)


def test_a_hash_that_is_known_signs_and_is_not_worked_out_again() -> None:
    body = b"photo"
    known = hashlib.sha256(b"told by the caller").hexdigest()
    with scripted(OK) as script:
        open_s3(script.url).put("a", Hashed((body,), known), JPEG)
        open_s3(script.url).put("a", body, JPEG)
        told = [request.headers["x-amz-content-sha256"] for request in script.requests]
    assert told == [known, hashlib.sha256(body).hexdigest()]


def test_a_hash_that_is_not_true_is_refused() -> None:
    with FakeS3("minio") as s3:
        store = over({}, s3.settings())
        with pytest.raises(GalleriaError):
            store.put("a", Hashed((b"photo",), "0" * 64), JPEG)
        assert store.get("a") is None
        assert store.put("a", Hashed((b"photo",), hashlib.sha256(b"photo").hexdigest()), JPEG)


class TestRedirects:
    """What is signed goes to the host that was named, and to no other."""

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("call", CALLS)
    def test_none_is_followed_to_another_host(self, call: str, status: int) -> None:
        with scripted(OK) as other:
            away = Answer(status, headers={"Location": other.url.replace("127.0.0.1", "localhost")})
            with scripted(away) as script, pytest.raises(ConfigInvalid, match="localhost") as caught:
                CALLS[call][0](open_s3(script.url))
        assert other.requests == []
        assert "credentials" in caught.value.message
        assert "Set region" not in (caught.value.hint or "")

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    @pytest.mark.parametrize("call", CALLS)
    def test_from_http_to_https_is_named(self, call: str, status: int) -> None:
        away = Answer(status, headers={"Location": "https://127.0.0.1/bucket"})
        with scripted(away) as script, pytest.raises(ConfigInvalid, match="https://") as caught:
            CALLS[call][0](open_s3(script.url))
        assert "Write https:// in endpoint: https://127.0.0.1." in (caught.value.hint or "")

    def test_to_another_region_names_it(self) -> None:
        headers = {"Location": "https://b.s3-eu-west-1.amazonaws.com/", "x-amz-bucket-region": "eu-west-1"}
        with (
            scripted(Answer(307, headers=headers)) as script,
            pytest.raises(BucketMissing, match="eu-west-1") as caught,
        ):
            open_s3(script.url).get("a")
        assert caught.value.hint == "Set region to eu-west-1."


class TestProxies:
    def test_every_request_goes_through(self) -> None:
        with FakeS3("minio") as s3, tunnel(s3.url) as (url, asked):
            store = over({"ALL_PROXY": url}, replace(s3.settings(), target=Target("http://s3.example", "gallery")))
            store.put("a", b"x", JPEG)
            store.get("a")
            store.head("a")
            list(store.list())
            store.copy("a", "b")
            store.delete(["a", "b"])
            assert len(asked) == len(s3.requests) == 7
            assert all(line.split()[1].startswith("http://s3.example/gallery") for line in asked)

    def test_tls_goes_through_a_tunnel(self) -> None:
        with FakeS3("aws", tls=True) as s3, tunnel(s3.url) as (url, asked):
            environ = {"HTTPS_PROXY": url.replace("//", "//me:pw@"), "SSL_CERT_FILE": str(s3.certificate)}
            settings = replace(s3.settings(), target=Target(s3.url.replace("127.0.0.1", "localhost"), "gallery"))
            assert over(environ, settings).put("a", b"x" * 100_000, JPEG)
            assert asked == [f"CONNECT {settings.target.endpoint[8:]} HTTP/1.0"]  # type: ignore[index]
        assert s3.objects["a"].body == b"x" * 100_000

    def test_a_proxy_that_refuses_is_named(self) -> None:
        refusing = early_bird(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        with refusing as url, pytest.raises(StorageUnavailable, match="proxy") as caught:
            over({"HTTPS_PROXY": url}, settings_for("https://s3.example")).get("a")
        assert "HTTPS_PROXY" in (caught.value.hint or "")
        assert "407" in caught.value.message

    def test_exempt_hosts_are_asked_directly(self) -> None:
        with scripted(OK) as script:
            over({"ALL_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.0/8"}, settings_for(script.url)).get("a")
        assert script.requests[0].path == "/bucket/gal/a"


class TestTrust:
    def test_a_foreign_authority_is_a_matter_of_certificates(self) -> None:
        with FakeS3("aws", tls=True) as s3, pytest.raises(StorageUnavailable, match="no secure connection") as caught:
            over({}, s3.settings()).get("a")
        assert "AWS_CA_BUNDLE" in (caught.value.hint or "")

    @pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "SSL_CERT_FILE"])
    def test_either_variable_is_enough(self, variable: str) -> None:
        with FakeS3("aws", tls=True) as s3:
            assert over({variable: str(s3.certificate)}, s3.settings()).get("a") is None


@pytest.mark.parametrize("smuggled", ["image/jpeg\r\nx-evil: 1", "a\nx-evil: 1", "a\r", "\n"])
def test_no_header_brings_another(
    make_bucket: Callable[[str], StoreSettings], shared_s3: FakeS3, smuggled: str
) -> None:
    settings = make_bucket("gal/")
    with pytest.raises(ValueError, match="holds a line end"):
        open_store(settings).put("a", b"x", Headers(smuggled))
    assert open_store(settings).get("a") is None


class TestBounds:
    """A store reads what it was told to expect, whatever a server sends."""

    def test_no_more_than_asked_for(self) -> None:
        with scripted(Answer(200, b"12345", {"ETag": '"e"'})) as script:
            found = open_s3(script.url).get("a", 5)
            assert found is not None
            assert found.body == b"12345"
            with pytest.raises(StorageUnavailable, match="more than 4 bytes"):
                open_s3(script.url).get("a", 4)
        assert len(script.requests) == 2, "it is not asked again"

    @pytest.mark.parametrize("call", ["get", "list", "put", "copy", "delete"])
    @pytest.mark.parametrize("status", [200, 403, 500])
    def test_an_endless_answer_costs_no_memory(self, call: str, status: int) -> None:
        limited = CALLS[call][0] if call != "get" else lambda store: store.get("a.jpg", 1 << 20)
        with endless(b'HTTP/1.1 %d X\r\nETag: "e"\r\n\r\n' % status) as (url, sent), suppress(GalleriaError):
            limited(open_s3(url))
        assert sum(sent) < 64 << 20


class TestCredentials:
    @pytest.mark.parametrize("end", ["\n", " ", "\r\n", "\t"])
    def test_line_ends_around_keys_do_no_harm(self, end: str) -> None:
        with scripted(OK) as script:
            keys = {"access_key": f"AKIA{end}", "secret_key": f"s{end}", "session_token": f"t{end}"}
            open_store(replace(settings_for(script.url), **keys)).get("a")  # type: ignore[arg-type]
        assert "Credential=AKIA/" in script.requests[0].headers["authorization"]
        assert script.requests[0].headers["x-amz-security-token"] == "t"

    @pytest.mark.parametrize("key", ["кey", "A B", "A\nB: c", "A\x00"])
    @pytest.mark.parametrize("field", ["access_key", "secret_key", "session_token"])
    def test_what_cannot_be_a_key(self, field: str, key: str) -> None:
        settings = replace(settings_for("http://127.0.0.1:9"), **{field: key})  # type: ignore[arg-type]
        with pytest.raises(CredentialsError, match=field.replace("_", " ")) as caught:
            open_store(settings)
        assert key not in str(caught.value)


def test_two_stores_with_their_own_credentials_side_by_side(tmp_path: Any) -> None:
    """In one process, at the same time: nothing that one knows reaches the other."""
    with FakeS3("minio") as one, FakeS3("minio", tls=True) as other:
        other.secrets = {"other-key": "other-secret"}
        theirs = replace(other.settings(), access_key="other-key", secret_key="other-secret", session_token="other")
        stores = [over({"ALL_PROXY": ""}, one.settings()), over({"SSL_CERT_FILE": str(other.certificate)}, theirs)]
        start = threading.Barrier(2)

        def work(store: WriteStore) -> None:
            start.wait()
            for number in range(40):
                store.put(f"k{number}", b"x", JPEG)

        threads = [threading.Thread(target=work, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(one.objects) == len(other.objects) == 40
        assert {request.access_key for request in one.requests} == {one.settings().access_key}
        assert {request.access_key for request in other.requests} == {"other-key"}
        assert not [request for request in one.requests if "x-amz-security-token" in request.headers]


def test_a_signature_that_ran_out_on_its_way_is_made_anew() -> None:
    """Where others were not too early or late, the clock is right and the line was slow."""
    with FakeS3("aws") as s3:
        store = open_store(replace(s3.settings(), pause=lambda seconds: True))
        s3.script("403:RequestTimeTooSkewed", "PutObject")
        with pytest.raises(CredentialsError, match="clock"):
            store.put("a", b"x", JPEG)
        store.put("a", b"x", JPEG)
        s3.script("403:RequestTimeTooSkewed*2", "PutObject")
        assert store.put("b", b"x", JPEG)


def test_a_bucket_with_object_lock_gets_its_checksum() -> None:
    words = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"

    def lock(request: Any) -> Answer:
        given = request.headers.get("content-md5")
        if request.method == "PUT" and not given:
            return refusal(400, "InvalidRequest", words)
        assert given in (None, base64.b64encode(hashlib.md5(request.body).digest()).decode())
        return OK

    with scripted(lock) as script:
        store = open_s3(script.url)
        assert store.put("a", b"one", JPEG) == "e"
        assert store.put("b", b"two", JPEG) == "e"
        assert len(script.requests) == 3, "asked once, then known"


def test_uploads_side_by_side_all_learn_that_the_bucket_wants_a_checksum() -> None:
    together = threading.Barrier(2)

    def lock(request: Any) -> Answer:
        if request.headers.get("content-md5"):
            return OK
        together.wait(10)  # both are on their way before either hears of it
        return refusal(400, "InvalidRequest", "Content-MD5 HTTP header is required")

    with scripted(lock) as script, ThreadPoolExecutor(2) as pool:
        store = open_s3(script.url)
        assert list(pool.map(lambda key: store.put(key, b"x", JPEG), "ab")) == ["e", "e"]
        assert len(script.requests) == 4


class TestStoredWith:
    """What options want each object stored with."""

    @pytest.mark.parametrize(
        ("encryption", "sent"),
        [
            ("AES256", {"x-amz-server-side-encryption": "AES256"}),
            ("aws:kms", {"x-amz-server-side-encryption": "aws:kms"}),
            ("aws:kms:dsse", {"x-amz-server-side-encryption": "aws:kms:dsse"}),
            (
                "aws:kms:arn:aws:kms:eu-west-1:1:key/k",
                {
                    "x-amz-server-side-encryption": "aws:kms",
                    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:1:key/k",
                },
            ),
            (None, {}),
        ],
    )
    def test_encryption(self, encryption: str | None, sent: dict[str, str]) -> None:
        with FakeS3("aws") as s3:
            store = open_store(replace(s3.settings(), encryption=encryption))
            store.put("a", b"x", JPEG)
            store.copy("a", "b")
            store.put(".galleria/manifest.json", b"{}", JPEG)
            for request in s3.asked("mutating"):
                found = {name: value for name, value in request.headers.items() if "encryption" in name}
                assert found == sent

    def test_acl_and_storage_class_are_not_for_our_own_records(self) -> None:
        with FakeS3("aws") as s3:
            store = open_store(replace(s3.settings(), acl="public-read", storage_class="STANDARD_IA"))
            store.put("a", b"x", JPEG, IfAbsent())
            store.copy("a", "b")
            store.put(".galleria/manifest.json", b"{}", JPEG)
            store.copy("a", ".galleria/pool/a")
            public = {r.key for r in s3.asked("mutating") if r.headers.get("x-amz-acl") == "public-read"}
            rarely = {r.key for r in s3.asked("mutating") if r.headers.get("x-amz-storage-class") == "STANDARD_IA"}
        assert public == rarely == {"a", "b"}

    def test_a_policy_that_denies_is_told_from_a_permission_that_is_missing(self) -> None:
        words = "not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy"
        with scripted(refusal(403, "AccessDenied", words)) as script, pytest.raises(PermissionRefused) as caught:
            open_s3(script.url).put("a", b"x", JPEG)
        assert "encryption" in (caught.value.hint or "")
        assert "Allow s3:" not in (caught.value.hint or "")


@pytest.mark.parametrize("body", [b"<html>Not here</html>", b"", b"{}"])
def test_a_404_that_is_not_s3s_is_not_an_absence(body: bytes) -> None:
    with scripted(Answer(404, body)) as script:
        for call in ("get", "head"):
            with pytest.raises(GalleriaError, match="404"):
                CALLS[call][0](open_s3(script.url))


def test_an_empty_404_of_s3_is_one() -> None:
    with scripted(Answer(404, headers={"x-amz-request-id": "1"})) as script:
        assert open_s3(script.url).get("a") is None
        assert open_s3(script.url).head("a") is None
