"""Asks for listings, and reads the answers: strict about what a listing has to say, at the speed of the C parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import repeat
from operator import itemgetter
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from galleria_action.net.signature import canonical_query
from galleria_action.storage.faults import Call, Fault, failure
from galleria_action.storage.interface import ObjectInfo, Part, objects_of
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.s3.documents import MOST_TAGS, BadDocument, parsed
from galleria_action.storage.s3.listing import BadListing, Page, every_object, page_of
from galleria_action.storage.s3.server import LINE_FAILURES, BucketServer, Refused, fault_of
from galleria_action.storage.settings import ARCHIVES, is_archive, names_archives
from galleria_action.values import replace

#: An answer has at most 1,000 keys of at most 1,024 bytes, each of which escapes make six times as long; and some more.
MAX_BYTES = 8 << 20
#: in digits and spaces; Python converts no number of thousands of digits
_LONGEST_SIZE = 40
_TOLD = frozenset(("IsTruncated", "KeyCount", "NextContinuationToken", "EncodingType", "Contents"))


def listed(server: BucketServer, call: Call, part: Part, persist: Persistence) -> Iterator[ObjectInfo]:
    """Every object of ``part`` that ``call``, a listing, asks for.

    Raises the errors of ``ReadStore.list``.
    """
    wanted = {"list-type": "2", "encoding-type": "url", "prefix": call.target.prefix + (call.key or "")}
    begin = {"start-after": call.target.prefix + part.after} if part.after else {}

    def fetch(token: str | None) -> Page:
        query = canonical_query(wanted | ({"continuation-token": token} if token else begin))
        try:
            body = server.ask("GET", query=query, most=MAX_BYTES).body
            if len(body) > MAX_BYTES:
                raise BadListing("an answer that is far too long")
            return read_page(body)
        except BadListing as error:
            raise failure(Fault("malformed", message=str(error)), call) from None
        except Refused as refused:
            raise failure(refused.fault, call) from None
        except LINE_FAILURES as error:
            raise failure(fault_of(error), call) from error

    return every_object(lambda token: persist(lambda: fetch(token)), call, part)


def read_page(body: bytes) -> Page:
    """The objects in ``body`` and the token of the next page.

    Raises ``BadListing`` for what is no whole ListBucketResult, and where a field is missing that a listing needs.
    """
    plain = _plain_objects(body)
    if plain is None:
        return _read(body)
    objects, around = plain
    return replace(_read(around), objects=objects)


# -- objects as nearly every service writes them -------------------------------------------------------------------

#: an object, its key, ETag and size; its class is in capitals, where it has one
_ONE = re.compile(
    r"(<Contents>\s*<Key>([ !#-%'-;=?-~]+)</Key>\s*(?:<LastModified>[-:.0-9TZ]*</LastModified>\s*)?"
    r"(?:<ETag>(?:&quot;|&#34;|\")([-0-9A-Za-z]+)(?:&quot;|&#34;|\")</ETag>\s*)?(?:<Checksum(?:Algorithm|Type)>[-A-Z0-9_]*"
    r"</Checksum(?:Algorithm|Type)>\s*){0,4}<Size>([0-9]{1,18})</Size>\s*(?:<StorageClass>[A-Z_]*</StorageClass>\s*)?"
    r"</Contents>\s*)"
)
#: what may stand around them: a document that holds nothing but fields of text
_AROUND = re.compile(
    r"\s*(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'][Uu][Tt][Ff]-8[\"'])?\s*\?>\s*)?"
    r"<ListBucketResult(?: xmlns=\"[-A-Za-z0-9:/.]*\")?>\s*"
    r"(?>(?:<([A-Za-z]+)>[^<>]*</\1>\s*|<[A-Za-z]+/>\s*)*)</ListBucketResult>\s*"
)
#: where what is put in is not a part of one of these fields
_BETWEEN = re.compile(r"(?:</[A-Za-z]+>|/>|<ListBucketResult[^<>]*>)\s*\Z")
_LONGEST_END = 200
_BEGIN, _END = "<Contents>", "</Contents>"


def _plain_objects(body: bytes) -> tuple[list[ObjectInfo], bytes] | None:
    """The objects of a page that has nothing odd about it, and the page without them; ``None`` for any other.

    Plain is what lists its objects one behind the other, each with fields of plain ASCII that are known here, directly
    in a document that holds nothing but fields besides: no comments, declarations or entities. The real parser sees
    the same in it, and takes several times as long.
    """
    if not body.isascii() or body.count(b"<") > MOST_TAGS or any(part in body for part in ARCHIVES):
        return None
    text = body.decode("ascii")
    begin, end = text.find(_BEGIN), text.rfind(_END) + len(_END)
    if not 0 <= begin < end:
        return None
    before, around = text[:begin], text[:begin] + text[end:]
    found = _ONE.findall(text, begin, end)
    if sum(map(len, map(itemgetter(0), found))) != end - begin or around.count("<EncodingType") > 1:
        return None
    if not (_BETWEEN.search(before[-_LONGEST_END:]) and _AROUND.fullmatch(around)):
        return None
    _, keys, etags, sizes = zip(*found, strict=True)
    if "<EncodingType>url</EncodingType>" in around and ("%" in text or "+" in text):
        keys = tuple(map(_decoded, keys))
    return objects_of(zip(keys, map(int, sizes), etags, repeat(False))), around.encode()


def _decoded(key: str) -> str:
    return unquote_plus(key) if "%" in key or "+" in key else key


# -- any listing ---------------------------------------------------------------------------------------------------


def _read(body: bytes) -> Page:
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
    if names_archives(body):
        classes = (one.findtext(prefix + "StorageClass") or "" for one in root.iterfind(prefix + "Contents"))
        objects = [it._replace(archived=is_archive(name)) for it, name in zip(objects, classes, strict=True)]
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
    if not (size.isascii() and size.strip().isdigit() and len(size) < _LONGEST_SIZE):
        raise BadListing("a listing with a size that is not a number")
    bare = (etag or "").removeprefix("W/").strip('"')
    name = _decoded(key) if encoded else key
    return ObjectInfo(name, int(size), bare)
