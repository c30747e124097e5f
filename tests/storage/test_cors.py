"""CORS rules: read, written and compared by what they permit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from galleria_action.errors import BucketMissing, PermissionRefused, StorageUnavailable
from galleria_action.storage import (
    configure_bucket_cors,
    cors_rules_match,
    examine_bucket_cors,
    get_bucket_cors,
    get_default_gallery_cors_rules,
    get_s3_client,
)
from galleria_action.storage.interface import Target
from galleria_action.storage.opening import open_cors
from galleria_action.storage.s3.cors import read_cors_rules, write_cors_rules
from galleria_action.storage.s3.cors_rules import CorsUnsupported
from galleria_action.storage.settings import StoreSettings
from tests.servers import ACCESS_KEY, SECRET_KEY
from tests.storage.scripted import Answer, refusal, scripted
from tests.storage.stores import settings_for

DEFAULT = {
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedOrigins": ["*"],
    "AllowedHeaders": ["*"],
    "ExposeHeaders": ["ETag"],
    "MaxAgeSeconds": 3600,
}


@pytest.fixture
def bucket(make_bucket: Callable[[str], StoreSettings]) -> tuple[Any, str]:
    target = make_bucket("").target
    return get_s3_client(target.endpoint or "", ACCESS_KEY, SECRET_KEY, "us-east-1"), target.bucket


def client_for(url: str) -> Any:
    return get_s3_client(url, ACCESS_KEY, SECRET_KEY, "us-east-1")


def test_default_rules() -> None:
    assert get_default_gallery_cors_rules() == [DEFAULT]


def test_default_rules_are_a_fresh_copy() -> None:
    get_default_gallery_cors_rules()[0]["AllowedMethods"].append("PUT")
    assert get_default_gallery_cors_rules() == [DEFAULT]


def test_configure_and_examine(bucket: tuple[Any, str]) -> None:
    assert get_bucket_cors(*bucket) == {"success": True, "cors_rules": [], "error": None}
    assert examine_bucket_cors(*bucket) == {
        "success": True,
        "configured": False,
        "current_rules": [],
        "expected_rules": [DEFAULT],
        "needs_update": True,
    }
    assert configure_bucket_cors(*bucket, get_default_gallery_cors_rules()) == {"success": True, "error": None}
    assert get_bucket_cors(*bucket)["cors_rules"] == [DEFAULT]
    assert examine_bucket_cors(*bucket) == {
        "success": True,
        "configured": True,
        "current_rules": [DEFAULT],
        "expected_rules": [DEFAULT],
        "needs_update": False,
    }


def test_other_rules_need_an_update(bucket: tuple[Any, str]) -> None:
    configure_bucket_cors(*bucket, [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://a.example"]}])
    examined = examine_bucket_cors(*bucket)
    assert (examined["configured"], examined["needs_update"]) == (True, True)


def test_missing_bucket(bucket: tuple[Any, str]) -> None:
    client, _ = bucket
    answer = get_bucket_cors(client, "no-such-bucket")
    assert (answer["success"], answer["cors_rules"]) == (False, [])
    assert "no bucket 'no-such-bucket'" in answer["error"]
    assert configure_bucket_cors(client, "no-such-bucket", [DEFAULT])["success"] is False
    examined = examine_bucket_cors(client, "no-such-bucket")
    assert (examined["success"], examined["needs_update"]) == (False, False)
    assert examined["error"]
    with pytest.raises(BucketMissing):
        read_cors_rules(client, "no-such-bucket")


def test_refused_calls_name_the_permission() -> None:
    with scripted(refusal(403, "AccessDenied")) as script:
        client = client_for(script.url)
        with pytest.raises(PermissionRefused) as caught:
            read_cors_rules(client, "bucket")
        assert "s3:GetBucketCORS" in (caught.value.hint or "")
        with pytest.raises(PermissionRefused) as caught:
            write_cors_rules(client, "bucket", [DEFAULT])
        assert "s3:PutBucketCORS" in (caught.value.hint or "")


@pytest.mark.parametrize("answer", [refusal(501, "NotImplemented"), refusal(405, "MethodNotAllowed")])
def test_services_without_cors_are_told_apart(answer: Answer) -> None:
    with scripted(answer) as script:
        client = client_for(script.url)
        with pytest.raises(CorsUnsupported):
            read_cors_rules(client, "bucket")
        with pytest.raises(CorsUnsupported):
            write_cors_rules(client, "bucket", [DEFAULT])
        assert get_bucket_cors(client, "bucket")["success"] is False


def test_content_md5_is_sent_off_aws() -> None:
    with scripted(Answer(200)) as script:
        write_cors_rules(client_for(script.url), "bucket", [DEFAULT])
    headers = script.requests[0].headers
    assert headers["content-md5"]
    assert not [name for name in headers if "checksum" in name]


def rule(**changes: Any) -> dict[str, Any]:
    return {**DEFAULT, **changes}


ANY_GET = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
ONE_SITE = {"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["https://a.example"]}


@pytest.mark.parametrize(
    "current",
    [
        [DEFAULT],
        [rule(AllowedMethods=["HEAD", "GET"])],
        [rule(AllowedMethods=["get", "head"])],
        [rule(ExposeHeaders=["etag"])],
        [rule(ExposeHeaders=["x-amz-request-id", "ETAG"])],
        [rule(AllowedMethods=["GET", "HEAD", "PUT"])],
        [rule(AllowedOrigins=["https://a.example", "*"])],
        [rule(MaxAgeSeconds=86400)],
        [rule(ID="my rule")],
        [ONE_SITE, DEFAULT],
        [DEFAULT, ANY_GET],
        [{"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"]}, DEFAULT],
    ],
)
def test_rules_that_permit_enough(current: list[dict[str, Any]]) -> None:
    assert cors_rules_match(current, [DEFAULT])


@pytest.mark.parametrize(
    "current",
    [
        [],
        [rule(AllowedMethods=["GET"])],
        [rule(AllowedMethods=[])],
        [rule(AllowedOrigins=["https://a.example"])],
        [rule(AllowedHeaders=["Range"])],
        [rule(AllowedHeaders=[])],
        [rule(ExposeHeaders=[])],
        [rule(MaxAgeSeconds=60)],
        [{name: value for name, value in DEFAULT.items() if name != "MaxAgeSeconds"}],
        [ONE_SITE],
        [ANY_GET, DEFAULT],
        [rule(AllowedMethods=["GET"]), rule(AllowedMethods=["HEAD"])],
    ],
)
def test_rules_that_do_not(current: list[dict[str, Any]]) -> None:
    assert not cors_rules_match(current, [DEFAULT])


def test_every_expected_rule_counts() -> None:
    site = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["https://a.example"]}
    assert cors_rules_match([DEFAULT, site], [site, DEFAULT])
    assert not cors_rules_match([DEFAULT], [site, DEFAULT])
    assert cors_rules_match([], [])
    assert cors_rules_match([DEFAULT], [])


class TestOfABucket:
    """Our own requests, as commands make them."""

    def test_rules_come_back_as_they_were_written(self, make_bucket: Callable[[str], StoreSettings]) -> None:
        settings = make_bucket("gal/")
        bucket = open_cors(settings)
        assert bucket
        assert bucket.read() == []
        other = {"ID": "a & b", "AllowedMethods": ["PUT"], "AllowedOrigins": ["https://a.example", "https://<b>"]}
        bucket.write([DEFAULT, other])
        assert bucket.read() == [DEFAULT, other]
        assert get_bucket_cors(client_for(settings.target.endpoint or ""), settings.target.bucket)["cors_rules"] == [
            DEFAULT,
            other,
        ]

    def test_refused_calls_name_the_permission(self) -> None:
        with scripted(refusal(403, "AccessDenied")) as script:
            bucket = open_cors(settings_for(script.url))
            assert bucket
            with pytest.raises(PermissionRefused) as caught:
                bucket.read()
            assert "s3:GetBucketCORS" in (caught.value.hint or "")
            with pytest.raises(PermissionRefused) as caught:
                bucket.write([DEFAULT])
            assert "s3:PutBucketCORS" in (caught.value.hint or "")
        assert script.requests[1].headers["content-md5"]

    @pytest.mark.parametrize("code", [(501, "NotImplemented"), (405, "MethodNotAllowed"), (409, "BucketAlreadyExists")])
    def test_services_without_them_are_told_apart(self, code: tuple[int, str]) -> None:
        with scripted(refusal(*code)) as script:
            bucket = open_cors(settings_for(script.url))
            assert bucket
            with pytest.raises(CorsUnsupported):
                bucket.read()
            with pytest.raises(CorsUnsupported):
                bucket.write([DEFAULT])

    @pytest.mark.parametrize("provider", ["gcs", "minio", "supabase"])
    def test_a_profile_that_knows_of_none_asks_nothing(self, provider: str) -> None:
        with scripted(Answer(200)) as script, pytest.raises(CorsUnsupported, match=provider):
            open_cors(replace(settings_for(script.url), provider=provider))
        assert script.requests == []

    def test_a_folder_has_none(self) -> None:
        assert open_cors(StoreSettings(target=Target("file://", "/nowhere"))) is None

    @pytest.mark.parametrize("body", [b"", b"<html/>", b"<Other/>", b"<!DOCTYPE a><CORSConfiguration/>"])
    def test_what_is_not_a_list_of_rules_is_an_error(self, body: bytes) -> None:
        with scripted(Answer(200, body)) as script:
            bucket = open_cors(replace(settings_for(script.url), pause=lambda seconds: False))
            assert bucket
            with pytest.raises(StorageUnavailable, match="S3 does not give"):
                bucket.read()

    def test_a_service_that_knows_no_such_question(self) -> None:
        with scripted(Answer(200, b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>")) as script:
            bucket = open_cors(settings_for(script.url))
            assert bucket
            with pytest.raises(CorsUnsupported):
                bucket.read()

    def test_odd_rules_are_read_as_far_as_they_go(self) -> None:
        body = (
            b'<CORSConfiguration xmlns="x"><CORSRule><AllowedMethod> GET </AllowedMethod><AllowedMethod/>'
            b"<MaxAgeSeconds>-1</MaxAgeSeconds><Other>1</Other></CORSRule><Else/></CORSConfiguration>"
        )
        with scripted(Answer(200, body)) as script:
            bucket = open_cors(settings_for(script.url))
            assert bucket
            assert bucket.read() == [{"AllowedMethods": ["GET", ""]}]
