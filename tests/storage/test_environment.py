"""The machine's own settings and credentials: what must not reach a store, and what must."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from galleria_action.errors import CredentialsError
from galleria_action.storage import get_s3_client, open_store
from galleria_action.storage.api import store_for
from galleria_action.storage.interface import Headers, Target
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import StoreSettings
from tests.storage.clients import make_client
from tests.storage.scripted import Answer, Request, Script, scripted

JPEG = Headers("image/jpeg", "no-cache")
OK = {"ETag": '"e"', "Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}


def serve(request: Request) -> Answer:
    """A small S3 that has everything."""
    if "list-type=2" in request.path:
        return Answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
    if "x-amz-copy-source" in request.headers:
        return Answer(200, b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")
    if request.method == "POST":
        return Answer(200, b"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>")
    return Answer(200, b"", OK)


def use(store: Any) -> None:
    store.put("a", b"x", JPEG)
    store.get("a")
    store.head("a")
    list(store.list())
    store.copy("a", "b", JPEG)
    store.delete(["a"])


@pytest.fixture
def s3() -> Iterator[Script]:
    with scripted(serve) as script:
        yield script


@pytest.fixture(autouse=True)
def clean_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials anywhere, and no instance service to wait for."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def with_keys(url: str, **more: Any) -> StoreSettings:
    return StoreSettings(target=Target(url, "bucket"), access_key="GOOD", secret_key="good-secret", **more)


def with_chain(url: str) -> StoreSettings:
    return StoreSettings(target=Target(url, "bucket"))


OPENERS: dict[str, Callable[[str], Any]] = {
    "s3": lambda url: open_store(with_keys(url)),
    "acl": lambda url: open_store(with_keys(url, acl="public-read", provider="digitalocean")),
    "public api": lambda url: store_for(get_s3_client(url, "GOOD", "good-secret", ""), "bucket"),
}


@pytest.fixture(params=OPENERS.values(), ids=OPENERS)
def open_it(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    return request.param  # type: ignore[no-any-return]


def essence(request: Request) -> tuple[object, ...]:
    """A request without what differs from one to the next."""
    headers = dict(request.headers)
    authorization = headers.pop("authorization", "").split("Signature=")[0].split("/")
    for name in ("host", "x-amz-date", "amz-sdk-invocation-id", "amz-sdk-request"):
        headers.pop(name, None)
    agent = headers.pop("user-agent").split("/")[0]
    return request.method, request.path, agent, sorted(headers.items()), authorization[0], authorization[2:]


EVIL = {
    "AWS_ACCESS_KEY_ID": "EVIL",
    "AWS_SECRET_ACCESS_KEY": "EVIL",
    "AWS_SESSION_TOKEN": "EVIL",
    "AWS_TOKEN": "EVIL",
    "AWS_PROFILE": "no-such-profile",
    "AWS_DEFAULT_PROFILE": "no-such-profile",
    "AWS_REGION": "evil-region-1",
    "AWS_DEFAULT_REGION": "evil-region-1",
    "AWS_ENDPOINT": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    "AWS_BUCKET": "evil",
    "AWS_BUCKET_NAME": "evil",
    "AWS_ALLOW_HTTP": "false",
    "AWS_ALLOW_INVALID_CERTIFICATES": "true",
    "AWS_SKIP_SIGNATURE": "true",
    "AWS_UNSIGNED_PAYLOAD": "true",
    "AWS_CHECKSUM_ALGORITHM": "SHA256",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
    "AWS_SERVER_SIDE_ENCRYPTION": "aws:kms",
    "AWS_SSE_KMS_KEY_ID": "evil",
    "AWS_REQUEST_PAYER": "true",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    "AWS_S3_EXPRESS": "true",
    "AWS_COPY_IF_NOT_EXISTS": "nonsense",
    "AWS_CONDITIONAL_PUT": "nonsense",
    "AWS_DISABLE_TAGGING": "nonsense",
    "AWS_METADATA_ENDPOINT": "http://127.0.0.1:1",
    "AWS_ROLE_ARN": "evil",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1",
    "AWS_PROXY_URL": "http://127.0.0.1:1",
    "AWS_TIMEOUT": "1ns",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_RETRY_MODE": "legacy",
    "AWS_SIGV4A_SIGNING_REGION_SET": "*",
}


def test_with_keys_the_environment_changes_nothing(
    s3: Script, open_it: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use(open_it(s3.url))
    expected = [essence(request) for request in s3.requests]
    s3.requests.clear()
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(
        "[default]\nregion = evil-region-2\nendpoint_url = http://127.0.0.1:1\n"
        "s3 =\n    addressing_style = virtual\n    payload_signing_enabled = false\n"
    )
    (tmp_path / ".aws/credentials").write_text("[default]\naws_access_key_id=EVIL\naws_secret_access_key=EVIL\n")
    for name, value in EVIL.items():
        monkeypatch.setenv(name, value)
    use(open_it(s3.url))
    assert [essence(request) for request in s3.requests] == expected
    assert len(expected) == 6
    assert not [request for request in s3.requests if "evil" in str(request).lower()]


def test_aws_means_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint neither client goes where the machine points to: the target's text would be a lie."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    settings = StoreSettings(target=Target(None, "bucket"), region="eu-west-3", access_key="a", secret_key="b")
    assert make_client(settings, provider_of(None)).meta.endpoint_url == "https://s3.eu-west-3.amazonaws.com"
    assert get_s3_client("", "a", "b", "eu-west-3").meta.endpoint_url == "https://s3.eu-west-3.amazonaws.com"


def test_the_environment_is_back_after_opening(s3: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "kept")
    open_store(with_keys(s3.url)).put("a", b"", JPEG)
    assert os.environ["AWS_SESSION_TOKEN"] == "kept"


def test_proxies_of_the_machine_are_used(
    s3: Script, open_it: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", s3.url)
    monkeypatch.setenv("http_proxy", s3.url)
    open_it("http://s3.example.invalid").put("a", b"x", JPEG)
    assert s3.requests[0].path == "http://s3.example.invalid/bucket/a"


class TestChain:
    """AWS's own chain, asked for by leaving the keys out."""

    def test_environment(self, s3: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROMENV")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
        use(open_store(with_chain(s3.url)))
        assert len(s3.requests) == 6
        for request in s3.requests:
            assert "Credential=FROMENV/" in request.headers["authorization"]
            assert request.headers["x-amz-security-token"] == "token"

    def test_profile(self, s3: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "credentials").write_text("[gallery]\naws_access_key_id=FROMPROFILE\naws_secret_access_key=s\n")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.setenv("AWS_PROFILE", "gallery")
        open_store(with_chain(s3.url)).put("a", b"", JPEG)
        assert "Credential=FROMPROFILE/" in s3.requests[0].headers["authorization"]

    def test_refreshed_credentials_are_used(self, s3: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        # A credential process stands for all that expires (SSO, OIDC, instance roles): botocore treats them alike.
        script = tmp_path / "credentials.sh"
        script.write_text(
            "#!/bin/sh\nn=$(cat $0.count 2>/dev/null || echo 0); n=$((n+1)); echo $n > $0.count\n"
            'echo "{\\"Version\\": 1, \\"AccessKeyId\\": \\"KEY$n\\", \\"SecretAccessKey\\": \\"s\\",'
            ' \\"SessionToken\\": \\"t\\", \\"Expiration\\": \\"2020-01-01T00:00:00Z\\"}"\n'
        )
        script.chmod(0o755)
        (tmp_path / "config").write_text(f"[default]\ncredential_process = {script}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        with pytest.raises(CredentialsError, match="refresh"):
            open_store(with_chain(s3.url)).put("a", b"", JPEG)

    @pytest.mark.parametrize(("minutes", "issued"), [(60, 1), (5, 2)], ids=["long", "short"])
    @pytest.mark.parametrize("acl", [None, "public-read"])
    def test_web_identity(
        self, s3: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, acl: str | None, minutes: int, issued: int
    ) -> None:
        """OIDC, as aws-actions/configure-aws-credentials leaves it to SDKs; short sessions are renewed on the way."""
        numbers = count(1)

        def issue(request: Request) -> Answer:
            expires = datetime.now(UTC) + timedelta(minutes=minutes)
            return Answer(
                200,
                "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                f"<AccessKeyId>ISSUED{next(numbers)}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                f"<SessionToken>t</SessionToken><Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
                "</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>".encode(),
            )

        (tmp_path / "token").write_text("token")
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/gallery")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        with scripted(issue) as sts:
            monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
            store = open_store(StoreSettings(target=Target(s3.url, "bucket"), acl=acl))
            store.put("a", b"", JPEG)
            list(store.list())
        keys = [request.headers["authorization"].split("Credential=")[1].split("/")[0] for request in s3.requests]
        assert len(keys) == 2
        assert len(sts.requests) >= issued
        assert keys == ["ISSUED1"] * 2 if minutes == 60 else keys[0] != keys[1]

    @pytest.mark.parametrize("acl", [None, "public-read"])
    def test_none_at_all(self, s3: Script, acl: str | None) -> None:
        started = time.monotonic()
        with pytest.raises(CredentialsError, match="no credentials") as caught:
            open_store(StoreSettings(target=Target(s3.url, "bucket"), acl=acl))
        assert "access-key" in (caught.value.hint or "")
        assert time.monotonic() - started < 5
        assert s3.requests == []

    def test_no_instance_service_is_no_hang(self, s3: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
            started = time.monotonic()
            with pytest.raises(CredentialsError, match="no credentials"):
                open_store(with_chain(s3.url))
            assert time.monotonic() - started < 5

    @pytest.mark.parametrize(
        ("variables", "text"),
        [
            ({"AWS_PROFILE": "ghost"}, "ghost"),
            ({"AWS_ACCESS_KEY_ID": "only-half"}, "AWS_SECRET_ACCESS_KEY"),
            ({"AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"}, "nonexistent"),
        ],
    )
    def test_broken_ones(
        self, s3: Script, variables: dict[str, str], text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CredentialsError, match=text):
            open_store(with_chain(s3.url)).put("a", b"", JPEG)
