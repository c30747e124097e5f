"""Every parser of bytes that others wrote: what is right, what it may raise, and what would make it slow."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from galleria_action.ci.forgejo import ForgejoApi
from galleria_action.ci.github.api import GitHubApi
from galleria_action.ci.github.comment import PullRequestComments
from galleria_action.ci.github.event import read_event
from galleria_action.ci.gitlab_notes import MergeRequest, MergeRequestNotes
from galleria_action.ci.reviews.marker import Marker, read_marker, sealed
from galleria_action.ci.reviews.sticky import Sticky
from galleria_action.cli.config import _interpret
from galleria_action.deployment.releases.hold import held
from galleria_action.deployment.releases.record import Counts, Release, ReleaseUnreadable, Who, parse_release
from galleria_action.deployment.releases.record import Kind as ReleaseKind
from galleria_action.deployment.shards import Report, Shard, parse_report
from galleria_action.deployment.state.begun import begun_document, parse_begun
from galleria_action.deployment.state.debts import DebtUnreadable, parse_debt
from galleria_action.deployment.state.manifest import Leaving, Manifest
from galleria_action.deployment.state.publication import Publication, PublicationUnreadable, Replaced, parse_publication
from galleria_action.deployment.state.written import ManifestUnreadable, parse_manifest, written
from galleria_action.errors import ConfigInvalid, GalleryInvalid, StorageUnavailable
from galleria_action.gallery.exif.edit import edit_exif
from galleria_action.gallery.local.content import look_at
from galleria_action.gallery.local.patterns import Patterns
from galleria_action.gallery.metadata.redact import redact_paths
from galleria_action.gallery.metadata.schema import RemoteInvalid, load_metadata, parse_remote
from galleria_action.gallery.originals.facts import read_facts
from galleria_action.gallery.originals.kinds import kind_of
from galleria_action.net.answer import Reader, Response
from galleria_action.net.encoding import Encoded, TooLong, decoded
from galleria_action.net.http import Answer
from galleria_action.net.rest import ApiError, Rest
from galleria_action.net.waiting import run
from galleria_action.storage.faults import Call, of_answer
from galleria_action.storage.interface import Headers, StoredObject, Target
from galleria_action.storage.s3.bucket_cors import CorsUnsupported, _rules
from galleria_action.storage.s3.deletes import _outcomes
from galleria_action.storage.s3.listing import BadListing
from galleria_action.storage.s3.listing_page import read_page
from galleria_action.watch.memory import memory_of
from tests.builders import make_gallery
from tests.deployment.test_debts import DEBT
from tests.deployment.values import entry_of, local_photo
from tests.gallery.exif_photos import GPS, Block, exif_segment, photo, segment
from tests.report import examples

Make = Callable[[int], bytes]


@dataclass(frozen=True)
class Parser:
    """``read`` takes what is foreign and may raise ``refuses``, nothing else. ``seeds`` are right; ``grow`` makes input
    of about so many bytes that a careless parser would take more than its share of time for, which is ``per_megabyte``
    seconds; the largest has ``most`` bytes."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refuses: tuple[type[Exception], ...] = ()
    grow: Mapping[str, Make] = field(default_factory=dict)
    most: int = 200_000
    per_megabyte: float = 5


# -- what a storage service says -----------------------------------------------------------------------------------

_LISTING = (
    b'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<IsTruncated>true</IsTruncated><KeyCount>1</KeyCount><NextContinuationToken>t</NextContinuationToken>"
    b"<EncodingType>url</EncodingType><Contents><Key>full/a%20b.jpg</Key><Size>123</Size><ETag>&quot;0a&quot;</ETag>"
    b"</Contents></ListBucketResult>"
)
_ERROR = (
    b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>no, expecting 'eu-1'</Message>"
    b"<Region>eu-1</Region><RequestId>r</RequestId></Error>"
)
_DELETED = (
    b"<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message>"
    b"</Error></DeleteResult>"
)
_CORS = (
    b"<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod><MaxAgeSeconds>3600"
    b"</MaxAgeSeconds></CORSRule></CORSConfiguration>"
)


