"""Our own signature and our own reading of listings, each beside another implementation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.errors import StorageUnavailable
from galleria_action.net.signature import Signer, canonical_query
from galleria_action.storage.interface import Indivisible, ObjectInfo, Part
from galleria_action.storage.opening import open_store
from galleria_action.storage.s3 import listing_page
from galleria_action.storage.s3.listing import BadListing, Page
from galleria_action.storage.s3.listing_page import read_page
from tests.storage.scripted import Answer, refusal, scripted
from tests.storage.stores import open_s3, settings_for

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def test_signature_of_the_documentation() -> None:
    """The example "GET Bucket (List Objects)" of AWS's own page on Signature Version 4. Its keys are nobody's, but
    in one piece they look like somebody's to whoever searches for secrets."""
    access = "-IOSFODNN7EXAMPLE".replace("-", "AKIA")
    secret = "/".join(("wJalrXUtnFEMI", "K7MDENG", "bPxRfiCYEXAMPLEKEY"))
    signer = Signer(access, secret, None, "us-east-1")
    query = canonical_query({"prefix": "J", "max-keys": "2"})
    now = datetime(2013, 5, 24, tzinfo=UTC)
    signed = signer.headers("GET", "examplebucket.s3.amazonaws.com", "/", query, now)
    assert signed["authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={access}/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )


@given(
    prefix=TEXT,
    token=TEXT,
    session=st.none() | st.text("abc/+=", min_size=1, max_size=9),
    moment=st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1)),
    cached=st.text(" \tab:", max_size=9),
)
def test_signature_is_botocores(prefix: str, token: str, session: str | None, moment: datetime, cached: str) -> None:
    query = canonical_query({"list-type": "2", "prefix": prefix, "continuation-token": token})
    ours = Signer("KEY", "secret/key", session, "eu-west-3").headers(
        "GET", "host.example:9000", "/bucket", query, moment, more={"cache-control": cached}
    )
    request = AWSRequest("GET", f"http://host.example:9000/bucket?{query}")
    request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
    request.context["timestamp"] = ours["x-amz-date"]
    theirs = botocore.auth.S3SigV4Auth(Credentials("KEY", "secret/key", session), "s3", "eu-west-3")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    request.headers["Cache-Control"] = cached
    if session:
        request.headers["X-Amz-Security-Token"] = session
    text = theirs.string_to_sign(request, theirs.canonical_request(request))
    assert ours["authorization"].endswith(f"Signature={theirs.signature(text, request)}")


def document(*objects: str, more: str = "<IsTruncated>false</IsTruncated>", namespace: str = "") -> bytes:
    return f"<ListBucketResult{namespace}>{more}{''.join(objects)}</ListBucketResult>".encode()


def an_object(**fields: str) -> str:
    return f"<Contents>{''.join(f'<{name}>{value}</{name}>' for name, value in fields.items())}</Contents>"


@given(st.lists(st.tuples(st.text("ab/ &<>\"'é🎉", min_size=1), st.integers(0, 2**60), st.text("0123-", max_size=9))))
def test_objects_come_back_as_they_are(objects: list[tuple[str, int, str]]) -> None:
    namespace = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    contents = [
        an_object(Key=escape(key), ETag=f"&quot;{etag}&quot;", Size=str(size), Owner="<ID>1</ID><Key>no</Key>")
        for key, size, etag in objects
    ]
    assert read_page(document(*contents, namespace=namespace)) == Page([ObjectInfo(*one) for one in objects], None)


_PIECES = st.sampled_from([
    '<?xml version="1.0" encoding="UTF-8"?>\n', "<?xml version='1.0'?>", '<?xml version="1.0" encoding="UTF-16"?>',
    "<ListBucketResult>", '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">', "</ListBucketResult>",
    "<IsTruncated>false</IsTruncated>", "<IsTruncated>true</IsTruncated>", "<KeyCount>2</KeyCount>", "<Prefix/>",
    "<EncodingType>url</EncodingType>", "<EncodingType></EncodingType>", "<Name>", "</Name>", "<A><B>1</B>", "</A>",
    "<NextContinuationToken>t&amp;</NextContinuationToken>", "<!-- ", " -->", "<![CDATA[", "]]>", "\n  ", "&amp;", "é",
    an_object(Key="a%20b+c", Size="1"), an_object(Key="a/b.jpg", ETag='"ab-1"', Size="7"),
    an_object(Key="b", LastModified="2024-01-01T00:00:00.000Z", ETag="&quot;ab&quot;", Size="1", StorageClass="COLD"),
    an_object(Key="c", ETag="&quot;ab&quot;", ChecksumAlgorithm="CRC64NVME", ChecksumType="FULL_OBJECT", Size="1"),
    an_object(Key="d", Size="1", StorageClass="GLACIER"), an_object(Key="e&amp;", Size="1"),
    an_object(Key="f", Size="x"),
    an_object(Size="1", Key="g"), an_object(Key="h", Size="1", Owner="<ID>1</ID>"), "<Contents>", "</Contents>",
])  # fmt: skip
_WHOLE_DOCUMENTS = st.lists(_PIECES, max_size=6).map(
    lambda pieces: document(*pieces, namespace=' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"').decode()
)


@given(st.lists(_PIECES, max_size=8).map("".join) | _WHOLE_DOCUMENTS)
def test_what_is_read_at_a_glance_is_what_the_parser_reads(text: str) -> None:
    body = text.encode()
    try:
        expected: Page | str = listing_page._read(body)
    except BadListing as problem:
        expected = str(problem)
    try:
        found: Page | str = read_page(body)
    except BadListing as problem:
        found = str(problem)
    assert found == expected


