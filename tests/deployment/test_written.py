"""The record as it is written down: it comes back as it was, and nothing that lies in a bucket breaks its reader."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict, replace
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from galleria_action.deployment.remote.reading import read_remote
from galleria_action.deployment.state.manifest import MANIFEST_KEY, Leaving, Manifest, ManifestEntry
from galleria_action.deployment.state.reading import read_manifest
from galleria_action.deployment.state.written import (
    ManifestUnreadable,
    headers_of,
    parse_manifest,
    parse_recorded,
    written,
)
from galleria_action.errors import ConfigInvalid
from galleria_action.storage.interface import Headers, ObjectInfo
from tests.fuzz.bombs import gzip_bomb
from tests.reliability.memory import MemoryStore

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_HASH = st.binary(min_size=32, max_size=32).map(bytes.hex)
_ETAG = st.binary(min_size=16, max_size=16).map(bytes.hex)
_ENTRIES = st.builds(
    ManifestEntry,
    st.integers(0, 1 << 40),
    _HASH | _TEXT,
    _ETAG | _TEXT,
    _HASH | _TEXT,
    _HASH | _TEXT,
    st.sampled_from(["photo", "site"]),
    st.none() | _TEXT,
    _HASH | _TEXT,
    st.just(0) | st.integers(0, 1 << 40),
    st.just("") | st.binary(min_size=20, max_size=20).map(bytes.hex) | _TEXT,
)
_MANIFESTS = st.builds(
    Manifest,
    st.dictionaries(_TEXT, _ENTRIES, max_size=6),
    st.dictionaries(_TEXT, st.builds(Leaving, st.none() | _TEXT, _ETAG | _TEXT), max_size=3),
    st.sampled_from(["metadata", "directory"]),
)


def entry_number(number: int, kind: str = "photo") -> ManifestEntry:
    """An object as a gallery has hundreds of thousands: no two hashes are alike, and the bytes were edited."""
    sha, source = (hashlib.sha256(f"{number} {what}".encode()).hexdigest() for what in ("stored", "source"))
    etag = hashlib.md5(sha.encode(), usedforsecurity=False).hexdigest()
    edit = hashlib.sha256(str(number // 3).encode()).hexdigest()[:32]
    headers = hashlib.sha256(str(number % 2).encode()).hexdigest()
    return ManifestEntry(number * 7, sha, etag, headers, source, "photo", f"IMG_{number // 3:06}", edit)


MANY = Manifest({f"photos/full/IMG_{number:06}.jpg": entry_number(number) for number in range(600)}, mode="metadata")
FEW = Manifest(
    {"photos/full/a.jpg": entry_number(1), "index.html": replace(entry_number(2), kind="site", photo=None, edit="")},
    {"photos/full/b.jpg": Leaving("b", "e"), "old.html": Leaving()},
)


@given(_MANIFESTS)
def test_a_manifest_comes_back_as_it_was(manifest: Manifest):
    again, about = parse_recorded(written(manifest, fingerprint="f"))
    assert again == manifest
    assert about["fingerprint"] == "f"


def test_equal_manifests_are_equal_bytes():
    entries = list(MANY.objects.items())
    Random(1).shuffle(entries)
    assert written(replace(MANY, objects=dict(entries))) == written(MANY)


def test_what_is_small_can_be_read_by_people_and_what_is_large_is_compressed():
    few, many = written(FEW), written(MANY)
    assert json.loads(few)["objects"]["keys"] == sorted(FEW.objects)
    assert many.startswith(b"\x1f\x8b")
    assert headers_of(few) == Headers("application/json", "no-store")
    assert headers_of(many) == Headers("application/gzip", "no-store")
    assert parse_manifest(many) == MANY


def test_the_size_of_an_entry():
    """100,000 photos are 300,000 entries, of which full and web were edited: 25 MB, where schema 1 took 133."""
    entries = [entry_number(number) for number in range(15_000)]
    entries = [replace(it, source=it.sha256, edit="") if n % 3 == 2 else it for n, it in enumerate(entries)]
    objects = {f"photos/{['full', 'web', 'thumb'][n % 3]}/{it.photo}.jpg": it for n, it in enumerate(entries)}
    each = len(written(Manifest(objects))) / len(objects)
    assert each * 300_000 < 25e6


# -- versions ----------------------------------------------------------------------------------------------------------


def schema_1(manifest: Manifest, **more: object) -> bytes:
    """As versions before wrote it."""
    leaving = {key: gone.photo for key, gone in manifest.leaving.items()}
    objects = {key: asdict(entry) for key, entry in manifest.objects.items()}
    for entry in objects.values():
        entry["edit"] *= 2  # a digest in its full length
    return json.dumps({"schema": 1, "mode": manifest.mode, "objects": objects, "leaving": leaving, **more}).encode()


def test_schema_1_is_read():
    found = parse_manifest(schema_1(FEW, later="than this"))
    assert found.objects == FEW.objects
    assert found.leaving == {"photos/full/b.jpg": Leaving("b"), "old.html": Leaving()}


def document(**values: object) -> dict[str, object]:
    return {**json.loads(written(FEW)), **values}


def columns(**values: object) -> bytes:
    plain = json.loads(written(FEW))
    return json.dumps({**plain, "objects": {**plain["objects"], **values}}).encode()


def test_fields_that_are_not_known_are_ignored():
    raw = json.loads(columns(colours=["red", "blue"]))
    assert parse_manifest(json.dumps({**raw, "later": [1]}).encode()) == FEW


@pytest.mark.parametrize("packed", [False, True])
def test_a_newer_schema_is_refused(packed: bool):
    raw = json.dumps(document(schema=3)).encode()
    with pytest.raises(ConfigInvalid, match="newer version"):
        parse_manifest(gzip.compress(raw) if packed else raw)


# -- what others may have written there --------------------------------------------------------------------------------

HOSTILE = [
    b"", b"{", b"null", b"[]", b"7", b"\xff\xfe", b"[" * 100_000, b"\x1f\x8b", b"\x1f\x8b\x08\x00rubbish",
    gzip.compress(b"[" * 100_000), gzip_bomb(40, b"{}", b" "), written(MANY)[:-20],
    *(json.dumps(document(schema=it)).encode() for it in (0, -1, True, "2", None, 2.0, [])),
    *(json.dumps(document(mode=it)).encode() for it in (None, "else", [])),
    *(json.dumps(document(objects=it)).encode() for it in (None, [], "keys", {})),
    *(json.dumps(document(leaving=it)).encode() for it in ({"a": "b"}, [1], {"keys": ["a"], "photos": 1, "etags": []})),
    columns(keys=["a"]), columns(keys=[1, 2]), columns(keys="ab"), columns(sizes=[1]), columns(sizes=["1", "2"]),
    columns(sizes=[True, 1]), columns(sha256s="####"), columns(sha256s="AAAA"), columns(sha256s=["a", 1]),
    columns(etags=None), columns(edited="0"), columns(edited="011"), columns(sources=[]), columns(kinds=None),
    columns(kinds={"values": ["nobody"], "steps": [1, 0]}), columns(headers={"values": ["a"], "steps": [0, 2]}),
    columns(headers={"values": ["a", "b"], "steps": [-1, 0]}), columns(headers={"values": [None], "steps": [0, 0]}),
    columns(photos={"values": [["a"]], "steps": [0, 0]}), columns(edits={"values": ["a"], "steps": [0.0, 0]}),
    columns(headers={"values": "ab", "steps": [1 << 80, 0]}), columns(kinds={"values": ["photo"], "steps": [0, 0]}),
]  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_not_a_manifest_is_none(raw: bytes):
    with pytest.raises(ManifestUnreadable):
        parse_manifest(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)
_PAIRS = st.lists(st.integers(-2, 1 << 70) | st.text(max_size=3), min_size=2, max_size=2)
_STEPS = st.fixed_dictionaries({"values": st.lists(_JSON, max_size=2), "steps": _PAIRS})
_COLUMNS = st.sampled_from(sorted(json.loads(written(FEW))["objects"]))


@given(_COLUMNS, _JSON | _PAIRS | _STEPS)
@example("sizes", [3, 4])
@example("source_blobs", {"values": "", "steps": [0, 0]})
def test_no_column_breaks_the_reader(name: str, value: object):
    try:
        found = parse_manifest(columns(**{name: value}))
    except ManifestUnreadable:
        return
    for entry in found.objects.values():
        assert type(entry.size) is int
        assert {type(entry.sha256), type(entry.etag), type(entry.headers), type(entry.source)} == {str}


@pytest.mark.parametrize("write", [written, schema_1])
def test_keys_that_no_gallery_has_are_not_believed(write):
    bad = ["gallery-metadata.json", ".galleria/manifest.json", "../x", "/etc/passwd", "a//b", "a\\b", "x\n", ""]
    entries = dict.fromkeys([*bad, "photos/a.jpg"], entry_number(1))
    leaving = dict.fromkeys([*bad, "photos/b.jpg"], Leaving("b"))
    found = parse_manifest(write(Manifest(entries, leaving)))
    assert list(found.objects) == ["photos/a.jpg"]
    assert list(found.leaving) == ["photos/b.jpg"]


# -- in a bucket -------------------------------------------------------------------------------------------------------


def test_our_own_compression_is_nothing_to_be_told_of():
    store = MemoryStore()
    body = written(MANY)
    store.put(MANIFEST_KEY, body, headers_of(body))
    assert read_manifest(store)[0] == MANY
    assert not read_remote(store, listing=False).warnings


@pytest.mark.parametrize("manifest", [FEW, MANY])
def test_one_that_another_tool_stored_compressed_is_read(manifest: Manifest):
    store = MemoryStore()
    store.put(MANIFEST_KEY, gzip.compress(written(manifest)), Headers("application/json", None, "gzip"))
    assert read_manifest(store)[0] == manifest


def test_what_has_left_is_nobodys():
    """A key whose object was deleted, and under which somebody has put another one since, is not deleted again."""
    here, gone, anothers = ObjectInfo("a", 1, "e"), None, ObjectInfo("a", 1, "f")
    for leaving, expected in ((Leaving(etag="e"), [True, False, False]), (Leaving(), [True, False, True])):
        assert [leaving.is_still(found) for found in (here, gone, anothers)] == expected
    manifest = Manifest(leaving={"a": Leaving(etag="e"), "b": Leaving(etag="e")})
    assert list(manifest.still({"a": here}).leaving) == ["a"]
