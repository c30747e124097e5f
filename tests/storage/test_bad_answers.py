"""What the stores make of answers that no server should give, and of refusals of every call."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from galleria_action.errors import (
    BucketMissing,
    CredentialsError,
    GalleriaError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.storage.boto3_store import Boto3Store
from galleria_action.storage.client import make_client
from galleria_action.storage.interface import (
    ConditionUnsupported,
    Headers,
    IfAbsent,
    IfMatch,
    PreconditionFailed,
    Target,
)
from galleria_action.storage.obstore_store import ObstoreStore
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.providers import provider_of
from galleria_action.storage.settings import StoreSettings
from tests.storage.scripted import Answer, Request, refusal, scripted

JPEG = Headers("image/jpeg", "no-cache")
SECRET = "canary-secret-key-0123456789"
ACCESS = "AKIACANARYACCESSKEY1"
TOKEN = "canary-session-token-0123456789"


def settings_for(url: str, prefix: str = "gal/") -> StoreSettings:
    target = Target(endpoint=url, bucket="bucket", prefix=prefix)
    return StoreSettings(target=target, access_key=ACCESS, secret_key=SECRET, session_token=TOKEN, concurrency=4)


def open_obstore(url: str, provider: str = "generic", tries: int = 1) -> ObstoreStore:
    return ObstoreStore(settings_for(url), provider_of(url, provider), attempts=tries)


def open_boto3(url: str, provider: str = "generic", tries: int = 1) -> Boto3Store:
    settings, profile = settings_for(url), provider_of(url, provider)
    persist = Persistence(settings.concurrency, attempts=tries)
    return Boto3Store(make_client(settings, profile, attempts=1), settings.target, provider=profile, persist=persist)


@pytest.fixture(params=[open_obstore, open_boto3], ids=["obstore", "boto3"])
def open_it(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return request.param  # type: ignore[no-any-return]


CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "get": (lambda store: store.get("a.jpg"), "s3:GetObject"),
    "head": (lambda store: store.head("a.jpg"), "s3:GetObject"),
    "list": (lambda store: list(store.list()), "s3:ListBucket"),
    "put": (lambda store: store.put("a.jpg", b"x", JPEG), "s3:PutObject"),
    "put if absent": (lambda store: store.put("a.jpg", b"x", JPEG, IfAbsent()), "s3:PutObject"),
    "put if match": (lambda store: store.put("a.jpg", b"x", JPEG, IfMatch("e")), "s3:PutObject"),
    "copy": (lambda store: store.copy("a.jpg", "b.jpg", JPEG), "s3:PutObject"),
    "delete": (lambda store: store.delete(["a.jpg"]), "s3:DeleteObject"),
}


def raised(open_it: Callable[..., Any], call: str, *answers: Any) -> GalleriaError:
    """The error of ``call`` against ``answers``, checked for what no text may hold."""
    with scripted(*answers) as script, pytest.raises(GalleriaError) as caught:
        CALLS[call][0](open_it(script.url))
    for text in (str(caught.value), caught.value.hint or "", repr(caught.value)):
        assert not re.search(r"canary|AKIACANARY|Signature=|AWS4-HMAC|X-Amz", text, re.IGNORECASE)
        assert text.isprintable()
        assert len(text) < 700
    return caught.value


class TestRefusals:
    """Each call refused in each usual way: the class, the cause and the remedy."""

    @pytest.mark.parametrize("call", CALLS)
    def test_access_denied_names_the_permission(self, open_it: Callable[..., Any], call: str) -> None:
        error = raised(open_it, call, refusal(403, "AccessDenied", "Access Denied"))
        assert isinstance(error, PermissionRefused)
        assert "403 AccessDenied: Access Denied" in error.message
        assert CALLS[call][1] in (error.hint or "")
        assert "'bucket'" in (error.hint or "")

    @pytest.mark.parametrize("call", CALLS)
    @pytest.mark.parametrize(
        ("answer", "kind", "cause", "remedy"),
        [
            (refusal(400, "ExpiredToken", "The provided token has expired."), CredentialsError, "expired", "role-dur"),
            (refusal(403, "InvalidAccessKeyId", "no such key"), CredentialsError, "unknown", "access-key"),
            (refusal(403, "SignatureDoesNotMatch", "…"), CredentialsError, "secret key", "secret-key"),
            (refusal(403, "RequestTimeTooSkewed", "…"), CredentialsError, "clock", "clock"),
            (refusal(401, "Unauthorized", "Unauthorized"), CredentialsError, "did not accept", "r2"),
            (refusal(404, "NoSuchBucket", "gone"), BucketMissing, "no bucket 'bucket'", "Create the bucket"),
            (
                refusal(400, "AuthorizationHeaderMalformed", "region 'us-east-1' is wrong; expecting 'eu-west-3'"),
                BucketMissing, "eu-west-3", "Set region to eu-west-3",
            ),
            (
                refusal(400, "AuthorizationHeaderMalformed", "…", "<Region>eu-west-3</Region>"),
                BucketMissing, "eu-west-3", "Set region to eu-west-3",
            ),
            (refusal(301, "PermanentRedirect", "elsewhere"), BucketMissing, "another region", "Set region"),
            (refusal(503, "SlowDown", "Please reduce your rate"), StorageUnavailable, "after all retries", "later"),
            (refusal(400, "BadDigest", "…"), StorageUnavailable, "damaged", "provider"),
            (refusal(400, "InvalidArgument", "odd header"), StorageUnavailable, "does not accept", "provider"),
        ],
        ids=lambda value: getattr(value, "status", None) and value.body.split(b"<")[3].decode().partition(">")[2],
    )  # fmt: skip
    def test_cause_and_remedy(
        self, open_it: Callable[..., Any], call: str, answer: Answer, kind: type, cause: str, remedy: str
    ) -> None:
        if call == "delete" and kind is StorageUnavailable:
            call = "copy"  # a refused batch is settled key by key: see TestDelete
        error = raised(open_it, call, answer)
        assert isinstance(error, kind)
        assert cause in error.message
        assert remedy in (error.hint or "")

    @pytest.mark.parametrize("call", CALLS)
    def test_hostile_words_of_the_server(self, open_it: Callable[..., Any], call: str) -> None:
        hostile = "line\n::error::fake\x1b[31m\u202e X-Amz-Signature=abc AKIACANARYACCESSKEY1 " + "A" * 5000
        error = raised(open_it, call, refusal(403, "AccessDenied", hostile))
        assert isinstance(error, PermissionRefused)
        assert "\n" not in error.message

    def test_hostile_key_does_not_fake_an_answer(self, open_it: Callable[..., Any]) -> None:
        key = "x - Server returned non-2xx status code: 404 Not Found\n\nDebug source:\ninner: Status {\n status: 404,"
        key = key.replace("\n", "⏎")
        with scripted(refusal(403, "AccessDenied")) as script, pytest.raises(PermissionRefused):
            open_it(script.url).get(key)

    @pytest.mark.parametrize("call", CALLS)
    def test_no_server(self, open_it: Callable[..., Any], call: str) -> None:
        with scripted(Answer()) as script:
            url = script.url
        with pytest.raises(StorageUnavailable, match=f"{url} does not accept connections") as caught:
            CALLS[call][0](open_it(url))
        assert "endpoint" in (caught.value.hint or "")

    @pytest.mark.parametrize("call", CALLS)
    def test_cut_connection(self, open_it: Callable[..., Any], call: str) -> None:
        error = raised(open_it, call, Answer(drop=True))
        assert isinstance(error, StorageUnavailable)
        assert "was cut" in error.message

    def test_unknown_host(self, open_it: Callable[..., Any]) -> None:
        with pytest.raises(StorageUnavailable, match=r"host name https://nowhere\.invalid is unknown"):
            open_it("https://nowhere.invalid").get("a")


class TestList:
    """Complete or an error."""

    @staticmethod
    def page(*keys: str, truncated: bool = False, token: str | None = None) -> Answer:
        contents = "".join(
            f"<Contents><Key>{key}</Key><Size>3</Size><ETag>&quot;e&quot;</ETag>"
            "<LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in keys
        )
        next_token = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
        flag = f"<IsTruncated>{str(truncated).lower()}</IsTruncated>"
        return Answer(200, f"<ListBucketResult>{flag}{next_token}{contents}</ListBucketResult>".encode())

    def keys(self, open_it: Callable[..., Any], *answers: Answer) -> list[str]:
        with scripted(*answers) as script:
            return [info.key for info in open_it(script.url).list()]

    def test_pages_are_joined(self, open_it: Callable[..., Any]) -> None:
        with scripted(
            self.page("gal/a", truncated=True, token="one"),
            self.page("gal/b", truncated=True, token="two"),
            self.page("gal/c"),
        ) as script:
            assert [info.key for info in open_it(script.url).list()] == ["a", "b", "c"]
        assert ["one" in request.path or "two" in request.path for request in script.requests] == [False, True, True]

    @pytest.mark.parametrize(
        ("answers", "problem"),
        [
            ([Answer(200, b"")], "no listing"),
            ([Answer(200, b"<html><body>Welcome</body></html>")], "no listing"),
            ([Answer(200, b"<ListBucketResult></ListBucketResult>")], "no listing"),
            ([page("gal/a", truncated=True)], "truncated listing without a continuation"),
            ([page(truncated=True, token="T")], "circles"),
            ([page("gal/a", truncated=True, token="T"), page("gal/b", truncated=True, token="T")], "circles"),
            ([page("gal/a", "gal/b", truncated=True, token="T"), page("gal/b")], "not in order"),
            ([page("gal/b", "gal/a")], "not in order"),
            ([page("gal/a", "gal/a")], "not in order"),
            ([page("elsewhere/a")], "not asked for"),
            ([Answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>gal/a")], "failed"),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    def test_bad_listing_is_an_error(self, open_it: Callable[..., Any], answers: list[Answer], problem: str) -> None:
        with pytest.raises(StorageUnavailable, match=problem):
            self.keys(open_it, *answers)

    def test_failure_on_a_later_page_is_an_error(self, open_it: Callable[..., Any]) -> None:
        with pytest.raises(PermissionRefused):
            self.keys(open_it, self.page("gal/a", truncated=True, token="T"), refusal(403, "AccessDenied"))

    def test_order_of_java_servers(self, open_it: Callable[..., Any]) -> None:
        assert self.keys(open_it, self.page("gal/\U0001f389", "gal/\uff21")) == ["\U0001f389", "\uff21"]

    def test_foreign_keys_are_listed_as_they_are(self, open_it: Callable[..., Any]) -> None:
        keys = ["../up", "./here", "/lead", "a//b", "dir/", "dir/x"]
        assert self.keys(open_it, self.page(*("gal/" + key for key in keys))) == keys

    def test_url_encoded_keys(self, open_it: Callable[..., Any]) -> None:
        body = self.page("gal/a%01b+c%2Bd").body.replace(b"<IsT", b"<EncodingType>url</EncodingType><IsT")
        assert self.keys(open_it, Answer(200, body)) == ["a\x01b c+d"]


class TestObjects:
    def test_put_without_etag_is_an_error(self, open_it: Callable[..., Any]) -> None:
        assert "S3 does not give" in raised(open_it, "put", Answer(200)).message

    def test_copy_without_etag_is_an_error(self, open_it: Callable[..., Any]) -> None:
        assert "S3 does not give" in raised(open_it, "copy", Answer(200, b"<CopyObjectResult/>")).message

    def test_copy_refused_inside_of_a_success(self, open_it: Callable[..., Any]) -> None:
        error = raised(open_it, "copy", refusal(200, "InternalError", "try again"))
        assert isinstance(error, StorageUnavailable)
        assert "InternalError" in error.message

    def test_truncated_body_is_an_error(self, open_it: Callable[..., Any]) -> None:
        headers = {"ETag": '"e"', "Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
        error = raised(open_it, "get", Answer(200, b"half", headers, length=100))
        assert isinstance(error, StorageUnavailable)

    def test_get_without_etag_is_an_error(self, open_it: Callable[..., Any]) -> None:
        assert "S3 does not give" in raised(open_it, "get", Answer(200, b"page")).message

    def test_weak_etags_are_etags(self, open_it: Callable[..., Any]) -> None:
        headers = {"ETag": 'W/"abc"', "Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
        with scripted(Answer(200, b"x", headers)) as script:
            assert open_it(script.url).get("a").etag == "abc"

    def test_head_miss_asks_why(self, open_it: Callable[..., Any]) -> None:
        with scripted(Answer(404), refusal(404, "NoSuchKey")) as script:
            assert open_it(script.url).head("a") is None
        assert [request.method for request in script.requests] == ["HEAD", "GET"]

    def test_large_bodies_stay_one_put(self, open_it: Callable[..., Any]) -> None:
        with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
            open_it(script.url).put("a", bytes(20_000_000), JPEG)
        assert [(request.method, request.path) for request in script.requests] == [("PUT", "/bucket/gal/a")]


class TestWire:
    """What goes over the wire to whom."""

    def put(self, open_it: Callable[..., Any], provider: str) -> Request:
        with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
            store = open_it(script.url, provider)
            store.put("a b.jpg", b"hello", JPEG)
        return script.requests[0]

    def test_headers_and_signature(self, open_it: Callable[..., Any]) -> None:
        headers = self.put(open_it, "generic").headers
        assert (headers["content-type"], headers["cache-control"]) == ("image/jpeg", "no-cache")
        assert headers["x-amz-content-sha256"].startswith("2cf24dba5fb0a30e")
        assert headers["x-amz-security-token"] == TOKEN

    @pytest.mark.parametrize("provider", ["generic", "r2", "b2", "hetzner", "ceph", "minio"])
    def test_no_checksum_headers_off_aws(self, open_it: Callable[..., Any], provider: str) -> None:
        headers = self.put(open_it, provider).headers
        assert not [name for name in headers if "checksum" in name or "trailer" in name or name == "expect"]
        assert "aws-chunked" not in headers.get("content-encoding", "")

    def test_sha256_on_aws(self) -> None:
        # AWS puts the bucket into the host, which a loopback address cannot have.
        assert provider_of(None).upload_checksum == "SHA256"
        assert provider_of(None).path_style is False

    @pytest.mark.parametrize(
        ("condition", "header"), [(IfMatch("e"), ("if-match", '"e"')), (IfAbsent(), ("if-none-match", "*"))]
    )
    def test_conditions(self, open_it: Callable[..., Any], condition: Any, header: tuple[str, str]) -> None:
        with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
            open_it(script.url).put("a", b"", JPEG, condition)
        assert script.requests[0].headers[header[0]] == header[1]


class TestConditions:
    @pytest.mark.parametrize("condition", [IfAbsent(), IfMatch("e")], ids=["absent", "match"])
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (refusal(412, "PreconditionFailed"), PreconditionFailed),
            (refusal(409, "ConditionalRequestConflict"), StorageUnavailable),
            (refusal(501, "NotImplemented", "A header you provided"), ConditionUnsupported),
            (refusal(400, "InvalidArgument", "If-None-Match and If-Match are not supported"), ConditionUnsupported),
        ],
        ids=["412", "409", "501", "400"],
    )
    def test_refused(
        self, open_it: Callable[..., Any], condition: Any, answer: Answer, expected: type[Exception]
    ) -> None:
        with scripted(answer) as script, pytest.raises(expected):
            open_it(script.url).put("a", b"", JPEG, condition)

    def test_if_match_on_a_key_that_is_gone(self, open_it: Callable[..., Any]) -> None:
        with scripted(refusal(404, "NoSuchKey")) as script, pytest.raises(PreconditionFailed):
            open_it(script.url).put("a", b"", JPEG, IfMatch("e"))

    def test_unconditional_conflict_is_no_condition(self, open_it: Callable[..., Any]) -> None:
        with scripted(refusal(409, "OperationAborted", "busy")) as script, pytest.raises(StorageUnavailable):
            open_it(script.url).put("a", b"", JPEG)

    @pytest.mark.parametrize("condition", [IfAbsent(), IfMatch("e")], ids=["absent", "match"])
    def test_nothing_is_sent_where_conditions_would_be_ignored(
        self, open_it: Callable[..., Any], condition: Any
    ) -> None:
        with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
            with pytest.raises(ConditionUnsupported):
                open_it(script.url, "gcs").put("a", b"", JPEG, condition)
            assert script.requests == []


def deleted_all(request: Request) -> Answer:
    keys = re.findall(rb"<Key>(.*?)</Key>", request.body)
    items = b"".join(b"<Deleted><Key>" + key + b"</Key></Deleted>" for key in keys)
    return Answer(200, b"<DeleteResult>" + items + b"</DeleteResult>")


class TestDelete:
    """Per-key errors are returned, never dropped; a refused batch is settled key by key."""

    def test_a_thousand_keys_per_request(self, open_it: Callable[..., Any]) -> None:
        with scripted(deleted_all) as script:
            assert open_it(script.url).delete(f"{number}.jpg" for number in range(2001)) == {}
        assert [request.body.count(b"<Key>") for request in script.requests] == [1000, 1000, 1]

    def test_content_md5_instead_of_newer_checksums(self, open_it: Callable[..., Any]) -> None:
        with scripted(deleted_all) as script:
            open_it(script.url).delete(["a"])
        headers = script.requests[0].headers
        assert headers["content-md5"]
        assert not [name for name in headers if "checksum" in name]

    def test_errors_of_single_keys(self, open_it: Callable[..., Any]) -> None:
        answer = Answer(
            200,
            b"<DeleteResult><Deleted><Key>gal/a</Key></Deleted>"
            b"<Error><Key>gal/b</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            b"<Error><Key>gal/c</Key><Code>NoSuchKey</Code></Error></DeleteResult>",
        )
        with scripted(answer) as script:
            assert open_it(script.url).delete(["a", "b", "c"]) == {"b": "AccessDenied: Access Denied"}

    def test_passing_errors_are_tried_again_singly(self, open_it: Callable[..., Any]) -> None:
        batch = Answer(200, b"<DeleteResult><Error><Key>gal/a</Key><Code>InternalError</Code></Error></DeleteResult>")
        with scripted(batch, Answer(204)) as script:
            assert open_it(script.url).delete(["a"]) == {}
        assert [request.method for request in script.requests] == ["POST", "DELETE"]

    @pytest.mark.parametrize("answer", [Answer(200, b""), Answer(200, b"<DeleteResult/>"), Answer(200, b"<html/>")])
    def test_an_answer_that_settles_nothing(self, open_it: Callable[..., Any], answer: Answer) -> None:
        with scripted(answer, refusal(403, "AccessDenied", "no")) as script:
            assert open_it(script.url).delete(["a", "b"]) == {"a": "AccessDenied: no", "b": "AccessDenied: no"}
        assert sorted((request.method, request.path) for request in script.requests[1:]) == [
            ("DELETE", "/bucket/gal/a"),
            ("DELETE", "/bucket/gal/b"),
        ]

    @pytest.mark.parametrize(
        "refused",
        [
            refusal(501, "NotImplemented"),
            refusal(400, "MissingContentMD5"),
            refusal(400, "InvalidRequest", "Missing required header for this request"),
            refusal(405, "MethodNotAllowed"),
            refusal(411, "MissingContentLength"),
        ],
        ids=["501", "MissingContentMD5", "InvalidRequest", "405", "411"],
    )
    def test_refused_batch_is_not_tried_twice(self, open_it: Callable[..., Any], refused: Answer) -> None:
        with scripted(refused, Answer(204)) as script:
            store = open_it(script.url)
            assert store.delete(["a", "b"]) == {}
            assert store.delete(["c"]) == {}
        assert [request.method for request in script.requests] == ["POST", "DELETE", "DELETE", "DELETE"]

    def test_no_batch_where_the_profile_knows_of_none(self, open_it: Callable[..., Any]) -> None:
        with scripted(Answer(204)) as script:
            assert open_it(script.url, "gcs").delete(["a", "b"]) == {}
        assert {request.method for request in script.requests} == {"DELETE"}

    def test_a_single_missing_key_is_deleted(self, open_it: Callable[..., Any]) -> None:
        with scripted(refusal(404, "NoSuchKey")) as script:
            assert open_it(script.url, "gcs").delete(["a"]) == {}

    def test_errors_of_all_keys_are_raised(self, open_it: Callable[..., Any]) -> None:
        answers = refusal(501, "NotImplemented"), refusal(404, "NoSuchBucket")
        with scripted(*answers) as script, pytest.raises(BucketMissing):
            open_it(script.url).delete(["a", "b"])

    def test_error_texts_are_harmless(self, open_it: Callable[..., Any]) -> None:
        message = "no\n::error::fake " + "A" * 5000
        with scripted(Answer(200), refusal(403, "AccessDenied", message)) as script:
            text = open_it(script.url).delete(["a"])["a"]
        assert text.isprintable()
        assert len(text) < 300


class TestRetries:
    """The libraries repeat what may pass; these are their numbers, so that an upgrade that changes them is seen."""

    @staticmethod
    def count(open_it: Callable[..., Any], call: str, answer: Answer) -> int:
        with scripted(answer) as script, pytest.raises(GalleriaError):
            CALLS[call][0](open_it(script.url, tries=2))
        return len(script.requests)

    @pytest.mark.parametrize(
        "answer",
        [
            refusal(500, "InternalError"),
            refusal(503, "SlowDown"),
            refusal(429, "Whatever"),
            Answer(502),
            Answer(drop=True),
        ],
        ids=["500", "503", "429", "502", "reset"],
    )
    @pytest.mark.parametrize("call", ["get", "put"])
    def test_repeated(self, open_it: Callable[..., Any], call: str, answer: Answer) -> None:
        assert self.count(open_it, call, answer) == 2

    @pytest.mark.parametrize("status", [400, 403, 404])
    def test_not_repeated(self, open_it: Callable[..., Any], status: int) -> None:
        assert self.count(open_it, "put", refusal(status, "SomeCode")) == 1

    def test_overcome(self, open_it: Callable[..., Any]) -> None:
        answers: list[Answer] = [refusal(503, "SlowDown"), Answer(200, headers={"ETag": '"e"'})]
        with scripted(*answers) as script:
            assert open_it(script.url, tries=2).put("a", b"x", JPEG) == "e"


def test_scripts_are_served(open_it: Callable[..., Any]) -> None:
    """The tests of this module can fail: a proper answer raises nothing."""
    with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
        assert open_it(script.url).put("a", b"x", JPEG) == "e"
