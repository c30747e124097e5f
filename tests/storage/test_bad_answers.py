"""What the stores make of answers that no server should give, and what they send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import PermissionRefused, StorageUnavailable
from galleria_action.storage.faults import Call
from galleria_action.storage.interface import (
    ConditionUnsupported,
    IfAbsent,
    IfMatch,
    ObjectInfo,
    Part,
    PreconditionFailed,
    Target,
)
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.listing import MOST_SPARSE_PAGES, BadListing, Page, every_object
from galleria_action.storage.s3.listing_page import read_page
from tests.storage.raw_servers import head_of, listening
from tests.storage.scripted import Answer, Request, refusal, scripted
from tests.storage.stores import JPEG, TOKEN, raised

#: what some services say instead of whether there is more
COUNTED = (b"<IsTruncated>false</IsTruncated>", b"<KeyCount>1</KeyCount>")


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
            ([Answer(200, b"")], "not a listing"),
            ([Answer(200, b"<html><body>Welcome</body></html>")], "not a listing"),
            ([Answer(200, b"<ListBucketResult></ListBucketResult>")], "not a listing"),
            ([page("gal/a", truncated=True)], "truncated listing without a continuation"),
            ([page("gal/a", token="T")], "more to come"),
            ([Answer(200, page("gal/a", token="T").body.replace(*COUNTED))], "more to come"),
            ([Answer(200, page("gal/a").body.replace(b"<Size>3", b"<Size>many"))], "listing|S3 does not give"),
            ([page(truncated=True, token="T")], "circles"),
            ([page("gal/a", truncated=True, token="T"), page("gal/b", truncated=True, token="T")], "circles"),
            ([page("gal/a", "gal/b", truncated=True, token="T"), page("gal/b")], "not in order"),
            ([page("gal/b", "gal/a", truncated=True, token="T")], "not in order"),
            ([page("gal/a", "gal/a")], "not in order"),
            ([page("elsewhere/a")], "not asked for"),
            ([Answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>gal/a")], "failed"),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    @pytest.mark.timeout(20)  # one that goes in circles unnoticed takes its time
    def test_bad_listing_is_an_error(self, open_it: Callable[..., Any], answers: list[Answer], problem: str) -> None:
        with pytest.raises(StorageUnavailable, match=problem):
            self.keys(open_it, *answers)

    @pytest.mark.parametrize("held", [0, 1])
    def test_pages_that_never_end_and_hold_hardly_anything(self, held: int) -> None:
        asked = list[str | None]()

        def fetch(token: str | None) -> Page:
            asked.append(token)
            number = len(asked)
            return Page([ObjectInfo(f"{number:09}", 1, "e")][:held], f"token {number}")

        with pytest.raises(StorageUnavailable, match="does not come to an end"):
            list(every_object(fetch, Call("list", Target(None, "bucket"))))
        assert len(asked) == MOST_SPARSE_PAGES + 1

    def test_many_empty_pages_may_come_before_the_end(self) -> None:
        def fetch(token: str | None) -> Page:
            number = int(token or 0)
            return Page([], str(number + 1)) if number < 1_000 else Page([ObjectInfo("a", 1, "e")], None)

        assert [info.key for info in every_object(fetch, Call("list", Target(None, "bucket")))] == ["a"]

    @given(
        st.sets(st.text("ab/\ud7ff\U0001f600", min_size=1, max_size=4), max_size=12),
        st.sampled_from(["", "a", "a/"]),
        st.sampled_from(["", "b", "a"]),
        st.none() | st.text("ab/", min_size=1, max_size=2),
        st.integers(1, 5),
    )
    def test_every_page_gives_what_each_of_its_objects_would(
        self, names: set[str], root: str, wanted: str, until: str | None, held: int
    ) -> None:
        """Whether it can be taken as a whole or not."""
        objects = [ObjectInfo(f"{root}{name}", len(name), name, archived=len(name) == 2) for name in sorted(names)]
        pages = [objects[at : at + held] for at in range(0, len(objects), held)] or [[]]

        def fetch(token: str | None) -> Page:
            number = int(token or 0)
            return Page(pages[number], str(number + 1) if number + 1 < len(pages) else None)

        call = Call("list", Target(None, "bucket", root), wanted)
        expected = [it for it in sorted(names) if it.startswith(wanted) and (until is None or it <= until)]
        found = list(every_object(fetch, call, Part("", until)))
        assert found == [ObjectInfo(it, len(it), it, archived=len(it) == 2) for it in expected]

    def test_a_single_page_may_be_in_any_order(self, open_it: Callable[..., Any]) -> None:
        with scripted(self.page("gal/b", "gal/a")) as script:
            assert {info.key for info in open_it(script.url).list()} == {"a", "b"}

    def test_what_lies_beside_the_folder_that_was_asked_for_is_left_out(self, open_it: Callable[..., Any]) -> None:
        with scripted(self.page("gal/a", "gal/b/1", "gal/b/2", "gal/c")) as script:
            assert [info.key for info in open_it(script.url).list("b/")] == ["b/1", "b/2"]

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

    @pytest.mark.parametrize("most", [2, 1000], ids=["longer than asked for", "cut"])
    def test_what_is_not_read_whole_ends_its_connection(self, open_it: Callable[..., Any], most: int) -> None:
        """At once: not when somebody happens to collect what the error still holds."""
        ended = threading.Event()

        def serve(connection: socket.socket) -> None:
            head_of(connection)
            connection.sendall(b'HTTP/1.1 200 OK\r\netag: "e"\r\ncontent-length: 100\r\n\r\nhalf')
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1 << 16):
                pass
            ended.set()

        with listening(serve) as url, pytest.raises(StorageUnavailable) as caught:
            open_it(url).get("a", most)
        assert ended.wait(5), caught

    def test_connections_whose_answers_were_read_whole_are_used_again(self, open_it: Callable[..., Any]) -> None:
        connections = list[str]()

        def serve(connection: socket.socket) -> None:
            connections.append("")
            while head_of(connection):
                connection.sendall(b'HTTP/1.1 200 OK\r\netag: "e"\r\ncontent-length: 4\r\n\r\npage')

        with listening(serve) as url:
            store = open_it(url)
            assert [store.get("a").body, store.get("a", 4).body, store.get("b").body] == [b"page"] * 3
        assert len(connections) == 1

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
    def test_ceph_wants_no_quotes(self, open_it: Callable[..., Any]) -> None:
        with scripted(Answer(200, headers={"ETag": '"e"'})) as script:
            open_it(script.url, "ceph").put("a", b"", JPEG, IfMatch("e"))
        assert script.requests[0].headers["if-match"] == "e"

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


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (TestList.page("a").body.replace(b"<Size>3", b"<Size>" + b"9" * 5000), "size that is not a number"),
        (b'<?xml version="1.0" encoding="UTF-99"?><ListBucketResult/>', "encoding that nobody knows"),
        (b'<?xml version="1.0" encoding="gb2312"?><ListBucketResult/>', "encoding that nobody knows"),
        (b"<ListBucketResult>" + b"<a>" * 200_000, "far too many parts"),
    ],
    ids=["size", "encoding", "encoding of several bytes", "parts"],
)
def test_what_python_makes_nothing_of_is_no_listing(body: bytes, problem: str) -> None:
    with pytest.raises(BadListing, match=problem):
        read_page(body)
