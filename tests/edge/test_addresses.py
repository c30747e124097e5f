"""Which addresses a plan makes stale, as a cache sees them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.model import Copy, Delete, KeptObject, Plan, Reason, Upload
from galleria_action.edge.addresses import Dirty, Site, dirty_keys
from galleria_action.storage.interface import Headers
from tests.deployment.values import TARGET, document, source_file
from tests.edge.fakes import decoded

NOTHING = Plan("metadata", TARGET, None, (), (), (), (), 0, 0, None)
SITE = Site.of("https://photos.example.org/wedding", "ignored/")


def upload(key: str, reason: Reason, photo: str | None = "p") -> Upload:
    return Upload(reason, source_file(key), "0" * 64, photo)


def test_a_plan_that_does_nothing_makes_nothing_stale() -> None:
    assert dirty_keys(NOTHING) == Dirty((), ())


def test_what_is_replaced_deleted_or_committed_is_stale() -> None:
    copy = Copy("back.jpg", Reason.CHANGED, KeptObject("0" * 64, 1), Headers("image/jpeg"), "p")
    plan = replace(
        NOTHING,
        uploads=(upload("full/a.jpg", Reason.CHANGED), upload("about/index.html", Reason.NEW, None)),
        deletes=(Delete("full/gone.jpg", Reason.REMOVED, "q"), Delete("orphan.jpg", Reason.ORPHAN)),
        copies=(copy,),
        commit=document("new"),
    )
    stale = {"full/a.jpg", "about/index.html", "full/gone.jpg", "orphan.jpg", "back.jpg", "gallery-metadata.json"}
    assert set(dirty_keys(plan).certain) == stale


@pytest.mark.parametrize("reason", [it for it in Reason if it is not Reason.NEW])
def test_only_new_photos_are_no_more_than_perhaps_stale(reason: Reason) -> None:
    plan = replace(NOTHING, uploads=(upload("new.jpg", Reason.NEW), upload("other.jpg", reason)))
    assert dirty_keys(plan) == Dirty(("other.jpg",), ("new.jpg",))


@pytest.mark.parametrize(
    ("key", "paths"),
    [
        ("full/a.jpg", ["/wedding/full/a.jpg"]),
        ("a/index.html", ["/wedding/a/index.html", "/wedding/a/", "/wedding/a"]),
        ("index.html", ["/wedding/index.html", "/wedding/", "/wedding"]),
        ("a b/ü~.jpg", ["/wedding/a%20b/%C3%BC~.jpg"]),
        ("a (1).jpg", ["/wedding/a%20%281%29.jpg", "/wedding/a%20(1).jpg"]),
        ("100%.jpg", ["/wedding/100%25.jpg"]),
        ("what?#*.jpg", ["/wedding/what%3F%23%2A.jpg"]),
    ],
)
def test_every_address_that_a_key_answers_to(key: str, paths: list[str]) -> None:
    assert SITE.paths([key]) == paths


def test_the_root_of_a_host_has_no_address_without_its_slash() -> None:
    assert Site.of("https://photos.example.org", "").paths(["index.html"]) == ["/index.html", "/"]


def test_without_a_public_address_the_bucket_is_what_is_shown() -> None:
    site = Site.of(None, "my photos/")
    assert (site.origin, site.paths(["a.jpg"])) == ("", ["/my%20photos/a.jpg"])


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda it: not it.startswith("/")))
def test_an_address_is_ascii_and_means_its_key_and_nothing_else(key: str) -> None:
    first, *others = SITE.paths([key])
    assert decoded(first) == f"/wedding/{key}"
    for path in (first, *others):
        assert path.isascii()
        assert not set(path) & set(' "<>#?*\\^`{|}')
        assert path.startswith("/wedding")


class Untouchable(str):
    """The id of a photo that did not change."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        raise AssertionError("looked at")

    __hash__ = None  # type: ignore[assignment]
    __eq__ = __str__ = __len__ = __iter__  # type: ignore[assignment]


def test_photos_that_did_not_change_are_not_looked_at() -> None:
    unchanged = tuple(Untouchable(f"photo-{number}") for number in range(1000))
    plan = replace(NOTHING, uploads=(upload("full/a.jpg", Reason.CHANGED),), unchanged_photos=unchanged)
    assert SITE.paths(dirty_keys(plan).certain) == ["/wedding/full/a.jpg"]
