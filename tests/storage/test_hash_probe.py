"""Whether a service checks the hash that an upload is signed with is proved by one that must be refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from galleria_action.deployment.layout import Layout, laid_out
from galleria_action.storage.conditions import PROBE, ProvingStore, checks_hash, prove_ahead
from galleria_action.storage.folder_store import FolderStore
from galleria_action.storage.interface import Target, WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.providers import profiles
from galleria_action.storage.s3.hash_probe import WORTH_A_REQUEST_BYTES
from galleria_action.storage.s3.s3_store import S3Store, open_bucket
from galleria_action.storage.settings import StoreSettings
from galleria_action.storage.wrappers import RecordingStore
from tests.s3 import PROFILES, FakeS3

Start = Callable[..., FakeS3]
KEY = "photos/full/a.jpg"


def open_bare(settings: StoreSettings) -> WriteStore:
    """Without the probe of conditions, which asks at the same time."""
    profile = profiles()["generic"]
    settings = replace(settings, pause=lambda seconds: True)
    return S3Store(settings, profile, open_bucket(settings, profile), attempts=2)


def found_out(store: WriteStore, size: int = WORTH_A_REQUEST_BYTES) -> bool:
    prove_ahead(store, size)
    for thread in threading.enumerate():
        if thread.name == "probe":
            thread.join()
    return checks_hash(store, KEY)


@pytest.mark.parametrize("profile", PROFILES)
def test_only_a_service_that_checks_is_believed(fake_s3: Start, profile: str) -> None:
    s3 = fake_s3(profile)
    store = open_bare(s3.settings("gal/"))
    assert not checks_hash(store, KEY)
    assert found_out(store) is s3.profile.checks_payload
    assert not s3.objects
    (probe,) = s3.asked("PutObject")
    assert probe.key.startswith(f"gal/{PROBE}")


@pytest.mark.parametrize(
    ("word", "checks"),
    [
        ("ok", True),
        ("400:XAmzContentSHA256Mismatch", True),
        ("400:BadDigest", True),
        ("403:XAmzContentSHA256Mismatch", False),
        ("403:SignatureDoesNotMatch", False),
        ("400:InvalidRequest", False),
        ("400:", False),
        ("501", False),
        ("503", False),
        ("200", False),
        ("empty", False),
        ("html", False),
        ("drop", False),
        ("cut", False),
    ],
)
def test_only_the_documented_refusal_counts(fake_s3: Start, word: str, checks: bool) -> None:
    s3 = fake_s3("aws")
    s3.script(word, "PutObject")
    assert found_out(open_bare(s3.settings())) is checks
    assert not s3.objects


@pytest.mark.parametrize("word", ["ok", "lost", "503+", "html", "cut"])
def test_what_a_service_took_is_removed(fake_s3: Start, word: str) -> None:
    s3 = fake_s3("ignores-hashes")
    s3.script(word, "PutObject")
    s3.script("503", "DeleteObject")
    assert not found_out(open_bare(s3.settings()))
    assert s3.asked("PutObject")
    assert not s3.objects


def test_what_cannot_be_removed_harms_nobody(fake_s3: Start) -> None:
    s3 = fake_s3("ignores-hashes")
    s3.script("403:AccessDenied*", "DeleteObject")
    assert not found_out(open_bare(s3.settings()))


def test_it_is_asked_once_and_only_where_that_is_worth_it(fake_s3: Start) -> None:
    s3 = fake_s3("aws")
    store = open_bare(s3.settings())
    assert not found_out(store, WORTH_A_REQUEST_BYTES - 1)
    assert not s3.requests
    assert found_out(store)
    assert found_out(store)
    assert len(s3.requests) == 1


def test_a_known_service_is_not_asked(fake_s3: Start) -> None:
    s3 = fake_s3("aws")
    store = open_store(s3.settings(provider="aws"))
    assert checks_hash(store, KEY)
    assert found_out(store)
    assert not s3.requests


def test_stores_around_a_store_hand_it_on(fake_s3: Start) -> None:
    s3 = fake_s3("aws")
    bare = open_bare(s3.settings())
    around = laid_out(RecordingStore(ProvingStore(bare, lambda seconds: True)), Layout.preview("p"))
    assert found_out(around)
    assert checks_hash(bare, KEY)


def test_a_folder_checks_nothing(tmp_path: Path) -> None:
    assert not found_out(FolderStore(Target("file://", str(tmp_path))))
