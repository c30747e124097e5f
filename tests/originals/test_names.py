"""Names: deterministic, lossless, Galleria's where Galleria has one, and kept."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.gallery.keys import folded, key_problem
from galleria_action.gallery.originals.names import (
    ALPHABET,
    Named,
    Shot,
    camera_code,
    chronological,
    collection_slug,
    name_photos,
    natural,
)

NOON = datetime(2024, 6, 15, 14, 30, 45)


def sha(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def shot(
    number: int, path: str = "", taken: datetime | None = NOON, fraction: str = "", camera: str = "Canon EOS R5"
) -> Shot:
    return Shot(sha(number), path or f"IMG_{number}.JPG", taken, fraction, "Canon", camera)


def known(photos: list[Shot], names: dict[str, str]) -> list[Named]:
    return [Named(photo.sha256, photo.path, names[photo.sha256]) for photo in photos]


shots = st.lists(
    st.builds(
        shot,
        st.integers(0, 400),
        st.sampled_from(["a.jpg", "b/a.jpg", "IMG_9.JPG", "IMG_10.JPG", "x y/ü.png", ""]),
        st.sampled_from([None, NOON, NOON + timedelta(seconds=1)]),
        st.sampled_from(["", "5", "05", "50", "999"]),
        st.sampled_from(["Canon EOS R5", "iPhone 13", "", "é"]),
    ),
    max_size=80,
    unique_by=lambda s: s.sha256,
)


def test_names_are_galleria_s_own() -> None:
    assert name_photos([shot(1)], "wedding") == {sha(1): "wedding-20240615T143045-r5a-0"}


@settings(deadline=None, max_examples=50)
@given(shots, st.randoms())
def test_the_order_in_which_photos_are_met_does_not_matter(photos: list[Shot], random: object) -> None:
    mixed = list(photos)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert name_photos(mixed, "wedding") == name_photos(photos, "wedding")


@settings(deadline=None, max_examples=50)
@given(shots, st.text(max_size=20))
def test_every_photo_gets_a_name_of_its_own_that_is_a_sound_key(photos: list[Shot], collection: str) -> None:
    names = name_photos(photos, collection)
    assert names.keys() == {photo.sha256 for photo in photos}
    assert len({folded(name) for name in names.values()}) == len(names)
    assert all(key_problem(f"photos/full/{name}.jpg") is None for name in names.values())
    assert all(re.fullmatch(r"[a-z0-9_-]+-\d{8}T\d{6}-[a-z0-9]{3}-[0-9A-V]+", name) for name in names.values())


@settings(deadline=None, max_examples=50)
@given(shots, shots)
def test_photos_that_come_later_do_not_rename_earlier_ones(before: list[Shot], more: list[Shot]) -> None:
    first = name_photos(before, "wedding")
    later = [photo for photo in more if photo.sha256 not in first]
    second = name_photos([*before, *later], "wedding", known(before, first))
    assert {content: second[content] for content in first} == first
    assert len({folded(name) for name in second.values()}) == len(second)


@settings(deadline=None, max_examples=50)
@given(shots)
def test_a_renamed_original_keeps_its_name(photos: list[Shot]) -> None:
    first = name_photos(photos, "wedding")
    renamed = [replace(photo, path=f"elsewhere/{number}.jpg") for number, photo in enumerate(reversed(photos))]
    assert name_photos(renamed, "wedding", known(photos, first)) == first


@pytest.mark.parametrize("number", [1, 2, 31, 32, 33, 40, 1024, 1025])
def test_any_number_of_photos_in_a_second_in_the_order_they_were_taken(number: int) -> None:
    burst = [shot(n) for n in range(number)]
    names = name_photos(burst, "wedding")
    in_order = [names[photo.sha256] for photo in burst]
    assert in_order == sorted(in_order)
    assert len(set(in_order)) == number
    width = 1 if number <= 32 else 2 if number <= 1024 else 3
    assert {len(name.rpartition("-")[2]) for name in in_order} == {width}


def test_a_burst_is_ordered_by_fraction_then_by_the_cameras_number() -> None:
    burst = [
        shot(1, "IMG_10.JPG", fraction="05"),
        shot(2, "IMG_9.JPG", fraction="05"),
        shot(3, "IMG_1.JPG", fraction="5"),
        shot(4, "IMG_0.JPG", fraction="450"),
    ]
    names = name_photos(burst, "wedding")
    assert [names[sha(n)][-1] for n in (2, 1, 4, 3)] == list("0123")


def test_a_group_that_outgrows_its_width_goes_on_in_order() -> None:
    before = [shot(n) for n in range(32)]
    first = name_photos(before, "wedding")
    second = name_photos([shot(n) for n in range(34)], "wedding", known(before, first))
    assert second[sha(32)].endswith("-V0")
    assert sorted(second.values())[-2:] == [second[sha(32)], second[sha(33)]]


def test_an_undated_photo_is_named_by_its_content_alone() -> None:
    alone = name_photos([shot(1, taken=None)], "wedding")
    among = name_photos([shot(n, f"{n}.jpg", taken=None) for n in range(200)], "wedding")
    assert among[sha(1)] == alone[sha(1)]
    assert re.fullmatch(r"wedding-00000000T000000-r5a-[0-9A-V]{8}", alone[sha(1)])


def test_undated_photos_whose_hashes_begin_alike_get_longer_names() -> None:
    twins = [replace(shot(1, taken=None), sha256="0" * 63 + end) for end in "01"]
    names = sorted(name_photos(twins, "wedding").values(), key=len)
    assert [len(name.rpartition("-")[2]) for name in names] == [8, 9]


def test_an_edited_photo_keeps_its_name_and_leaves_its_neighbours_theirs() -> None:
    before = [shot(n, f"IMG_{n}.JPG") for n in range(4)]
    first = name_photos(before, "wedding")
    edited = [before[0], replace(before[1], sha256=sha("b")), replace(before[2], sha256=sha("c")), before[3]]
    second = name_photos(edited, "wedding", known(before, first))
    assert [second[photo.sha256] for photo in edited] == [first[photo.sha256] for photo in before]


def test_another_collection_or_time_asks_for_another_name() -> None:
    first = known([shot(1)], name_photos([shot(1)], "wedding"))
    assert name_photos([shot(1)], "party", first)[sha(1)] == "party-20240615T143045-r5a-0"
    later = replace(shot(1), taken=NOON + timedelta(hours=1))
    assert name_photos([later], "wedding", first)[sha(1)] == "wedding-20240615T153045-r5a-0"
    foreign = [Named(sha(1), "IMG_1.JPG", "IMG 1")]
    assert name_photos([shot(1)], "wedding", foreign)[sha(1)] == "wedding-20240615T143045-r5a-0"


def test_a_name_that_is_known_twice_is_given_once() -> None:
    twice = [Named(sha(n), f"IMG_{n}.JPG", "wedding-20240615T143045-r5a-0") for n in (1, 2)]
    assert sorted(name[-1] for name in name_photos([shot(1), shot(2)], "wedding", twice).values()) == ["0", "1"]


def test_copies_are_one_photo() -> None:
    assert len(name_photos([shot(1, "a.jpg"), shot(1, "b.jpg")], "wedding")) == 1


def test_one_name_in_two_folders_is_two_photos() -> None:
    names = name_photos([shot(1, "a/IMG_1.JPG"), shot(2, "b/IMG_1.JPG")], "wedding")
    assert sorted(name[-1] for name in names.values()) == ["0", "1"]


@pytest.mark.parametrize(
    ("make", "model", "code"),
    [("Canon", "Canon EOS R5", "r5a"), ("NIKON CORPORATION", "NIKON D850", "d85"), ("Apple", "iPhone 13 mini", "i13"),
     ("Apple", "iPhone SE", "iph"), ("SONY", "ILCE-7RM4", "son"), ("", "", "unk"), ("X", "", "xxx"), ("é", "", "unk"),
     ("", "Q", "qxx")],
)  # fmt: skip
def test_camera_codes(make: str, model: str, code: str) -> None:
    assert camera_code(make, model) == code


@pytest.mark.parametrize(
    ("collection", "slug"),
    [("Wedding", "wedding"), ("our-wedding", "our-wedding"), ("Été à la mer", "ete-a-la-mer"), ("свадьба", "gallery"),
     ("", "gallery"), ("../..", "gallery"), ("a" * 99, "a" * 60)],
)  # fmt: skip
def test_collections(collection: str, slug: str) -> None:
    assert collection_slug(collection) == slug


def test_names_sort_as_people_count() -> None:
    assert sorted(["IMG_10.JPG", "IMG_9.JPG", "b/IMG_1.JPG", "a/IMG_1.JPG"], key=natural) == [
        "a/IMG_1.JPG", "b/IMG_1.JPG", "IMG_9.JPG", "IMG_10.JPG",
    ]  # fmt: skip
    natural("9" * 10_000)


@settings(deadline=None, max_examples=50)
@given(shots)
def test_galleries_are_shown_by_time_and_undated_photos_last(photos: list[Shot]) -> None:
    order = chronological(photos)
    dated = [photo for photo in order if photo.taken]
    assert order[: len(dated)] == dated
    assert [(s.taken, s.fraction.rstrip("0")) for s in dated] == sorted(
        (s.taken, s.fraction.rstrip("0")) for s in dated
    )


def test_the_alphabet_sorts_as_it_counts() -> None:
    assert list(ALPHABET) == sorted(ALPHABET)
    assert len(ALPHABET) == 32