def _around(head: bytes, part: bytes, tail: bytes) -> Make:
    return lambda size: head + part * (size // len(part)) + tail


_XML: Mapping[str, Make] = {
    "deep": lambda size: b"<a>" * (size // 7) + b"</a>" * (size // 7),
    "open": lambda size: b"<a>" * (size // 3),
    "attributes": lambda size: b"<a " + b" ".join(b"a%d=''" % n for n in range(size // 9)) + b"/>",
    "names": lambda size: b"<" + b"a" * size + b"/>",
    "text": lambda size: b"<a>" + b"&lt;" * (size // 4) + b"</a>",
    "comments": _around(b"<a>", b"<!-- -->", b"</a>"),
    "keys": _around(
        b"<ListBucketResult><KeyCount>1</KeyCount>",
        b"<Contents><Key>a</Key><Size>1</Size></Contents>",
        b"</ListBucketResult>",
    ),
    "messages": lambda size: b"<Message>" * (size // 9),
    "spaces": lambda size: b" " * size,
}


def _fault(raw: bytes) -> object:
    text = raw.decode("utf-8", "replace")
    return of_answer(403, text, {"retry-after": text[:40], "location": text, "x-amz-bucket-region": text[:60]})


def _cors_rules(raw: bytes) -> object:
    return _rules(Response(200, {}, raw, None), Call("get cors", Target("https://s3.example", "bucket")))


def _http(raw: bytes) -> bytes:
    """What a server sends, and then hangs up."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.settimeout(5)
        theirs.sendall(raw[:60_000])
        theirs.shutdown(socket.SHUT_WR)
        return run(Reader(ours, seconds=5).response("GET", 10_000)).body


_ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: x\r\n\r\nabc",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\n\r\n<Error/>",
)

# -- what lies in a bucket -----------------------------------------------------------------------------------------

_PHOTO = local_photo("a")
_ENTRIES = {file.key: entry_of(file, _PHOTO) for file in _PHOTO.files}
_MANIFEST = Manifest(_ENTRIES, {"full/old.jpg": Leaving("old"), "old.html": Leaving(None)}, "metadata")
_MANY = {f"{number}/{key}": entry for key, entry in _ENTRIES.items() for number in range(60)}
_REPORT = Report(Shard(1, 2), "0" * 64, "f", True, 3, 0, 9, ("a",), _ENTRIES, frozenset(list(_ENTRIES)[:1]))
_KEY = next(iter(_ENTRIES))
_REPLACED = Replaced(1, "etag", ".galleria/pool/" + "0" * 64, Headers("image/jpeg", "no-cache"), _ENTRIES[_KEY])
_RELEASE_ID = "20260131T120000Z-0123abcd"
_RELEASE = Release(
    _RELEASE_ID, "0" * 64, ReleaseKind.ROLLBACK, Who("a" * 40, "refs/heads/x", "me", "1", "5"), Counts(1, 2, 3, 4, 5),
    "1" * 64, "1" * 64, "20260130T120000Z-0123abcd", "20260129T120000Z-0123abcd", {_KEY: _REPLACED, "new.html": None},
)  # fmt: skip
_ALERTS = json.dumps({"schema": 1, "failing": {"deploy": {
    "reason": "conflict", "since": "2026-06-01T12:00:00+00:00", "told": "2026-06-01T12:00:00+00:00",
}}}).encode()  # fmt: skip
_HOLD = f'{{"schema": 1, "release": "{_RELEASE_ID}", "who": {{"actor": "me"}}}}'.encode()
_PUBLICATION = Publication("0" * 64, "1" * 64, {_KEY: _REPLACED}, True, 3)


class _Holding:
    """A bucket whose hold is these bytes."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def get(self, key: str, most: int) -> StoredObject | None:
        return StoredObject(self._raw[:most], "etag") if self._raw else None


def _hold(raw: bytes) -> None:
    refusal = held(_Holding(raw))  # type: ignore[arg-type]
    assert "Deploys are held" in refusal.message
    assert len(refusal.message) < 300


def _gallery() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        make_gallery(Path(folder), 2)
        return (Path(folder) / "gallery-metadata.json").read_bytes()


_METADATA = _gallery()
_JSON: Mapping[str, Make] = {
    "brackets": lambda size: b"[" * size,
    "objects": lambda size: b'{"a":' * (size // 5),
    "names": lambda size: b"{" + b",".join(b'"%d":1' % n for n in range(size // 9)) + b"}",
    "the same name": _around(b'{"a":1', b',"a":1', b"}"),
    "digits": lambda size: b"9" * size,
    "numbers": _around(b"[1", b",1e999", b"]"),
    "escapes": _around(b'{"photos":"', b"\\u0041", b'"}'),
    "spaces": lambda size: b" " * size + b"{}",
    "entries": lambda size: b'{"objects":{' + b",".join(b'"%d":{}' % n for n in range(size // 10)) + b"}}",
}

# -- what lies in the workspace ------------------------------------------------------------------------------------

_CONFIG = (
    b"bucket: photos\nmax-delete: 10%\nexclude:\n  - drafts/\nenvironments:\n  live:\n    endpoint: https://s3.example\n"
    b"    dry-run: off\nheaders:\n  '*.svgz':\n    encoding: gzip\n"
)
_XMP = segment(
    0xE1,
    b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description "
    b"xmlns:exif='http://ns.adobe.com/exif/1.0/' exif:GPSLatitude='1,2N'/></x:xmpmeta>",
)
_JPEGS = (
    photo(exif_segment(Block(gps=GPS).build())),
    photo(exif_segment(Block(gps=GPS).build()), _XMP),
    photo(_XMP, exif_segment(Block().build()), trailer=exif_segment(Block(gps=GPS).build())),
)
_HEADS = (
    *_JPEGS, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(17) + b"\0\0\0\0IEND\xaeB`\x82", b"GIF89a" + bytes(7) + b";",
    b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0abcd", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
    b"II*\0\x08\0\0\0\1\0\x11\1\4\0\1\0\0\0\x08\0\0\0" + bytes(8), b"\x1a\x45\xdf\xa3\x84webm" + bytes(40),
    b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n", b"<!doctype html><p>",
)  # fmt: skip


def _look(raw: bytes) -> None:
    for key in ("a.jpg", "a.tif", "a.mp4", "a.webp"):
        look_at(key, len(raw), lambda at, length: raw[max(at, 0) : max(at, 0) + length])


def _facts_of(raw: bytes) -> None:
    if kind := kind_of(raw[:64]):
        read_facts(kind, raw)


def _patterns(raw: bytes) -> None:
    text, _, path = raw.decode("utf-8", "replace").partition("\0")
    Patterns.read(text).match(path or "a/b/c.jpg", folder=False)


def _segments(part: bytes) -> Make:
    return lambda size: photo(*([part] * (size // len(part) + 1)))


# -- what a CI says ------------------------------------------------------------------------------------------------

_MARKER = Marker("id", (1, 1), plan="0" * 64, head="a" * 40)
_COMMENT = sealed("text\n\nReviewed: plan " + "0" * 64, _MARKER)
_EVENT = {
    "pull_request": {"number": 5, "head": {"sha": "b" * 40, "repo": {"full_name": "guest/wedding"}}},
    "workflow_run": {
        "event": "push", "head_sha": "a" * 40, "head_repository": {"full_name": "maker/wedding"},
        "actor": {"login": "x"}, "pull_requests": [{"number": 4}],
    },
    "repository": {"default_branch": "main"},
}  # fmt: skip
_COMMENTS = [
    {"id": 1, "body": _COMMENT, "user": {"login": "me"}, "html_url": "https://x", "author": {"username": "me"}}
]
_PULLS = [
    {
        "number": 4, "merged_at": "2024", "merged": True, "merge_commit_sha": "c" * 40, "login": "me", "username": "me",
        "head": {"sha": "a" * 40, "repo": {"full_name": "maker/wedding"}},
        "base": {"repo": {"full_name": "maker/wedding"}},
        "data": {"viewer": {"login": "me"}}, "message": "no", "errors": [1],
    }
]  # fmt: skip


def _event(raw: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(raw)
        for name in ("push", "pull_request", "pull_request_target", "workflow_run", "issue_comment"):
            environ = {
                "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": file.name, "GITHUB_REPOSITORY": "maker/wedding",
                "GITHUB_ACTOR": "dependabot[bot]", "GITHUB_REF": "refs/heads/main",
            }  # fmt: skip
            assert read_event(environ).occasion.told


class _Said:
    """A server that answers everything with the same."""

    def __init__(self, raw: bytes, status: int = 200) -> None:
        self._answer = Answer(status, {"link": raw[:200].decode("latin-1"), "retry-after": "0"}, raw)

    def ask(self, *_: Any, **__: Any) -> Answer:
        return self._answer

    def follow(self, url: str, location: str, what: str) -> str:
        raise ApiError(f"{what} leads elsewhere")


def _rest(raw: bytes, status: int = 200) -> Rest:
    rest = Rest("https://api.example", {}, clock=lambda: 0.0, sleep=lambda _: None)
    rest._http = _Said(raw, status)  # type: ignore[assignment]
    rest.allow(10)
    return rest


def _asked(*questions: Callable[[], object]) -> None:
    for question in questions:
        try:
            question()
        except ApiError as error:
            assert len(str(error)) < 1000


def _github(raw: bytes) -> None:
    _ask_forge(GitHubApi(_rest(raw), "maker/wedding"))
    _ask_forge(ForgejoApi(_rest(raw), "maker/wedding", "Forgejo"))
    _asked(lambda: _rest(raw, 422).call("GET", "user"))


def _ask_forge(api: GitHubApi) -> None:
    comments = PullRequestComments(api, 4)
    _asked(
        lambda: api.merged_pull_request("c" * 40), api.my_name, lambda: Sticky(comments, "id", (1, 1)).find(),
        lambda: comments.create("x"), lambda: api.create_deployment({}),
    )  # fmt: skip


def _gitlab(raw: bytes) -> None:
    notes = MergeRequestNotes(_rest(raw), MergeRequest("projects/1/merge_requests/2", "https://x", "c", (1, 1), "y"))
    _asked(notes.my_name, lambda: list(notes.all()), lambda: Sticky(notes, "id", (1, 1)).find())


_UNREADABLE = (ManifestUnreadable, ConfigInvalid)

PARSERS: Mapping[str, Parser] = {
    "listing": Parser(read_page, (_LISTING,), (BadListing,), _XML, most=400_000),
    "error": Parser(_fault, (_ERROR,), (), _XML, most=60_000),
    "deletes": Parser(lambda raw: list(_outcomes(raw)), (_DELETED,), (), _XML, most=400_000),
    "CORS rules": Parser(_cors_rules, (_CORS,), (StorageUnavailable, CorsUnsupported), _XML, most=400_000),
    "HTTP": Parser(
        _http, _ANSWERS, (OSError, http.client.HTTPException),
        {
            "headers": _around(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", b"\r\n"),
            "interim": lambda size: b"HTTP/1.1 100 Continue\r\n\r\n" * (size // 25),
            "chunks": _around(_ANSWERS[1].partition(b"3\r\n")[0], b"1\r\na\r\n", b"0\r\n\r\n"),
        }, most=12_000,
    ),
    "encoding": Parser(
        lambda raw: decoded(raw, "gzip", 100_000), (b"\x1f\x8b\x08\0\0\0\0\0\0\x03KLJ\x06\0\xc2A$5\x03\0\0\0",),
        (Encoded, TooLong),
        {"members": lambda size: b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0" * (size // 20)},
    ),
    "metadata": Parser(lambda raw: load_metadata(raw, "file"), (_METADATA,), (GalleryInvalid,), _JSON, most=60_000),
    "remote metadata": Parser(parse_remote, (_METADATA,), (RemoteInvalid,), _JSON),
    "redaction": Parser(redact_paths, (_METADATA,), (GalleryInvalid,), _JSON, most=60_000),
    "manifest": Parser(
        parse_manifest, (written(_MANIFEST), written(replace(_MANIFEST, objects=_MANY))), _UNREADABLE, _JSON,
    ),
    "report of a shard": Parser(parse_report, (_REPORT.to_bytes(),), _UNREADABLE, _JSON),
    "what was begun": Parser(parse_begun, (begun_document(examples.mixed_plan()),), (), _JSON),
    "publication": Parser(parse_publication, (_PUBLICATION.to_bytes(),), (PublicationUnreadable, ConfigInvalid), _JSON),
    "what caches are owed": Parser(lambda raw: parse_debt(DEBT.key, raw), (DEBT.to_bytes(),), (DebtUnreadable,), _JSON),
    "release": Parser(
        lambda raw: parse_release(raw, _RELEASE_ID), (_RELEASE.to_bytes(), replace(_RELEASE, undo={}).to_bytes()),
        (ReleaseUnreadable, ConfigInvalid), _JSON,
    ),
    "alerts": Parser(memory_of, (_ALERTS,), (), _JSON, most=1 << 16),
    "hold": Parser(_hold, (_HOLD,), (), _JSON, most=1 << 16),
    "config file": Parser(
        lambda raw: _interpret(raw[: 1 << 16].decode("utf-8", "replace"), "galleria.yml", "live"), (_CONFIG,), (),
        {
            "lists": lambda size: b"a: " + b"[" * size, "maps": lambda size: b"{a: " * (size // 4),
            "keys": lambda size: b"".join(b"k%d: 1\n" % n for n in range(size // 8)),
            "quotes": lambda size: b'a: "' + b"\\n" * (size // 2), "dashes": lambda size: b"- " * (size // 2),
            "indents": lambda size: b"".join(b" " * n + b"a:\n" for n in range(int((size * 2) ** 0.5))),
            "anchors": lambda size: b"a: &a\n" * (size // 6), "tags": lambda size: b"a: !!" + b"a" * size,
        }, most=24_000,
        per_megabyte=60,  # of which it may have a sixteenth,
    ),
    "patterns": Parser(
        _patterns, (b"*.map\ndrafts/**/x?.html\n**/a*b*c\0drafts/a/b/x1.html",), (ValueError,),
        {"stars": lambda size: b"*a*a*a*a*b\0" + b"a" * size,
         "folders": lambda size: b"**/a/**/b\0" + b"a/" * (size // 2)},
        most=20_000,
    ),
    "EXIF": Parser(
        lambda raw: edit_exif(raw, "2024-08-12T14:03:22", 2, strip_gps=True), _JPEGS, (),
        {"blocks": _segments(exif_segment(Block(gps=GPS).build())), "XMP": _segments(_XMP),
         "small": _segments(segment(0xE5, b"x")), "fill": lambda size: photo(b"\xff" * size)},
    ),
    "kinds of files": Parser(
        _look, _HEADS, (),
        {"segments": lambda size: b"\xff\xd8" + b"\xff\xe0\0\2" * (size // 4),
         "boxes": lambda size: b"\0\0\0\x08ftyp" * (size // 8), "text": lambda size: b"a/" * (size // 2)},
    ),
    "facts of originals": Parser(
        _facts_of, _HEADS, (),
        {"blocks": _segments(exif_segment(Block(gps=GPS).build())), "XMP": _segments(_XMP),
         "chunks": lambda size: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * (size // 12),
         "boxes": lambda size: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x08meta" * (size // 8)},
    ),
    "event": Parser(_event, (json.dumps(_EVENT).encode(),), (), _JSON, most=60_000),
    "comment": Parser(
        lambda raw: read_marker(raw.decode("utf-8", "replace")), (_COMMENT.encode(),), (),
        {"markers": lambda size: b"<!-- galleria" * (size // 13), "lines": lambda size: b"\n" * size,
         "real": lambda size: (_COMMENT.encode() + b"\n") * (size // len(_COMMENT))}, most=60_000,
    ),
    "GitHub's API": Parser(_github, tuple(json.dumps(it).encode() for it in (_COMMENTS, _PULLS, _PULLS[0])), (), _JSON),
    "GitLab's API": Parser(_gitlab, tuple(json.dumps(it).encode() for it in (_COMMENTS, _COMMENTS[0])), (), _JSON),
}  # fmt: skip
