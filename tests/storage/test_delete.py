"""Per-key errors are returned, never dropped; a refused batch is settled key by key, and a few keys go without one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from galleria_action.errors import BucketMissing, PermissionRefused, StorageUnavailable
from tests.storage.scripted import Answer, Request, refusal, scripted
from tests.storage.stores import open_boto3, open_s3


def deleted_all(request: Request) -> Answer:
    keys = re.findall(rb"<Key>(.*?)</Key>", request.body)
    items = b"".join(b"<Deleted><Key>" + key + b"</Key></Deleted>" for key in keys)
    return Answer(200, b"<DeleteResult>" + items + b"</DeleteResult>")


class TestDelete:
    def test_a_thousand_keys_per_request(self, open_it: Callable[..., Any]) -> None:
        with scripted(deleted_all) as script:
            assert open_it(script.url).delete(f"{number}.jpg" for number in range(2001)) == {}
        assert [request.body.count(b"<Key>") for request in script.requests] == [1000, 1000, 1]


@pytest.mark.parametrize("open_it", [open_boto3])
class TestBatch:
    """What both stores do with many keys, shown with the store that does it for both, and few."""

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


class TestFew:
    """The fast store deletes a few keys by a request each."""

    def test_no_batch(self) -> None:
        with scripted(Answer(204)) as script:
            assert open_s3(script.url).delete(["a b.jpg", "ü/+", "a//b", "a b.jpg"]) == {}
        asked = sorted((request.method, request.path, request.body) for request in script.requests)
        assert asked == [
            ("DELETE", "/bucket/gal/%C3%BC/%2B", b""),
            ("DELETE", "/bucket/gal/a%20b.jpg", b""),
            ("DELETE", "/bucket/gal/a//b", b""),
        ]

    def test_errors_of_single_keys(self) -> None:
        refused = {"/bucket/gal/b": refusal(403, "AccessDenied", "no"), "/bucket/gal/c": refusal(404, "NoSuchKey")}
        with scripted(lambda request: refused.get(request.path, Answer(204))) as script:
            assert open_s3(script.url).delete(["a", "b", "c"]) == {"b": "AccessDenied: no"}

    def test_refused_for_all(self) -> None:
        with scripted(refusal(403, "AccessDenied", "no")) as script, pytest.raises(PermissionRefused, match="403"):
            open_s3(script.url).delete(["a", "b"])

    def test_a_passing_fault_is_tried_again(self) -> None:
        with scripted(refusal(500, "InternalError"), Answer(drop=True), Answer(204)) as script:
            assert open_s3(script.url, tries=3).delete(["a"]) == {}
        assert [request.method for request in script.requests] == ["DELETE"] * 3

    def test_a_fault_that_stays(self) -> None:
        with scripted(Answer(drop=True)) as script, pytest.raises(StorageUnavailable):
            open_s3(script.url).delete(["a"])

    def test_error_texts_are_harmless(self) -> None:
        message = "no\n::error::fake " + "A" * 5000
        answers = {"/bucket/gal/a": refusal(403, "AccessDenied", message)}
        with scripted(lambda request: answers.get(request.path, Answer(204))) as script:
            text = open_s3(script.url).delete(["a", "b"])["a"]
        assert text.isprintable()
        assert len(text) < 300
