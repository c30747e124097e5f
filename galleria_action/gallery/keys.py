"""Which object keys a gallery may use, and when two of them are one on somebody's disk."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from itertools import chain, filterfalse, islice

from galleria_action.expressions import expression
from galleria_action.gallery.wording import shown

METADATA_KEY = "gallery-metadata.json"
#: Below this we keep our own records in the bucket.
RECORDS_FOLDER = ".galleria"
#: S3's limit, in bytes of UTF-8.
MAX_KEY_BYTES = 1024

#: What nearly every key looks like, so that the closer look is taken at the odd ones only.
_ORDINARY = r"(?>(?:[A-Za-z0-9_+-][A-Za-z0-9_+. -]*+/)*)[A-Za-z0-9_+-][A-Za-z0-9_+. -]*+"
_ordinary = expression(_ORDINARY)
#: The same of many, in a line each, by the kind of each byte: a part is not empty, nor begins with a dot or a space.
_NAMED = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-"
_KINDS = bytes.maketrans(_NAMED + b" \n", b"a" * len(_NAMED) + b"./")
_NOT_ORDINARY = (b"//", b"/.")
_TOGETHER = 10_000
_drive = expression(r"[A-Za-z]:")
_surrogate = expression("[\ud800-\udfff]")
# Control characters (C0, DEL, C1) hide in logs and break HTTP headers; U+FFFE and U+FFFF cannot stand in XML, so a
# listing that has such a key cannot be parsed (XML 1.0, section 2.2).
_unprintable = expression("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def key_problem(key: str) -> str | None:
    """What is wrong with ``key`` as a relative object key, as the end of a sentence, or ``None``.

    Refused is what breaks: it would leave the gallery's folder, overwrite our own records, or be refused or
    mangled by a storage service, a file system or an XML listing. Odd but sound names (spaces, ``#``, emoji) pass.
    """
    if is_ordinary(key):
        return None
    if _surrogate.search(key):
        return "holds half a surrogate pair, or a byte that is not UTF-8, which is not valid Unicode"
    if size_problem := _size_problem(key):
        return size_problem
    if found := _unprintable.search(key):
        return f"holds the control character U+{ord(found[0]):04X}"
    if "\\" in key:
        return "holds a backslash; folders are separated by /"
    if key.startswith("/") or _drive.match(key):
        return "is an absolute path; keys are relative to the gallery"
    return _parts_problem(key.split("/"))


def is_ordinary(key: str) -> bool:
    """Whether ``key`` looks like nearly every key does, and needs no closer look."""
    return len(key) < MAX_KEY_BYTES and _ordinary.fullmatch(key) is not None and key.lower() != METADATA_KEY


def all_ordinary(keys: Iterable[str]) -> bool:
    """Whether no key needs a closer look: each looks like nearly every key does, so ``key_problem`` has nothing to say
    of it. One look at all takes a fraction of the time of one look at each; ``False`` says nothing of any."""
    left = iter(keys)
    while some := list(islice(left, _TOGETHER)):
        lines = "\n".join(("", *some, ""))
        if not lines.isascii() or METADATA_KEY in lines.lower() or lines.count("\n") != len(some) + 1:
            return False
        kinds = lines.encode().translate(_KINDS)
        if kinds.translate(None, b"a./") or any(odd in kinds for odd in _NOT_ORDINARY):
            return False
        if max(map(len, some)) >= MAX_KEY_BYTES:
            return False
    return True


def folded(key: str) -> str:
    """Equal for keys that differ only by letter case or Unicode normalisation, which many disks hold to be one
    (canonical caseless matching, Unicode Standard 3.13, D145)."""
    if key.isascii():
        return key.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", key).casefold())


def each_folded(keys: Collection[str]) -> Iterator[str]:
    """What ``folded`` gives for each of ``keys``, in an order of its own."""
    return chain(map(str.lower, filter(str.isascii, keys)), map(folded, filterfalse(str.isascii, keys)))


def _size_problem(key: str) -> str | None:
    size = len(key.encode())
    if size == 0:
        return "is empty"
    if size > MAX_KEY_BYTES:
        return f"has {size:,} bytes; S3 allows {MAX_KEY_BYTES:,}"
    return None


def _parts_problem(parts: list[str]) -> str | None:
    if "" in parts:
        return "has an empty part (//, or / at the end)"
    for dots in (".", ".."):
        if dots in parts:
            return f"has the part {shown(dots)}; keys may not lead elsewhere"
    if folded(parts[0]) == RECORDS_FOLDER:
        return f"lies below {RECORDS_FOLDER}/, where this action keeps its own records"
    if len(parts) == 1 and folded(parts[0]) == METADATA_KEY:
        return "is the key of the metadata itself"
    return None
