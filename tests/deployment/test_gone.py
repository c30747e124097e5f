"""Which photos are gone, and which only have another id."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.galleries import Contents, LocalGallery, SourcePhoto, gone
from galleria_action.deployment.planner import make_plan
from tests.deployment.values import TARGET, local_gallery, local_photo, manifest_of, remote_gallery, source_file

A, B = local_photo("a"), local_photo("b")


def gallery(text: str) -> Contents:
    """``a1 b2``: the photo a with the content 1, and b with 2."""
    return {one[0]: tuple(one[1:]) for one in text.split()}


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ("a1 b2 c3", "a1 b2 c3", ""),
        ("a1 b2 c3", "a9 b2 c3", ""),
        ("a1 b2 c3", "x1 y2 z3", ""),
        ("a1 b2 c3", "b1 c2 d3", ""),
        ("a1 b2 c3", "a2 b3", "c"),
        ("a1 b2 c3", "x2 y3", "a"),
        ("a1 b2 c3", "x7 y8 z9", "a b c"),
        ("a1 b1 c1", "x1", "a b c"),
        ("a1 b1", "x1 y1", "a b"),
        ("a1 b1 c3", "a1 b1 x3", ""),
        ("a12", "x29", ""),
        ("a b", "x y", "a b"),
        ("a1 b2 c3 d4", "a3 b4", "c d"),
        ("x1 y2", "x3 y1", ""),
        ("a1 b2", "", "a b"),
        ("", "a1", ""),
    ],
)
def test_what_is_gone(before: str, after: str, lost: str):
    assert gone(gallery(before), gallery(after)) == tuple(lost.split())


galleries = st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.sampled_from("123456"))).map(dict)


@given(galleries, galleries)
def test_what_is_gone_is_never_more_than_what_has_no_id_and_never_less_than_what_is_missing(before, after):
    lost = gone(before, after)
    assert set(lost) <= before.keys() - after.keys()
    assert len(lost) >= len(before) - len(after)
    there = {one for contents in after.values() for one in contents}
    if not there & {one for contents in before.values() for one in contents}:
        assert set(lost) == before.keys() - after.keys()


@given(galleries)
def test_other_ids_alone_lose_nothing(before):
    before = {name: (f"content of {name}",) for name in before}
    assert gone(before, {f"new {name}": contents for name, contents in before.items()}) == ()


def plainly_gone(before: Contents, after: Contents) -> tuple[str, ...]:
    """The same said of one photo after the other."""
    owners = [
        {
            content: name
            for name, its in contents.items()
            for content in its
            if sum(content in others for others in contents.values()) == 1
        }
        for contents in (before, after)
    ]
    heirs = {name: owners[1][content] for content, name in owners[0].items() if content in owners[1]}
    taken = {name for name in before if name in after and set(before[name]) & set(after[name])}
    going_on = len(taken)
    changed = []
    for name in (name for name in before if name not in taken):
        if name in heirs and heirs[name] not in taken:
            taken.add(heirs[name])
            going_on += 1
        else:
            changed.append(name)
    going_on += sum(name in after and name not in taken for name in changed)
    missing = [name for name in before if name not in after]
    number = min(len(missing), len(before) - going_on)
    lost = sorted(missing, key=lambda name: name in heirs)[:number]
    return tuple(name for name in before if name in lost)


contents = st.dictionaries(st.sampled_from("abcdefgh"), st.just(()) | st.tuples(st.sampled_from("123456")))


@given(contents, contents)
def test_many_at_a_time_are_gone_as_one_after_the_other(before, after):
    assert gone(before, after) == plainly_gone(before, after)


# -- in a plan -------------------------------------------------------------------------------------------------------


def moved(photo: SourcePhoto, name: str) -> SourcePhoto:
    """``photo`` under another id and other keys."""
    files = tuple(replace(file, key=f"{file.variant}/{name}.jpg") for file in photo.files)
    return replace(photo, id=name, files=files)


def test_a_photo_under_another_id_and_other_keys_is_sent_again_and_not_lost():
    made = make_plan(local_gallery(moved(A, "x"), B), remote_gallery(A, B), TARGET)
    assert made.removed_photos == ()
    assert {up.key for up in made.uploads} == {"full/x.jpg", "web/x.jpg", "thumb/x.jpg"}
    assert [it.key for it in made.deletes] == ["full/a.jpg", "thumb/a.jpg", "web/a.jpg"]
    assert (made.remote_photo_count, made.local_photo_count) == (2, 2)


def test_what_an_edit_is_to_give_proves_nothing():
    files = tuple(replace(file, sha256=file.sha256[::-1]) for file in moved(A, "x").files)
    claimed = replace(moved(A, "x"), files=files)
    assert claimed.identity == A.identity
    assert make_plan(local_gallery(claimed, B), remote_gallery(A, B), TARGET).removed_photos == ("a",)


def test_a_file_of_a_folder_under_another_name_is_not_lost():
    first, second = (SourcePhoto(f"{name}.jpg", name * 64, (source_file(f"{name}.jpg"),)) for name in "ab")
    other = replace(first, id="x.jpg", files=(replace(first.files[0], key="x.jpg"),))
    live = replace(remote_gallery(manifest=manifest_of(first, second)), metadata=None)
    made = make_plan(LocalGallery("directory", (other, second), None), live, TARGET)
    assert (made.removed_photos, [it.key for it in made.deletes]) == ((), ["a.jpg"])
    made = make_plan(LocalGallery("directory", (second,), None), live, TARGET)
    assert made.removed_photos == ("a.jpg",)
