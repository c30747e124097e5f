"""Documents that come otherwise than they were written: understood or named, never taken for an absence."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.documents.readback import kept
from galleria_action.deployment.documents.reading import read_document
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.errors import StorageUnavailable
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Headers, OwnSum, StoredObject, Target
from tests.fuzz.bombs import gzip_bomb
from tests.reliability.memory import MemoryStore


def zipped(body: bytes) -> bytes:
    """The same at any time: test ids are made of it."""
    return gzip.compress(body, mtime=0)


TEXT = json.dumps({"a": ["é"] * 50}).encode()


def holding(body: bytes, encoding: str | None = None) -> MemoryStore:
    store = MemoryStore()
    store.objects[METADATA_KEY] = StoredObject(body, "e", Headers("application/json", None, encoding))
    return store


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TEXT, None),
        (TEXT, "identity"),
        (TEXT, "aws-chunked"),
        (zipped(TEXT), "gzip"),
        (zipped(TEXT), None),
        (zipped(zipped(TEXT)), "gzip, gzip"),
    ],
)
def test_what_is_understood(body: bytes, encoding: str | None) -> None:
    found = read_document(holding(body, encoding), METADATA_KEY)
    assert found
    assert found.body == TEXT
    assert found.base.etag == "e", "a conditional write has to match what lies there"


@pytest.mark.parametrize(
    ("body", "encoding", "named"),
    [
        (TEXT, "br", "Content-Encoding: br"),
        (TEXT, "gzip", "is not"),
        (zipped(TEXT)[:-4], "gzip", "breaks off"),
        (gzip_bomb(300), "gzip", "far too long"),
        (b"<!doctype html><p>Log in", None, "web page"),
        (zipped(b" \n<html>"), "gzip", "web page"),
    ],
    ids=["brotli", "not compressed", "cut", "bomb", "page", "compressed page"],
)
def test_what_is_not_is_named(body: bytes, encoding: str | None, named: str) -> None:
    began = time.process_time()
    with pytest.raises(StorageUnavailable, match=named):
        read_remote(holding(body, encoding), listing=False)
    assert time.process_time() - began < 5


def test_nothing_is_an_absence() -> None:
    assert read_document(MemoryStore(), METADATA_KEY) is None


@given(st.binary(max_size=200), st.sampled_from([None, "gzip", "deflate", "br"]))
def test_any_bytes_are_a_document_or_an_error(body: bytes, encoding: str | None) -> None:
    try:
        assert read_document(holding(body, encoding), METADATA_KEY)
    except StorageUnavailable as error:
        assert METADATA_KEY in error.message


def test_an_object_that_grew_is_not_kept() -> None:
    from galleria_action.storage.opening import open_store
    from tests.s3 import FakeS3

    with FakeS3("opaque-etags") as s3:
        store = open_store(s3.settings())
        etag = store.put("a", b"12345", Headers("image/jpeg"))
        assert kept(store, "a", b"12345", etag)
        assert not kept(store, "a", b"1234", etag)


def test_what_a_store_has_summed_up_itself_is_not_summed_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the answer to a write is believed so: no service gives such an answer, and no listing does."""
    store, body = FolderStore(Target("file://", "/nowhere")), b"photo"
    monkeypatch.setattr("galleria_action.deployment.documents.readback.md5_of", lambda _: 1 / 0)
    assert kept(store, "a.jpg", body, OwnSum("0" * 32))
    with pytest.raises(ZeroDivisionError):
        kept(store, "a.jpg", body, "0" * 32)


def test_a_folder_says_that_its_sums_are_its_own(tmp_path: Path) -> None:
    store = FolderStore(Target("file://", str(tmp_path)))
    assert isinstance(store.put("a.jpg", b"photo", Headers("image/jpeg")), OwnSum)
    assert isinstance(store.copy("a.jpg", "b.jpg"), OwnSum)
    listed = {found.key: found.etag for found in store.list()}
    assert listed["a.jpg"] == listed["b.jpg"] == hashlib.md5(b"photo").hexdigest()
    assert not any(isinstance(etag, OwnSum) for etag in listed.values())
