"""Reads one answer of ListObjectsV2: strict about what a listing has to say, and at the speed of the C parser."""

from __future__ import annotations

from urllib.parse import unquote_plus
from xml.etree import ElementTree

from galleria_action.storage.interface import ObjectInfo
from galleria_action.storage.s3.documents import BadDocument, parsed
from galleria_action.storage.s3.listing import BadListing, Page, page_of

#: An answer has at most 1,000 keys of at most 1,024 bytes, each of which escapes make six times as long; and some more.
MAX_BYTES = 8 << 20
_TOLD = frozenset(("IsTruncated", "KeyCount", "NextContinuationToken", "EncodingType", "Contents"))


def read_page(body: bytes) -> Page:
    """The objects in ``body`` and the token of the next page.

    Raises ``BadListing`` for what is no whole ListBucketResult, and where a field is missing that a listing needs.
    """
    root = _root(body)
    space, _, name = root.tag.rpartition("}")
    if name != "ListBucketResult":
        raise BadListing("an answer that is not a listing")
    prefix = space + "}" if space else ""

    for child in root:
        name = child.tag.rpartition("}")[2]
        if name in _TOLD and child.tag != prefix + name:
            raise BadListing("a listing in several namespaces")  # what is not looked for would be missing unnoticed

    def field(name: str) -> str | None:
        return root.findtext(prefix + name)

    flag = field("IsTruncated")
    if flag is None and field("KeyCount") is None:
        raise BadListing("an answer that is not a listing")
    truncated = "false" if flag is None else flag.strip().lower()
    if truncated not in ("true", "false"):
        raise BadListing("a listing that does not say whether it is whole")
    encoded = field("EncodingType") == "url"
    names = prefix + "Key", prefix + "Size", prefix + "ETag"
    objects = [_object(one, names, encoded) for one in root.iterfind(prefix + "Contents")]
    return page_of(objects, truncated == "true", field("NextContinuationToken") or None)


def _root(body: bytes) -> ElementTree.Element:
    try:
        return parsed(body, "a listing")
    except BadDocument as error:
        raise BadListing(str(error)) from None


def _object(one: ElementTree.Element, names: tuple[str, str, str], encoded: bool) -> ObjectInfo:
    key, size, etag = map(one.findtext, names)
    if key is None or size is None:
        raise BadListing(f"a listing without {'Key' if key is None else 'Size'!r}")
    if not (size.isascii() and size.strip().isdigit()):
        raise BadListing("a listing with a size that is not a number")
    bare = (etag or "").removeprefix("W/").strip('"')
    return ObjectInfo(unquote_plus(key) if encoded and ("%" in key or "+" in key) else key, int(size), bare)
