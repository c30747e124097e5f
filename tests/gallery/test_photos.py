"""Photos in columns are the photos one by one, whoever asks and whatever they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.metadata import photos as columns
from galleria_action.gallery.metadata.model import GalleryMetadata, PhotoMetadata
from galleria_action.gallery.metadata.photos import Photos
from galleria_action.gallery.metadata.schema import load_metadata, parse_remote
from galleria_action.gallery.metadata.violations import fits

TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
ANYTHING = st.none() | st.booleans() | st.integers(-9, 9) | TEXT | st.lists(st.integers(), max_size=2)
UNKNOWN = st.dictionaries(TEXT.map("x-{}".format), ANYTHING, max_size=2)
MOMENT = st.datetimes().filter(lambda moment: moment.year > 1000).map(lambda moment: moment.isoformat())


def fields(required: dict[str, Any], optional: dict[str, Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these fields, and with some that are not known."""
    known = st.fixed_dictionaries(required, optional=optional or {})
    return st.builds(lambda unknown, one: {**unknown, **one}, UNKNOWN, known)


DIGITS = st.text("0123456789abcdefABCDEF", min_size=64, max_size=64)
CAMERA = st.none() | fields({}, {"make": st.none() | TEXT, "model": st.none() | TEXT})
EXIF = fields(
    {},
    {
        "original_timestamp": st.none() | TEXT,
        "corrected_timestamp": st.none() | MOMENT,
        "timezone_original": st.none() | TEXT,
        "camera": CAMERA,
        "subsecond": st.none() | st.integers(-9, 999) | st.just(1.0) | TEXT,
    },
)
KEY = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
PHOTO = fields(
    {
        "id": st.text(st.characters(codec="utf-8"), min_size=1, max_size=6),
        "original_path": TEXT,
        "file_hash": DIGITS,
        "deployment_file_hash": DIGITS,
        "files": fields({"full": KEY, "web": KEY, "thumb": KEY}),
    },
    {"exif": st.none() | EXIF},
)
HELPERS = (
    columns.ids_of,
    columns.keys_of,
    columns.fulls_of,
    columns.timestamps_of,
    columns.file_hashes_of,
    columns.deployment_file_hashes_of,
)


@given(st.lists(PHOTO, max_size=5), st.integers(0, 5))
def test_they_are_what_a_tuple_of_them_is(described: list[dict[str, Any]], cut: int):
    assert fits({"schema_version": "1.0", "photos": described})
    single = tuple(map(PhotoMetadata.from_dict, described))
    many = Photos(single[:cut])
    many.extend(single[cut:])
    assert many == single
    assert single == many
    assert many == Photos(single)
    assert len(many) == len(single)
    assert repr(many) == repr(single)  # what is equal may be of another type
    for helper in HELPERS:
        assert list(helper(many)) == list(helper(single))
    for place in range(-len(single), len(single)):
        assert many[place] == single[place]
    for part in (slice(None), slice(1, -1), slice(None, None, -2)):
        assert many[part] == single[part]
    one, other = (GalleryMetadata.from_dict({"schema_version": "1.0", "photos": []}) for _ in range(2))
    object.__setattr__(one, "photos", many)
    object.__setattr__(other, "photos", single)
    assert one == other
    assert other == one
    assert json.dumps(one.to_dict()) == json.dumps(other.to_dict())
    assert one.keys() == other.keys()


@given(st.lists(PHOTO, min_size=1, max_size=3), st.data())
def test_any_other_photo_is_another(described: list[dict[str, Any]], data: st.DataObject):
    single = [*map(PhotoMetadata.from_dict, described)]
    place = data.draw(st.integers(0, len(single) - 1))
    changed = [*single]
    changed[place] = PhotoMetadata.from_dict(data.draw(PHOTO))
    assert (Photos(single) == Photos(changed)) is (single == changed)
    assert Photos(single) != Photos([*single, single[0]])
    assert Photos(single) != tuple(single[1:])
    assert Photos(single) != "photos"


@pytest.mark.parametrize("place", [2, -3])
def test_there_is_none_behind_the_last(place: int):
    photo = PhotoMetadata.from_dict(
        {
            "id": "a",
            "original_path": "",
            "file_hash": "0" * 64,
            "deployment_file_hash": "0" * 64,
            "files": {"full": "a", "web": "b", "thumb": "c"},
        }
    )
    with pytest.raises(IndexError):
        Photos([photo, photo])[place]
    with pytest.raises(TypeError):
        hash(Photos())


def document(number: int) -> dict[str, Any]:
    """Metadata of so many sound photos, which is read in pieces."""
    photos = [
        {
            "id": f"photo {at}",
            "original_path": f"pics/{at}.JPG",
            "file_hash": f"{at:064X}",
            "deployment_file_hash": f"{at * at:064x}",
            "exif": {"corrected_timestamp": f"2024-06-15T{at % 24:02}:00:00", "camera": {"make": "Canon"}},
            "files": {"full": f"full/{at}.jpg", "web": f"web/{at}.jpg", "thumb": f"thumb/{at}.webp"},
            **({"raw": True} if at == 7 else {}),
        }
        for at in range(number)
    ]
    return {"schema_version": "1.0", "settings": {"web_size": [2048, 2048]}, "photos": photos, "more": [1]}


@pytest.mark.parametrize("number", [0, 1, 2300])
def test_what_is_read_is_what_the_document_says(number: int):
    said = document(number)
    expected = GalleryMetadata.from_dict(said)
    for read in (load_metadata(json.dumps(said).encode(), "it").metadata, parse_remote(json.dumps(said).encode())):
        assert isinstance(read.photos, Photos)
        assert read == expected
        assert read.to_dict() == expected.to_dict()
