"""What every store and wrapper does, whatever is behind it.

A test module runs the suite by subclassing ``ReadConformance`` or ``Conformance`` and giving a ``room`` fixture.
"""

from __future__ import annotations

import hashlib
import os
import random
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from galleria_action.errors import BucketMissing, GalleryInvalid
from galleria_action.storage.interface import (
    ConditionUnsupported,
    Descriptor,
    Hashed,
    Headers,
    IfAbsent,
    IfMatch,
    IfSeen,
    Indivisible,
    ObjectHead,
    ObjectInfo,
    Part,
    PreconditionFailed,
    Stretch,
)

JPEG = Headers("image/jpeg", "public, max-age=86400")
JSON = Headers("application/json")

ODD_KEYS = [
    "with space.jpg",
    "a+b.jpg",
    "100%.jpg",
    "a%20b.jpg",
    "%2e%2e/x.jpg",
    "a#b.jpg",
    "name#1",
    "what?.jpg",
    "a&b=c;d,e.jpg",
    "star*.jpg",
    "it's (1) [2] {3} ~!@$^`.jpg",
    'quote".jpg',
    "<tag>.jpg",
    "back\\slash.jpg",
    "colon:pipe|.jpg",
    ".hidden",
    "..double",
    "dots../x..",
    ".galleria/manifest.json",
    "🎉/👩‍👩‍👧.jpg",
    "日本語/写真.jpg",
    unicodedata.normalize("NFC", "café.jpg"),
    unicodedata.normalize("NFD", "café.jpg"),
    "UPPER.JPG",
    "upper.jpg",
    "a" * 200 + ".jpg",
    "/".join(["deep"] * 60),
]


@dataclass(frozen=True)
class Room:
    """A store to test with a back door: ``seed`` puts objects under full keys of the bucket, ``full_keys`` lists
    them; ``without_bucket`` is the same store on a bucket that does not exist."""

    store: Any
    prefix: str
    seed: Callable[[Mapping[str, bytes]], None]
    full_keys: Callable[[], set[str]]
    without_bucket: Any
    #: objects that the service shows on one page of a listing
    page: int = 1000
    keeps_headers: bool = True
    compares: bool = True
    creates: bool = True
    missing_bucket_is_empty: bool = False

    def headers(self, headers: Headers) -> Headers | None:
        return headers if self.keeps_headers else None


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


class ReadConformance:
    """The reading half."""

    def test_get_returns_the_bytes_and_their_etag(self, room: Room) -> None:
        body = bytes(range(256)) * 50
        room.seed({room.prefix + "photos/full/a.jpg": body})
        found = room.store.get("photos/full/a.jpg")
        assert (found.body, found.etag) == (body, md5(body))

    def test_head_agrees_with_get(self, room: Room) -> None:
        room.seed({room.prefix + "a": b"12345"})
        found = room.store.get("a")
        assert room.store.head("a") == ObjectHead(5, found.etag, found.headers)

    def test_empty_object(self, room: Room) -> None:
        room.seed({room.prefix + "empty": b""})
        assert room.store.get("empty").body == b""
        assert room.store.head("empty").size == 0
        assert list(room.store.list()) == [ObjectInfo("empty", 0, md5(b""))]

    def test_what_is_absent_is_none(self, room: Room) -> None:
        room.seed({room.prefix + "folder/a": b"x", "a": b"outside", "b": b"outside"})
        for key in ("nothing", "folder", "folder/b", "folder/a/b", "b" if room.prefix else "c"):
            assert room.store.get(key) is None
            assert room.store.head(key) is None

    def test_list_of_nothing_is_empty(self, room: Room) -> None:
        assert list(room.store.list()) == []
        assert list(room.store.list("nothing/")) == []

    def test_list_is_complete_beyond_one_page(self, room: Room) -> None:
        keys = [f"{room.prefix}photos/{number:04}.jpg" for number in range(2 * room.page + 1)]
        bodies = {key: key.encode() for key in keys}
        room.seed(bodies)
        listed = list(room.store.list())
        assert {room.prefix + info.key: (info.size, info.etag) for info in listed} == {
            key: (len(body), md5(body)) for key, body in bodies.items()
        }
        assert len(listed) == len(keys), "on three pages"

    def test_list_in_parts(self, room: Room) -> None:
        """Together the parts are the whole; a store that cannot divide says so before it gives anything."""
        # Not odd ones: LocalStack compares encoded keys with where a listing is to go on, and loses some on every page.
        keys = [f"photos/{number:04}.jpg" for number in range(room.page + 100)]
        keys += ["a-b.jpg", "x/u.jpg", "x/y/z", "z.jpg"]
        room.seed({room.prefix + key: b"x" for key in keys})
        first, second = "photos/0007.jpg", f"photos/{room.page + 50:04}.jpg"
        parts = [Part("", first), Part(first, second), Part(second, None)]
        try:
            listed = [[info.key for info in room.store.list(part=part)] for part in parts]
        except Indivisible:
            assert "Folder" in type(self).__name__
            return
        assert sorted(key for part in listed for key in part) == sorted(keys)
        assert [len(part) for part in listed] == [9, room.page + 43, 52]

    def test_list_prefix_is_a_plain_string_prefix(self, room: Room) -> None:
        keys = ["photos/full/a.jpg", "photos/full/ab.jpg", "photos/fuller.jpg", "photos-old/a.jpg", "x/photos/a.jpg"]
        room.seed({room.prefix + key: b"" for key in keys})

        def listed(prefix: str) -> set[str]:
            return {info.key for info in room.store.list(prefix)}

        assert listed("photos") == set(keys[:4])
        assert listed("photos/") == set(keys[:3])
        assert listed("photos/ful") == set(keys[:3])
        assert listed("photos/full/") == set(keys[:2])
        assert listed("photos/full/a.jpg") == {"photos/full/a.jpg"}
        assert listed("hotos") == set()

    def test_list_shows_only_what_is_inside_the_prefix(self, room: Room) -> None:
        outside = ("outside.jpg", room.prefix[:-2], room.prefix[:-1] + "axy/a.jpg") if room.prefix else ()
        room.seed({room.prefix + "inside.jpg": b"", **dict.fromkeys(outside, b"")})
        assert [info.key for info in room.store.list()] == ["inside.jpg"]

    def test_odd_keys_are_read_byte_for_byte(self, room: Room) -> None:
        bodies = {room.prefix + key: key.encode() for key in ODD_KEYS}
        room.seed(bodies)
        assert {info.key for info in room.store.list()} == set(ODD_KEYS)
        for key in ODD_KEYS:
            assert room.store.get(key).body == key.encode()
            assert room.store.head(key).size == len(key.encode())

    def test_missing_bucket(self, room: Room) -> None:
        if room.missing_bucket_is_empty:
            assert room.without_bucket.get("a") is None
            assert room.without_bucket.head("a") is None
            assert list(room.without_bucket.list()) == []
            return
        for read in (room.without_bucket.get, room.without_bucket.head, lambda key: list(room.without_bucket.list())):
            with pytest.raises(BucketMissing, match="there is no bucket"):
                read("a")


