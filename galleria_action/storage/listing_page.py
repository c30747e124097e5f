"""Reads one answer of ListObjectsV2: strict about what a listing has to say, and in one pass of the C parser."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus
from xml.parsers import expat

from galleria_action.storage.interface import ObjectInfo
from galleria_action.storage.listing import BadListing, Page, page_of

#: An answer has at most 1,000 keys of at most 1,024 bytes, each of which XML and URL encoding make 18 times as long.
MAX_BYTES = 32 << 20
_ONCE = frozenset(("IsTruncated", "NextContinuationToken", "EncodingType", "KeyCount"))


def read_page(body: bytes) -> Page:
    """The objects in ``body`` and the token of the next page.

    Raises ``BadListing`` for what is no whole ListBucketResult, and where a field is missing that a listing needs.
    """
    reader = _Reader()
    try:
        reader.parse(body)
    except expat.ExpatError as error:
        raise BadListing(f"an answer that is no listing, but {_kind(body)} (line {error.lineno})") from None
    return reader.page()


def _kind(body: bytes) -> str:
    return "broken XML" if body.lstrip()[:1] == b"<" else "no XML at all"


class _Reader:
    """Collects the fields of the answer and of each object in it."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.objects: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text: list[str] = []

    def parse(self, body: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.Parse(body, True)

    def page(self) -> Page:
        fields = self.fields
        if "IsTruncated" not in fields and "KeyCount" not in fields:
            raise BadListing("an answer that is no listing")
        flag = fields.get("IsTruncated", "false").strip().lower()
        if flag not in ("true", "false"):
            raise BadListing("a listing that does not say whether it is whole")
        encoded = fields.get("EncodingType") == "url"
        objects = [_object(one, encoded) for one in self.objects]
        return page_of(objects, flag == "true", fields.get("NextContinuationToken") or None)

    def _start(self, name: str, _attributes: Any) -> None:
        name = name.rpartition(" ")[2]
        self._path.append(name)
        if len(self._path) == 1 and name != "ListBucketResult":
            raise BadListing("an answer that is no listing")
        if len(self._path) == 2 and name == "Contents":
            self.objects.append({})
        self._text.clear()

    def _end(self, _name: str) -> None:
        path = self._path
        if len(path) == 3 and path[1] == "Contents":
            self.objects[-1][path[2]] = "".join(self._text)
        elif len(path) == 2 and path[1] in _ONCE:
            self.fields[path[1]] = "".join(self._text)
        self._text.clear()
        path.pop()


def _object(fields: dict[str, str], encoded: bool) -> ObjectInfo:
    try:
        key, size = fields["Key"], fields["Size"]
    except KeyError as error:
        raise BadListing(f"a listing without {error}") from None
    if not (size.isascii() and size.strip().isdigit()):
        raise BadListing("a listing with a size that is no number")
    etag = fields.get("ETag", "").removeprefix("W/").strip('"')
    return ObjectInfo(unquote_plus(key) if encoded else key, int(size), etag)


def _refuse_doctype(*_: Any) -> None:
    raise BadListing("an answer with a document type, which S3 does not send")
