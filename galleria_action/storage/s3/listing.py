"""A listing is complete or an error: the one loop over pages, with every check that a client can make.

Why so strict: a listing that is silently cut makes objects look missing and, worse, a verification look clean.
Truncated pages without a token, tokens that lead in circles and empty answers all occur in the wild.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise, repeat
from operator import attrgetter, itemgetter, lt

from galleria_action.storage.faults import Call, Fault, failure
from galleria_action.storage.interface import WHOLE, Indivisible, ObjectInfo, Part, objects_of
from galleria_action.values import dataclass

#: Pages may hold less than was asked for, even nothing where many versions were deleted; these many in one listing hold
#: fewer than ``_FEW`` objects in no service that means to come to an end.
MOST_SPARSE_PAGES = 5_000
_FEW = 10
_key = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of ListObjectsV2 with full keys; ``next_token`` ``None`` means that it is the last."""

    objects: Sequence[ObjectInfo]
    next_token: str | None


class BadListing(Exception):
    """An answer that no listing gives; the text says what is wrong with it."""


def page_of(objects: Sequence[ObjectInfo], truncated: bool, token: str | None) -> Page:
    """The page of an answer that says ``truncated`` and names ``token``. Raises ``BadListing`` where these disagree:
    either of them alone may be what is wrong."""
    if truncated and token is None:
        raise BadListing("a truncated listing without a continuation")
    if token is not None and not truncated:
        raise BadListing("a listing that ends, but says that there is more to come")
    return Page(objects, token)


def every_object(fetch: Callable[[str | None], Page], call: Call, part: Part = WHOLE) -> Iterator[ObjectInfo]:
    """All objects of ``part`` whose key starts with the target's prefix and ``call.key``, with keys relative to the
    target.

    ``fetch`` gets one page for a continuation token (``None`` first); it raises ``BadListing`` for an answer it
    cannot accept. Raises ``StorageUnavailable`` for that and for pages that do not fit together, and ``Indivisible``
    for a listing that does not begin where it was asked to.
    """
    root = call.target.prefix
    wanted = root + (call.key or "")
    try:
        for objects, ascending in _in_order(_pages(fetch), whole=part == WHOLE):
            if ascending and objects and all(map(str.startswith, map(_key, objects), repeat(wanted))):
                # as nearly always: nothing needs to be asked of each of them
                own = _below(root, objects)
                if part.after and own[0].key <= part.after:
                    raise Indivisible
                end = len(own) if part.until is None else bisect_right(own, part.until, key=_key)
                yield from islice(own, end)
                if end < len(own):
                    return
                continue
            for info in objects:
                if not info.key.startswith(root):
                    raise BadListing("the listing names objects that were not asked for")
                if not info.key.startswith(wanted):
                    continue  # of the target, but not of the folder in it: some list more than they are asked for
                key = info.key[len(root) :] if root else info.key
                if part.after and key <= part.after:
                    raise Indivisible
                if part.until is not None and key > part.until:
                    return
                yield ObjectInfo(key, info.size, info.etag, info.archived) if root else info
    except BadListing as error:
        raise failure(Fault("malformed", message=str(error)), call) from None


def _below(root: str, objects: Sequence[ObjectInfo]) -> Sequence[ObjectInfo]:
    """``objects``, whose keys all begin with ``root``, with their keys without it."""
    if not root:
        return objects
    keys, *others = zip(*objects, strict=True)
    return objects_of(zip(map(itemgetter(slice(len(root), None)), keys), *others, strict=True))


def _pages(fetch: Callable[[str | None], Page]) -> Iterator[Page]:
    token: str | None = None
    used: set[str] = set()
    sparse = 0
    while True:
        page = fetch(token)
        yield page
        sparse += len(page.objects) < _FEW
        if sparse > MOST_SPARSE_PAGES:
            raise BadListing("the listing does not come to an end")
        token = page.next_token
        if token is None:
            return
        if token in used:
            raise BadListing("the listing goes in circles")
        used.add(token)


def _in_order(pages: Iterator[Page], *, whole: bool) -> Iterator[tuple[Sequence[ObjectInfo], bool]]:
    """The objects of each of ``pages``, each key greater than the one before, and whether they are so as Python
    compares them; where one page is the ``whole`` listing, in any order, because nothing follows from it.

    S3 sorts by UTF-8 bytes, which is the order of Python strings; services written in Java may sort by UTF-16
    units, which differs for emoji. Either is an order; neither permits a repetition.
    """
    last: str | None = None
    for page in pages:
        keys = list(map(_key, page.objects))
        ascending = all(map(lt, keys, islice(keys, 1, None)))
        if whole and last is None and page.next_token is None:
            if len(set(keys)) < len(keys):
                raise BadListing("the listing names an object twice, so it is not in order")
        elif keys:
            ascending = ascending and (last is None or last < keys[0])
            if not ascending and not _may_follow(last, keys):
                raise BadListing("the listing is not in order")
            last = keys[-1]
        yield page.objects, ascending


def _may_follow(last: str | None, keys: Sequence[str]) -> bool:
    """Whether each of ``keys`` is greater than the one before, the first than ``last``, in one of the two orders."""
    pairs = pairwise(keys if last is None else [last, *keys])
    return all(key > before or (key != before and _utf16(key) > _utf16(before)) for before, key in pairs)


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")
