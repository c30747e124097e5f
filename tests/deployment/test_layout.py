"""Where keys lie: in place as ever, in slots and previews each in a place of its own and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.layout import SLOTS, Layout, is_elsewhere, laid_out
from galleria_action.deployment.remote.verification import find_orphans
from galleria_action.gallery.keys import key_problem
from galleria_action.storage.interface import WHOLE, Headers, ObjectInfo, Part, Target
from tests.reliability.memory import MemoryStore

JSON = Headers("application/json")
LAYOUTS = (Layout.IN_PLACE, *map(Layout.slot, SLOTS), Layout.preview("pr-7"), Layout.preview("7"))
OWN = (
    ".galleria/manifest.json",
    ".galleria/publish.json",
    ".galleria/pool/" + "0" * 64,
    ".galleria/releases/hold.json",
)

keys = st.one_of(
    st.sampled_from(OWN),
    st.just("gallery-metadata.json"),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
        lambda it: not key_problem(it)
    ),
)


def test_in_place_everything_lies_where_it_is_named():
    store = MemoryStore()
    assert laid_out(store, Layout.IN_PLACE) is store
    for key in (*OWN, "photos/a.jpg"):
        assert Layout.IN_PLACE.lies_at(key) == key


@given(keys)
def test_every_place_knows_its_own_keys(key: str):
    for layout in LAYOUTS[1:]:
        assert layout.key_of(layout.lies_at(key)) == key


@given(keys)
def test_no_two_places_share_an_object_of_a_gallery(key: str):
    if not (key.startswith(".galleria/") or is_elsewhere(key)):
        assert len({layout.lies_at(key) for layout in LAYOUTS}) == len(LAYOUTS)


def test_slots_have_manifests_of_their_own_and_all_else_in_common():
    a, b = map(Layout.slot, SLOTS)
    manifest, *others = OWN
    assert {it.lies_at(manifest) for it in (a, b, Layout.IN_PLACE)} == {
        ".galleria/manifest.json", ".galleria/slots/a/manifest.json", ".galleria/slots/b/manifest.json",
    }  # fmt: skip
    assert [a.lies_at(key) for key in others] == others
    assert a.key_of(manifest) is None
    assert a.key_of(b.lies_at(manifest)) is None


def test_previews_share_nothing():
    preview = Layout.preview("pr-7")
    assert [preview.lies_at(key) for key in OWN] == [key.replace("/", "/previews/pr-7/", 1) for key in OWN]
    assert [preview.key_of(key) for key in OWN] == [None] * len(OWN)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a", "a-", "ü", "a.b", "a" * 64, "a\n", ".galleria"])
def test_a_name_cannot_lead_elsewhere(name: str):
    for make in (Layout.preview, Layout.slot):
        with pytest.raises(ValueError, match="is not"):
            make(name)


def test_a_folder_of_a_router_is_one_of_ours():
    assert [Layout.at(it.folder) for it in LAYOUTS[:3]] == [*LAYOUTS[:3]]
    for folder in ("slots/c/", "slots/a", "previews/pr-7/", "../", "photos/"):
        with pytest.raises(ValueError, match="is not the folder of a slot"):
            Layout.at(folder)


def test_what_lies_elsewhere_is_nobodys_orphan():
    mine, others = ("slots/mine.jpg", "previews/mine.jpg"), ("slots/a/photos/x.jpg", "previews/p/x.jpg")
    listing = {key: ObjectInfo(key, 1, "etag") for key in (*mine, *others, "slots/stray.jpg")}
    named = frozenset(mine)
    assert find_orphans(named, named, listing) == ("slots/stray.jpg",)


def test_a_listing_shows_the_gallery_of_one_place():
    store = MemoryStore()
    for layout in LAYOUTS:
        for key in ("photos/x.jpg", "gallery-metadata.json", *OWN):
            laid_out(store, layout).put(key, layout.folder.encode(), JSON)
    for layout in LAYOUTS[1:]:
        placed = laid_out(store, layout)
        assert sorted(it.key for it in placed.list()) == sorted(["photos/x.jpg", "gallery-metadata.json", *OWN])
        assert sorted(it.key for it in placed.list(".galleria/")) == sorted(OWN)
        assert [it.key for it in placed.list("photos/")] == ["photos/x.jpg"]
        assert placed.head("photos/x.jpg") is not None
        placed.delete(["photos/x.jpg"])
        assert placed.get("photos/x.jpg") is None
    assert store.get("photos/x.jpg") is not None, "the gallery in place is another one"


class Archived(MemoryStore):
    """Everything was moved to an archive class."""

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        return (it._replace(archived=True) for it in super().list(prefix, part))


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_listing_tells_what_visitors_cannot_read(layout: Layout):
    placed = laid_out(Archived(), layout)
    for key in ("photos/x.jpg", *OWN):
        placed.put(key, b"", JSON)
    assert [it for it in placed.list() if not it.archived] == []
    assert len([*placed.list()]) == 1 + len(OWN)


def test_bytes_come_from_the_live_gallery():
    store = MemoryStore()
    store.put("slots/b/photos/x.jpg", b"live", JSON)
    store.neighbours[(live := Target("http://127.0.0.1:9", "gallery"))] = store
    placed = laid_out(store, Layout.preview("pr-7"))
    placed.copy(Layout.slot("b").lies_at("photos/x.jpg"), "photos/y.jpg", None, live)
    placed.copy("photos/y.jpg", "photos/z.jpg")
    for name in ("y", "z"):
        found = store.get(f"previews/pr-7/photos/{name}.jpg")
        assert found and found.body == b"live"