class Conformance(ReadConformance):
    """Both halves."""

    def test_put_get_head_round_trip(self, room: Room) -> None:
        body = b"\xff\xd8" + bytes(100_000) + b"\xff\xd9"
        etag = room.store.put("photos/full/a.jpg", body, JPEG)
        assert etag == md5(body)
        found = room.store.get("photos/full/a.jpg")
        assert (found.body, found.etag, found.headers) == (body, etag, room.headers(JPEG))
        assert room.store.head("photos/full/a.jpg") == ObjectHead(len(body), etag, room.headers(JPEG))
        assert room.full_keys() == {room.prefix + "photos/full/a.jpg"}

    def test_put_replaces_bytes_and_headers(self, room: Room) -> None:
        room.store.put("a", b"old", JPEG)
        room.store.put("a", b"newer", JSON)
        assert room.store.get("a").body == b"newer"
        assert room.store.head("a").headers == room.headers(JSON)

    def test_a_body_that_says_its_hash(self, room: Room) -> None:
        body = bytes(range(256))
        hashed = Hashed((bytearray(body[:1]), memoryview(body)[1:]), hashlib.sha256(body).hexdigest())
        etag = room.store.put("a", hashed, JPEG)
        assert etag == md5(body)
        assert room.store.get("a").body == body

    def test_a_body_that_lies_in_a_file(self, room: Room, tmp_path: Path) -> None:
        """Its beginning is in memory, the rest is read when it is sent, from the middle of the file."""
        content = random.Random(1).randbytes(700_001)
        (tmp_path / "photo").write_bytes(b"old beginning" + content + b"behind it")
        stretch = Stretch(Descriptor(os.open(tmp_path / "photo", os.O_RDONLY)), 13, len(content), ValueError())
        wanted = b"new beginning" + content
        body = Hashed((b"new", memoryview(b" beginning"), stretch), hashlib.sha256(wanted).hexdigest())
        assert len(body) == len(wanted)
        assert room.store.put("a", body, JPEG) == md5(wanted)
        assert room.store.get("a").body == wanted

    def test_a_file_that_became_shorter_is_not_stored(self, room: Room, tmp_path: Path) -> None:
        (tmp_path / "photo").write_bytes(bytes(400_000))
        short = GalleryInvalid("the file became shorter")
        stretch = Stretch(Descriptor(os.open(tmp_path / "photo", os.O_RDONLY)), 5, 400_000, short)
        with pytest.raises(GalleryInvalid, match="became shorter"):
            room.store.put("a", Hashed((stretch,), hashlib.sha256(bytes(400_000)).hexdigest()), JPEG)
        assert room.full_keys() == set()

    def test_empty_body(self, room: Room) -> None:
        assert room.store.put("empty", b"", JPEG) == md5(b"")
        assert room.store.get("empty").body == b""

    def test_odd_keys_are_written_byte_for_byte(self, room: Room) -> None:
        for key in ODD_KEYS:
            room.store.put(key, key.encode(), JPEG)
        assert room.full_keys() == {room.prefix + key for key in ODD_KEYS}
        for key in ODD_KEYS:
            assert room.store.get(key).body == key.encode()
        assert room.store.delete(ODD_KEYS) == {}
        assert room.full_keys() == set()

    def test_if_absent_writes_once(self, room: Room) -> None:
        if not room.creates:
            with pytest.raises(ConditionUnsupported):
                room.store.put("a", b"first", JPEG, IfAbsent())
            assert room.full_keys() == set()
            return
        etag = room.store.put("a", b"first", JPEG, IfAbsent())
        with pytest.raises(PreconditionFailed):
            room.store.put("a", b"second", JPEG, IfAbsent())
        assert room.store.get("a").body == b"first"
        assert room.store.head("a").etag == etag

    def test_if_match_writes_only_over_what_was_seen(self, room: Room) -> None:
        seen = room.store.put("a", b"first", JPEG)
        if not room.compares:
            with pytest.raises(ConditionUnsupported):
                room.store.put("a", b"second", JPEG, IfMatch(seen))
            assert room.store.get("a").body == b"first"
            return
        newer = room.store.put("a", b"second", JPEG, IfMatch(seen))
        with pytest.raises(PreconditionFailed):
            room.store.put("a", b"third", JPEG, IfMatch(seen))
        assert room.store.get("a").body == b"second"
        room.store.put("a", b"third", JPEG, IfMatch(newer))

    def test_if_match_on_nothing_writes_nothing(self, room: Room) -> None:
        with pytest.raises((PreconditionFailed, ConditionUnsupported)):
            room.store.put("a", b"x", JPEG, IfMatch(md5(b"")))
        assert room.full_keys() == set()

    def test_if_seen_looks_before_it_writes(self, room: Room) -> None:
        etag = room.store.put("a", b"first", JPEG, IfSeen(None))
        for seen in (None, md5(b"another")):
            with pytest.raises(PreconditionFailed):
                room.store.put("a", b"second", JPEG, IfSeen(seen))
        with pytest.raises(PreconditionFailed):
            room.store.put("b", b"second", JPEG, IfSeen(etag))
        assert room.full_keys() == {room.prefix + "a"}
        assert room.store.get("a").body == b"first"
        room.store.put("a", b"second", JPEG, IfSeen(etag))
        assert room.store.get("a").body == b"second"

    def test_copy_keeps_bytes_and_headers(self, room: Room) -> None:
        etag = room.store.put("a & b.jpg", b"photo", JPEG)
        assert room.store.copy("a & b.jpg", "c d/é+.jpg") == etag
        found = room.store.get("c d/é+.jpg")
        assert (found.body, found.headers) == (b"photo", room.headers(JPEG))
        assert room.store.get("a & b.jpg").body == b"photo"

    def test_copy_with_new_headers_even_onto_itself(self, room: Room) -> None:
        room.store.put("a", b"photo", JPEG)
        room.store.copy("a", "b", JSON)
        room.store.copy("a", "a", JSON)
        for key in ("a", "b"):
            found = room.store.get(key)
            assert (found.body, found.headers) == (b"photo", room.headers(JSON))

    def test_copy_of_nothing_is_an_error(self, room: Room) -> None:
        with pytest.raises(Exception, match="Copying 'nothing'"):
            room.store.copy("nothing", "b")

    def test_delete_counts_missing_keys_as_deleted(self, room: Room) -> None:
        room.seed({room.prefix + "a": b"", room.prefix + "b": b"", room.prefix + "c/d": b""})
        assert room.store.delete(["a", "nothing", "c/d", "a", "c", "b/x"]) == {}
        assert room.full_keys() == {room.prefix + "b"}

    def test_delete_of_no_keys(self, room: Room) -> None:
        assert room.store.delete([]) == {}
        assert room.store.delete(iter(())) == {}

    def test_delete_of_more_than_a_batch(self, room: Room) -> None:
        room.seed({f"{room.prefix}{number}": b"" for number in range(1002)})
        assert room.store.delete(str(number) for number in range(1001)) == {}
        assert room.full_keys() == {f"{room.prefix}1001"}

    def test_delete_stays_inside_the_prefix(self, room: Room) -> None:
        room.seed({"outside": b"", room.prefix + "inside": b""})
        room.store.delete(["inside"])
        if room.prefix:
            room.store.delete(["outside", "../outside"])
            assert room.full_keys() == {"outside"}

    def test_writing_to_a_missing_bucket(self, room: Room) -> None:
        if room.missing_bucket_is_empty:
            assert room.without_bucket.delete(["a"]) == {}
            room.without_bucket.put("deep/a", b"x", JPEG)
            assert room.without_bucket.get("deep/a").body == b"x"
            return
        for write in (
            lambda store: store.put("a", b"", JPEG),
            lambda store: store.put("a", b"", JPEG, IfAbsent()),
            lambda store: store.put("a", b"", JPEG, IfMatch(md5(b""))),
            lambda store: store.copy("a", "b"),
            lambda store: store.delete(["a"]),
        ):
            with pytest.raises(BucketMissing, match="there is no bucket"):
                write(room.without_bucket)
