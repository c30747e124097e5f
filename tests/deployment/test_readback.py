"""What is hashed and read back of uploads, and what is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import pytest

from galleria_action.deployment.documents import readback
from galleria_action.deployment.documents.readback import ALWAYS_COMPARED_BYTES, ReadBack
from galleria_action.storage.interface import Body, Headers, ReadStore, StoredObject, md5_of

SMALL, LARGE = b"s" * ALWAYS_COMPARED_BYTES, b"l" * (ALWAYS_COMPARED_BYTES + 1)


class Service:
    """Answers with the ETag of what it stored, which ``etag`` makes; ``checks`` hashes or does not."""

    def __init__(self, *, checks: bool, etag: Callable[[Body], str] = md5_of) -> None:
        self.checks, self.etag = checks, etag
        self.stored: dict[str, bytes] = {}
        self.read = 0
        self.back = ReadBack(cast(ReadStore, self))

    def prove_ahead(self, size: int = 0) -> None:
        raise AssertionError("nobody asks here")

    def checks_hash(self, key: str) -> bool:
        return self.checks

    def get(self, key: str, most: int = 0) -> StoredObject:
        self.read += 1
        return StoredObject(self.stored[key], self.etag(self.stored[key]), Headers("image/jpeg"))

    def keeps(self, body: bytes, damaged: bytes = b"") -> bool:
        """Whether an upload of ``body`` is taken for kept."""
        key = f"{len(self.stored)}.jpg"
        self.stored[key] = damaged or body
        etag = self.etag(self.stored[key])
        return self.back.believes(key, body, etag) or self.back.kept(key, body, etag)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of what was hashed to compare it with its ETag."""
    sizes: list[int] = []

    def counted(body: Body) -> str:
        sizes.append(len(body))
        return md5_of(body)

    monkeypatch.setattr(readback, "md5_of", counted)
    return sizes


def test_where_hashes_are_checked_only_the_first_and_the_small_are_hashed(hashed: list[int]) -> None:
    service = Service(checks=True)
    assert all(service.keeps(body) for body in (LARGE, LARGE, SMALL, LARGE))
    assert hashed == [len(LARGE), len(SMALL)]
    assert service.back.by_hash == 2
    assert not service.read


def test_where_nobody_knows_each_is_hashed(hashed: list[int]) -> None:
    service = Service(checks=False)
    assert all(service.keeps(LARGE) for _ in range(3))
    assert len(hashed) == 3
    assert not service.back.by_hash


@pytest.mark.parametrize("checks", [False, True])
def test_damage_is_seen_in_what_is_hashed(checks: bool) -> None:
    service = Service(checks=checks)
    assert not service.keeps(LARGE, b"damaged")
    assert service.keeps(SMALL)
    assert not service.keeps(SMALL, b"damaged")
    assert not service.back.in_doubt


def test_after_damage_nothing_is_believed_by_its_hash(hashed: list[int]) -> None:
    service = Service(checks=True)
    assert service.keeps(SMALL)
    assert service.keeps(LARGE)
    assert not service.keeps(SMALL, b"damaged")
    assert service.back.in_doubt
    assert service.keeps(LARGE)
    assert not service.keeps(LARGE, b"damaged")
    assert len(hashed) == 1 + 0 + 2 + 1 + 2  # damage is looked at twice: before and after the reading


def test_etags_that_only_look_like_sums(hashed: list[int]) -> None:
    """As of a bucket whose encryption has a key of KMS: one object is read, and the rest believed."""
    service = Service(checks=True, etag=lambda body: md5_of(b"encrypted " + bytes(body)))
    assert all(service.keeps(LARGE) for _ in range(3))
    assert service.read == 1
    assert service.back.by_hash == 2


def test_etags_that_are_no_sums_are_as_ever() -> None:
    for checks in (False, True):
        service = Service(checks=checks, etag=lambda body: md5_of(body) + "-1")
        assert all(service.keeps(LARGE) for _ in range(3))
        assert service.read == 1
        assert not service.back.by_hash
