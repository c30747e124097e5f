"""The fake itself: what it refuses, what each profile does, what each word of a script means."""

from __future__ import annotations

import base64
import hashlib
import time
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError, ResponseStreamingError

from tests.s3 import ACCESS_KEY, BUCKET, PROFILES, SECRET_KEY, FakeS3, Request, Reset

Start = Callable[..., FakeS3]


@cache
def _session() -> botocore.session.Session:
    """One for all: each parses its models of services anew, which takes longer than most tests."""
    return botocore.session.Session()


def client_of(s3: FakeS3, *, secret: str = SECRET_KEY, region: str = "us-east-1", **config: Any) -> Any:
    """A client that tries everything once."""
    settings = Config(
        signature_version="s3v4",
        retries={"total_max_attempts": 1},
        read_timeout=0.5,
        s3={"addressing_style": "path"},
        **{"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required", **config},
    )
    return _session().create_client(
        "s3", endpoint_url=s3.url, region_name=region, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=secret,
        config=settings,
    )  # fmt: skip


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code of ``call``, or ``"ok"``."""
    try:
        call(Bucket=BUCKET, **arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def rewritten(s3: FakeS3, change: Callable[[Any], None]) -> Any:
    """A client whose signed requests are changed on their way out."""
    client = client_of(s3)
    client.meta.events.register("before-send.s3", lambda request, **_: change(request))
    return client


class TestStrictness:
    @pytest.fixture
    def s3(self, fake_s3: Start) -> FakeS3:
        return fake_s3("aws")

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            ({"Key": "a", "Body": b"x"}, "ok"),
            ({"Key": "a", "Body": b"x", "ContentMD5": base64.b64encode(bytes(16)).decode()}, "BadDigest"),
            ({"Key": "a", "Body": b"x", "ContentMD5": "no digest"}, "InvalidDigest"),
            ({"Key": "a", "Body": b"x", "ChecksumSHA256": base64.b64encode(bytes(32)).decode()}, "BadDigest"),
            ({"Key": "a", "Body": b"x", "ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
            ({"Key": "k" * 1024, "Body": b"x"}, "ok"),
            ({"Key": "k" * 1025, "Body": b"x"}, "KeyTooLongError"),
            ({"Key": "é" * 513, "Body": b"x"}, "KeyTooLongError"),
            ({"Key": "a", "Body": b"x", "Metadata": {"m": "v" * 2047}}, "ok"),
            ({"Key": "a", "Body": b"x", "Metadata": {"m": "v" * 2048}}, "MetadataTooLarge"),
            ({"Key": "a", "Body": b"x", "IfNoneMatch": "*"}, "ok"),
            ({"Key": "there", "Body": b"x", "IfNoneMatch": "*"}, "PreconditionFailed"),
            ({"Key": "a", "Body": b"x", "IfNoneMatch": '"etag"'}, "NotImplemented"),
            ({"Key": "there", "Body": b"x", "IfMatch": f'"{hashlib.md5(b"seed").hexdigest()}"'}, "ok"),
            ({"Key": "there", "Body": b"x", "IfMatch": '"other"'}, "PreconditionFailed"),
            ({"Key": "a", "Body": b"x", "IfMatch": '"other"'}, "NoSuchKey"),
        ],
    )
    def test_put(self, s3: FakeS3, arguments: dict[str, Any], code: str) -> None:
        s3.seed({"there": b"seed"})
        assert code_of(client_of(s3).put_object, **arguments) == code
        if code != "ok":
            assert s3.objects["there"].body == b"seed"
            assert len(s3.objects) == 1

    def test_signature(self, s3: FakeS3) -> None:
        assert code_of(client_of(s3, secret="wrong").put_object, Key="a", Body=b"x") == "SignatureDoesNotMatch"
        s3.secrets = {"another": SECRET_KEY}
        assert code_of(client_of(s3).put_object, Key="a", Body=b"x") == "InvalidAccessKeyId"
        assert len(s3.objects) == 0

    @pytest.mark.parametrize(
        ("header", "value", "code"),
        [
            ("x-amz-content-sha256", b"0" * 64, "SignatureDoesNotMatch"),
            ("x-amz-acl", b"public-read", "AccessDenied"),
            ("x-amz-date", b"20200101T000000Z", "RequestTimeTooSkewed"),
            ("Authorization", b"Basic abc", "AuthorizationHeaderMalformed"),
        ],
    )
    def test_headers_changed_after_signing(self, s3: FakeS3, header: str, value: bytes, code: str) -> None:
        def change(request: Any) -> None:
            request.headers[header] = value

        assert code_of(rewritten(s3, change).put_object, Key="a", Body=b"x") == code

    def test_body_changed_after_signing(self, s3: FakeS3) -> None:
        def change(request: Any) -> None:
            request.body = b"y"

        assert code_of(rewritten(s3, change).put_object, Key="a", Body=b"x") == "XAmzContentSHA256Mismatch"

    def test_clock(self, s3: FakeS3) -> None:
        s3.clock_skew = 16 * 60
        assert code_of(client_of(s3).get_object, Key="a") == "RequestTimeTooSkewed"

    def test_region(self, fake_s3: Start) -> None:
        s3 = fake_s3("aws", region="eu-west-3")
        assert code_of(client_of(s3, region="us-east-2").get_object, Key="a") == "NoSuchKey"
        statuses = [request.status for request in s3.requests if request.operation == "GetObject"]
        assert statuses == [400, 404]  # botocore goes by the region that the refusal names

    def test_batches(self, s3: FakeS3) -> None:
        def batch(count: int) -> str:
            return code_of(client_of(s3).delete_objects, Delete={"Objects": [{"Key": f"{n}"} for n in range(count)]})

        assert (batch(1000), batch(1001)) == ("ok", "MalformedXML")
        s3.seed({"a": b"x"})
        answer = client_of(s3).delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a", "ETag": '"other"'}]})
        assert answer["Errors"][0]["Code"] == "PreconditionFailed"
        assert "a" in s3.objects

    def test_conditional_delete_and_copy(self, s3: FakeS3) -> None:
        s3.seed({"a": b"x", "b": b"y"})
        client = client_of(s3)
        assert code_of(client.delete_object, Key="a", IfMatch='"other"') == "PreconditionFailed"
        copy = {"CopySource": {"Bucket": BUCKET, "Key": "a"}}
        assert code_of(client.copy_object, Key="b", IfNoneMatch="*", **copy) == "PreconditionFailed"
        assert code_of(client.copy_object, Key="b", CopySourceIfMatch='"other"', **copy) == "PreconditionFailed"
        assert code_of(client.copy_object, Key="a", **copy) == "InvalidRequest"

    def test_ranges(self, s3: FakeS3) -> None:
        s3.seed({"a": b"0123456789"})
        client = client_of(s3)
        for span, expected in [("2-4", b"234"), ("7-", b"789"), ("-3", b"789"), ("8-99", b"89")]:
            answer = client.get_object(Bucket=BUCKET, Key="a", Range=f"bytes={span}")
            assert (answer["Body"].read(), answer["ResponseMetadata"]["HTTPStatusCode"]) == (expected, 206)
        assert code_of(client.get_object, Key="a", Range="bytes=10-") == "InvalidRange"

    def test_conditional_reads(self, s3: FakeS3) -> None:
        s3.seed({"a": b"x"})
        client, etag = client_of(s3), s3.objects["a"].etag
        assert code_of(client.get_object, Key="a", IfNoneMatch=etag) == "304"
        assert code_of(client.get_object, Key="a", IfMatch="other") == "PreconditionFailed"

    def test_listing(self, s3: FakeS3) -> None:
        keys = [f"p/{n:03}" for n in range(25)] + ["p/x/1", "p/x/2", "p/\U0001f389", "p/\uff21", "q"]
        s3.seed(dict.fromkeys(keys, b"x"))
        client, found, folders, token = client_of(s3), [], [], {}
        while True:
            page = client.list_objects_v2(Bucket=BUCKET, Prefix="p/", Delimiter="/", MaxKeys=7, **token)
            assert page["KeyCount"] <= 7
            found += [item["Key"] for item in page.get("Contents", [])]
            folders += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
            if not page["IsTruncated"]:
                break
            token = {"ContinuationToken": page["NextContinuationToken"]}
        assert found == sorted((key for key in keys if key[:2] == "p/" and key[:4] != "p/x/"), key=str.encode)
        assert folders == ["p/x/"]

    def test_multipart(self, s3: FakeS3) -> None:
        client = client_of(s3)
        upload = client.create_multipart_upload(Bucket=BUCKET, Key="big", ContentType="image/jpeg")["UploadId"]
        at = {"Bucket": BUCKET, "Key": "big", "UploadId": upload}
        parts = [
            {"PartNumber": number, "ETag": client.upload_part(**at, PartNumber=number, Body=body)["ETag"]}
            for number, body in ((1, b"a" * 10), (2, b"b"))
        ]
        with pytest.raises(ClientError, match="InvalidPart"):
            client.complete_multipart_upload(**at, MultipartUpload={"Parts": [{"PartNumber": 3, "ETag": "x"}]})
        client.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
        assert s3.objects["big"].body == b"a" * 10 + b"b"
        assert s3.objects["big"].etag.endswith("-2")
        assert s3.objects["big"].headers["content-type"] == "image/jpeg"

    def test_nobody_reads_without_a_signature(self, s3: FakeS3) -> None:
        import urllib.error
        import urllib.request

        with pytest.raises(urllib.error.HTTPError, match="403") as caught:
            urllib.request.urlopen(f"{s3.url}/{BUCKET}/a")
        caught.value.close()


class TestProfiles:
    """What each service does otherwise."""

    @staticmethod
    def over_tls(fake_s3: Start, profile: str) -> tuple[FakeS3, str]:
        """An upload as boto3 sends it by default over TLS: aws-chunked with a trailer."""
        s3 = fake_s3(profile, tls=True)
        client = client_of(s3, request_checksum_calculation="when_supported")
        return s3, code_of(client.put_object, Key="a", Body=b"hello")

    @pytest.mark.parametrize("profile", PROFILES)
    def test_framing(self, fake_s3: Start, profile: str) -> None:
        s3, code = self.over_tls(fake_s3, profile)
        if profile in ("b2", "gcs", "hetzner", "ceph"):
            assert code == "MissingContentLength"
            assert len(s3.objects) == 0
        elif profile == "stores-framing":
            assert s3.objects["a"].body.startswith(b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:")
        else:
            assert s3.objects["a"].body == b"hello"
        assert "x-amz-trailer" in s3.requests[0].headers

    @pytest.mark.parametrize("profile", PROFILES)
    def test_conditions(self, fake_s3: Start, profile: str) -> None:
        s3 = fake_s3(profile)
        s3.seed({"a": b"x"})
        put, etag = client_of(s3).put_object, s3.objects["a"].etag
        codes = [
            code_of(put, Key="a", Body=b"x", **{name: value})
            for name, value in (("IfNoneMatch", "*"), ("IfMatch", '"no"'), ("IfMatch", f'"{etag}"'), ("IfMatch", etag))
        ]
        failed = "PreconditionFailed"
        assert codes == {
            "b2": ["NotImplemented"] * 4,
            "rejects-conditions": ["NotImplemented"] * 4,
            "gcs": ["ok"] * 4,
            "ignores-conditions": ["ok"] * 4,
            "stores-framing": ["ok"] * 4,
            "ceph": [failed, failed, failed, "ok"],
            "hetzner": [failed, failed, failed, "ok"],
            "opaque-etags": [failed, failed, "ok", failed],
        }.get(profile, [failed, failed, "ok", "ok"])

    def test_normalising(self, fake_s3: Start) -> None:
        s3 = fake_s3("r2")
        client_of(s3).put_object(Bucket=BUCKET, Key=unicodedata.normalize("NFD", "é.jpg"), Body=b"x")
        assert set(s3.objects) == {unicodedata.normalize("NFC", "é.jpg")}

    @pytest.mark.parametrize(("profile", "code"), [("gcs", "NotImplemented"), ("b2", "InvalidRequest"), ("aws", "ok")])
    def test_batches(self, fake_s3: Start, profile: str, code: str) -> None:
        """botocore sends no Content-MD5 but a CRC32 of its own."""
        s3 = fake_s3(profile)
        assert code_of(client_of(s3).delete_objects, Delete={"Objects": [{"Key": "a"}]}) == code

    @pytest.mark.parametrize(("profile", "code"), [("minio", "NotImplemented"), ("aws", "NoSuchCORSConfiguration")])
    def test_cors(self, fake_s3: Start, profile: str, code: str) -> None:
        assert code_of(client_of(fake_s3(profile)).get_bucket_cors) == code

    def test_stale_lists(self, fake_s3: Start) -> None:
        s3 = fake_s3("stale-lists")
        client = client_of(s3)
        client.put_object(Bucket=BUCKET, Key="a", Body=b"x")
        assert [client.list_objects_v2(Bucket=BUCKET)["KeyCount"] for _ in range(3)] == [0, 0, 1]


class TestScripts:
    @pytest.fixture
    def s3(self, fake_s3: Start) -> FakeS3:
        s3 = fake_s3("aws")
        s3.seed({"there": b"0123456789"})
        return s3

    @pytest.mark.parametrize(
        ("word", "outcome", "stored"),
        [
            ("ok", "ok", b"x"),
            ("503", "SlowDown", None),
            ("429", "TooManyRequests", None),
            ("400:BadDigest", "BadDigest", None),
            ("503:", "503", None),
            ("503+", "SlowDown", b"x"),
            ("drop", ConnectionClosedError, None),
            ("lost", ConnectionClosedError, b"x"),
            ("stall", ReadTimeoutError, None),
            ("stall+", ReadTimeoutError, b"x"),
            ("stall@0.1", "ok", b"x"),
            ("empty", "ok", None),
            ("empty+", "ok", b"x"),
            ("html", "ok", None),
            ("cut", "ok", b"x"),
            ("short", "ok", b""),
            ("flip", "ok", b"y"),
        ],
    )
    def test_words_on_a_put(self, s3: FakeS3, word: str, outcome: str | type[Exception], stored: bytes | None) -> None:
        s3.script(word)
        put = client_of(s3).put_object
        if isinstance(outcome, str):
            assert code_of(put, Key="a", Body=b"x") == outcome
        else:
            with pytest.raises(outcome):
                put(Bucket=BUCKET, Key="a", Body=b"x")
        assert (s3.objects["a"].body if "a" in s3.objects else None) == stored
        assert code_of(put, Key="a", Body=b"x") == "ok"

    def test_a_body_that_is_cut(self, s3: FakeS3) -> None:
        s3.script("cut", "GetObject")
        with pytest.raises(ResponseStreamingError):
            client_of(s3).get_object(Bucket=BUCKET, Key="there")["Body"].read()

    def test_a_body_that_trickles(self, s3: FakeS3) -> None:
        s3.script("trickle@0.02", "GetObject")
        started = time.monotonic()
        assert client_of(s3).get_object(Bucket=BUCKET, Key="there")["Body"].read() == b"0123456789"
        assert time.monotonic() - started > 0.19

    def test_an_error_inside_of_a_success(self, s3: FakeS3) -> None:
        s3.script("200:InternalError", "CopyObject")
        copy = {"CopySource": {"Bucket": BUCKET, "Key": "there"}}
        assert code_of(client_of(s3).copy_object, Key="a", **copy) == "InternalError"
        assert "a" not in s3.objects

    def test_retry_after(self, s3: FakeS3) -> None:
        s3.script("503@7")
        with pytest.raises(ClientError) as caught:
            client_of(s3).get_object(Bucket=BUCKET, Key="there")
        assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "7"

    def test_words_are_for_those_that_match_in_order(self, s3: FakeS3) -> None:
        rule = s3.script("ok 503 500*2", operation="PutObject", key="photos/*")
        put = client_of(s3).put_object
        keys = ["photos/1", "site", "photos/2", "photos/3", "site", "photos/4", "photos/5"]
        codes = ["ok", "ok", "SlowDown", "InternalError", "ok", "InternalError", "ok"]
        assert [code_of(put, Key=key, Body=b"") for key in keys] == codes
        assert [request.key for _, request in rule.used] == [key for key in keys if key != "site"]

    def test_mutating_and_for_ever(self, s3: FakeS3) -> None:
        s3.script("ok 403*", operation="mutating")
        client = client_of(s3)
        codes = [code_of(client.put_object, Key="a", Body=b""), code_of(client.delete_object, Key="a")]
        assert (codes, code_of(client.get_object, Key="a")) == (["ok", "AccessDenied"], "ok")
        s3.calm()
        assert code_of(client.delete_object, Key="a") == "ok"
        assert [(request.number, request.operation) for request in s3.requests] == [(1, "DeleteObject")]

    def test_several_scripts_and_clients(self, s3: FakeS3) -> None:
        s3.script("503", key="a")
        s3.script("404", key="*")
        s3.script("403*", access_key="nobody")
        get = client_of(s3).get_object
        assert [code_of(get, Key=key) for key in ("a", "a", "there")] == ["NoSuchKey", "SlowDown", "ok"]

    def test_unknown_words_are_refused(self, s3: FakeS3) -> None:
        with pytest.raises(ValueError, match="crash"):
            s3.script("ok crash")

    def test_hooks_see_requests_and_may_end_them(self, s3: FakeS3) -> None:
        seen = []

        def before(request: Request) -> None:
            if request.key == "a":
                raise Reset

        s3.before, s3.after = before, lambda request: seen.append((request.operation, request.key))
        client = client_of(s3)
        with pytest.raises(ConnectionClosedError):
            client.put_object(Bucket=BUCKET, Key="a", Body=b"")
        client.put_object(Bucket=BUCKET, Key="b", Body=b"")
        assert (seen, "a" in s3.objects) == ([("PutObject", "b")], False)

    def test_the_record(self, s3: FakeS3) -> None:
        client_of(s3).put_object(Bucket=BUCKET, Key="a b+é", Body=b"x", CacheControl="no-cache")
        (request,) = s3.requests
        assert (request.method, request.operation, request.key, request.status) == ("PUT", "PutObject", "a b+é", 200)
        assert (request.headers["cache-control"], request.body, request.access_key) == ("no-cache", b"x", ACCESS_KEY)