@pytest.mark.parametrize(
    "page",
    [
        document("<!--", an_object(Key="a", Size="1"), "-->"),
        document("<Name><![CDATA[", an_object(Key="a", Size="1"), "]]></Name>"),
        document("<Name>", an_object(Key="a", Size="1"), "</Name>"),
        document("<Other><Name>1</Name>", an_object(Key="a", Size="1"), "</Other>"),
    ],
)
def test_what_only_looks_like_an_object_is_none(page: bytes) -> None:
    assert read_page(page) == Page([], None)


def test_what_services_write_is_read_at_a_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    page = document(*(an_object(Key=f"{n}.jpg", ETag="&quot;ab&quot;", Size=str(n)) for n in range(3)))
    asked: list[bytes] = []
    read = listing_page._read
    monkeypatch.setattr(listing_page, "_read", lambda body: (asked.append(body), read(body))[1])
    assert read_page(page) == Page([ObjectInfo(f"{n}.jpg", n, "ab") for n in range(3)], None)
    assert asked == [document()]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "no XML"),
        (b"\xff\xfe", "no XML"),
        (b"<Error><Code>InternalError</Code></Error>", "not a listing"),
        (b"<Other><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult></Other>", "not a listing"),
        (document(more="<CommonPrefixes><IsTruncated>false</IsTruncated></CommonPrefixes>"), "not a listing"),
        (document(an_object(Key="a")), "without 'Size'"),
        (document(an_object(Size="1")), "without 'Key'"),
        (document(an_object(Key="a", Size="-1")), "not a number"),
        (document(an_object(Key="a", Size="²")), "not a number"),
        (document(more="<IsTruncated>true</IsTruncated>"), "without a continuation"),
        (document(more="<IsTruncated>TRUE</IsTruncated>"), "without a continuation"),
        (document(more="<IsTruncated>1</IsTruncated>"), "whether it is whole"),
        (
            document(an_object(Key="a", Size="1"), namespace=' xmlns="x"').replace(b"<Contents", b'<Contents xmlns=""'),
            "several",
        ),
        (
            document()
            .replace(b"<IsT", b"<KeyCount>1</KeyCount><IsT")
            .replace(b"<IsTruncated", b'<IsTruncated xmlns="x"'),
            "several",
        ),
        (document(more="<IsTruncated></IsTruncated>"), "whether it is whole"),
        (document() + b"<ListBucketResult/>", "broken XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + document(an_object(Key="&b;", Size="1")), "document type"),
    ],
)
def test_what_is_no_listing(body: bytes, problem: str) -> None:
    with pytest.raises(BadListing, match=problem):
        read_page(body)


def test_retry_after_is_heard() -> None:
    pauses: list[float] = []
    answers: list[Any] = [refusal(503, "SlowDown", **{"Retry-After": "7"}), Answer(200, document())]
    with scripted(*answers) as script:
        settings = replace(settings_for(script.url), pause=lambda seconds: bool(pauses.append(seconds)) or True)
        assert list(open_store(settings).list()) == []
    assert 7 <= pauses[0] < 10


def test_a_page_is_asked_for_again() -> None:
    answers: list[Any] = [refusal(503, "SlowDown"), Answer(drop=True), Answer(200, document())]
    with scripted(*answers) as script:
        assert list(open_s3(script.url, tries=3).list()) == []
        assert len(script.requests) == 3
    assert {request.path.partition("?")[0] for request in script.requests} == {"/bucket"}


def test_not_for_ever_and_not_what_stays() -> None:
    for answer, requests in ((refusal(500, "InternalError"), 2), (refusal(400, "InvalidArgument"), 1)):
        with scripted(answer) as script, pytest.raises(StorageUnavailable):
            list(open_s3(script.url, tries=2).list())
        assert len(script.requests) == requests


def test_a_proxy_gets_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(Answer(200, document())) as script:
        monkeypatch.setenv("http_proxy", script.url)
        assert list(open_s3("http://s3.example.invalid").list()) == []
    assert script.requests[0].path.startswith("http://s3.example.invalid/bucket?")


def test_a_service_that_knows_no_start_after(open_it: Any) -> None:
    answer = Answer(200, document(*(an_object(Key=f"gal/{name}", Size="1") for name in "abc")))
    with scripted(answer) as script:
        store = open_it(script.url)
        assert [info.key for info in store.list(part=Part("", "b"))] == ["a", "b"]
        with pytest.raises(Indivisible):
            list(store.list(part=Part("b", None)))
        assert "start-after=gal%2Fb" in script.requests[-1].path


@pytest.mark.parametrize(
    ("name", "archived"),
    [
        ("STANDARD", False), ("GLACIER", True), ("GLACIER_IR", False), ("DEEP_ARCHIVE", True), ("ColdArchive", True),
        ("MAZ_ARCHIVE", True), ("INTELLIGENT_TIERING", False), ("", False),
    ],
)  # fmt: skip
def test_what_lies_in_an_archive(name: str, archived: bool) -> None:
    """Of many objects one; a key that is called so is not meant."""
    own = f"<StorageClass>{name}</StorageClass>" if name else ""
    other = "<Contents><Key>archive/GLACIER.jpg</Key><Size>1</Size></Contents>"
    objects = f"{other}<Contents><Key>b</Key><Size>1</Size>{own}</Contents>"
    page = read_page(f"<ListBucketResult><IsTruncated>false</IsTruncated>{objects}</ListBucketResult>".encode())
    assert [it.archived for it in page.objects] == [False, archived]
