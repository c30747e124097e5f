"""What is decoded by types is what is read value for value, whatever the document is; what is not plain is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.metadata import json_stream, schema
from galleria_action.gallery.metadata.model import (
    GalleryMetadata,
    GallerySettings,
    MetadataExifData,
    MetadataFileData,
    PhotoMetadata,
)
from galleria_action.gallery.metadata.photos import Photos
from galleria_action.gallery.metadata.plainly import NotPlain
from galleria_action.gallery.metadata.schema import RemoteInvalid, load_metadata, parse_remote
from galleria_action.gallery.metadata.typed import TypedPhotos
from galleria_action.schemas import load_schema
from tests.gallery.test_photos import PHOTO
from tests.gallery.test_plainly import ODD, places

SCHEMA = load_schema("gallery-metadata")
TYPED = TypedPhotos(SCHEMA)
_NEVER = 1 << 40
#: what may stand between two characters of a document that mean something, right or wrong
ODDITIES = [
    b'"id": "twice", ', b'"exif": null, ', b'"fi\\u006ces": {}, ', b'"more": [1, {"a": {}}], ', b'"x": "}, {", ',
    b'"camera": {}, ', b'"make": "a", "make": "b", ', b'"subsecond": 1.0, ', b'"subsecond": -0, ', b'"more": NaN, ',
    b'"subsecond": 1e400, ', b'"subsecond": ' + b"9" * 40 + b", ", b'"subsecond": ' + b"9" * 5000 + b", ",
    b'"more": -Infinity, ', b'"more": 01, ', b'"more": 1e400, ', b'"more": ' + b"[" * 70 + b"]" * 70 + b", ",
    b'"more": "\\ud800", ', b'"\\ud83d": 1, ', b'"id": "\\ud83d\\ude00", ', b'"id": "\\udc00", ', b'"more": "a\\\\", ',
    b'"more": "a\\"", ', b'"original_path": "C:\\\\", ', b'"original_path": "\\"", ', b'"collection": "\xff", ',
    b'"more": "\xed\xa0\x80", ', "\N{GRINNING FACE}é".encode(), b"\xef\xbb\xbf", b"\x00", b"\x01", b",", b"}", b"]",
    b"{", b"[", b'"', b"\\", b"\\u12", b"null", b"[]", b"{}", b"{}, ", b" ", b"\t\n", b"//", b"1", b'"photos": [], ',
    b'"schema_version": 1, ', b": ",
]  # fmt: skip


def document(photos: list[Any]) -> dict[str, Any]:
    return {"schema_version": "1.0", "collection": "it", "settings": {"jpeg_quality": 85}, "photos": photos}


def photo(number: int = 1, **more: Any) -> dict[str, Any]:
    """As Galleria writes it."""
    shot = f"2024-06-15T14:30:{number % 60:02}"
    return {
        "id": f"photo {number}",
        "original_path": f"pics\\{number}.JPG",
        "file_hash": f"{number:064X}",
        "deployment_file_hash": f"{number:064x}",
        "exif": {
            "original_timestamp": shot,
            "corrected_timestamp": shot,
            "timezone_original": "+00:00",
            "camera": {"make": "Canon", "model": "EOS R5"},
            "subsecond": None,
        },
        "files": {name: f"{name}/{number}.jpg" for name in ("full", "web", "thumb")},
        **more,
    }


Told = tuple[str, Any, Any]


def told(raw: bytes) -> tuple[Told, Told]:
    """What is read and what is found, locally and in a bucket."""
    local: Told
    try:
        loaded = load_metadata(raw, "it")
        local = "sound", _all_of(loaded.metadata), (loaded.sha256, loaded.warnings)
    except GalleryInvalid as error:
        local = str(error), tuple(error.findings), error.problems
    try:
        return local, ("sound", _all_of(parse_remote(raw)), None)
    except RemoteInvalid as error:
        return local, (str(error), None, None)


def _all_of(value: Any) -> Any:
    """Every value with its type, as 1 is neither 1.0 nor ``True``; fields in any order."""
    match value:
        case GalleryMetadata() | GallerySettings() | PhotoMetadata() | MetadataExifData() | MetadataFileData():
            return [_all_of(getattr(value, name)) for name in value.__slots__]
        case dict():
            return {name: _all_of(it) for name, it in value.items()}
        case list() | tuple() | Photos():
            return [_all_of(it) for it in value]
    return repr(value)


INDENT = st.sampled_from([None, 0, 2])
#: mostly as Galleria writes them, because only those are accepted at once
PHOTOS = st.lists(st.builds(photo, st.integers(0, 99)) | PHOTO, max_size=5)


def all_ways_agree(raw: bytes, piece: int) -> None:
    """By types, value for value, and as a whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_AS_THEY_STAND", piece)
        patch.setattr(json_stream, "TOGETHER", 1 + piece % 3)
        patch.setattr(schema, "_LARGE", 0)
        by_types = told(raw)
        patch.setattr(schema, "_LARGE", _NEVER)
        value_for_value = told(raw)
        patch.setattr(schema, "_plain", lambda _: None)
        assert by_types == value_for_value == told(raw)


@settings(max_examples=50)
@given(PHOTOS, st.booleans(), INDENT, st.integers(0, 2000))
def test_what_is_sound_is_read_the_same_way(photos: list[Any], ascii_only: bool, indent: int | None, piece: int):
    all_ways_agree(json.dumps(document(photos), ensure_ascii=ascii_only, indent=indent).encode(), piece)


@settings(max_examples=50)
@given(PHOTOS, INDENT, st.integers(0, 2000), st.data())
def test_whatever_stands_in_a_document_all_say_the_same_of_it(
    photos: list[Any], indent: int | None, piece: int, data: st.DataObject
):
    raw = json.dumps(document(photos), indent=indent).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from([0, len(raw), *(at + 1 for at, it in enumerate(raw) if it in b'{[,:}]"')]))
        gone = data.draw(st.just(0) | st.integers(0, 30))
        raw = raw[:at] + data.draw(st.sampled_from(ODDITIES)) + raw[at + gone :]
    all_ways_agree(raw, piece)


@settings(max_examples=50)
@given(st.lists(st.builds(photo, st.integers(0, 99)), min_size=1, max_size=3), st.data())
def test_whatever_a_field_holds_all_say_the_same_of_it(photos: list[Any], data: st.DataObject):
    place = data.draw(st.sampled_from(places(photos)[1:]))
    photos = copy.deepcopy(photos)
    part: Any = photos
    for name in place[:-1]:
        part = part[name]
    if data.draw(st.booleans()):
        part[place[-1]] = data.draw(ODD)
    else:
        del part[place[-1]]
    all_ways_agree(json.dumps(document(photos)).encode(), data.draw(st.integers(0, 800)))


# -- what is accepted, and what is not ------------------------------------------------------------------------------


def read(*photos: Any) -> Photos | None:
    """What the typed way makes of ``photos``."""
    fields = TYPED.read(json.dumps(photos))
    if fields is None:
        return None
    read = Photos()
    read.extend_fields(fields)
    return read


def changed(place: str, to: Any) -> dict[str, Any]:
    """A photo as Galleria writes it with another value; without the field where that is ``...``."""
    it = photo()
    *outer, name = place.split(".")
    part = it
    for step in outer:
        part = part[step]
    part[name] = to
    if to is ...:
        del part[name]
    return it


@pytest.mark.parametrize(
    "it",
    [
        photo(),
        changed("exif", None),
        changed("exif", ...),
        changed("exif", {}),
        changed("exif.camera", {}),
        changed("exif.camera", None),
        changed("exif.camera.make", ...),
        changed("exif.camera.model", None),
        changed("exif.corrected_timestamp", "2024-02-30T10:00:00+02:00"),
        changed("exif.original_timestamp", ...),
        changed("exif.subsecond", 12),
        changed("exif.subsecond", "012"),
        changed("exif.timezone_original", ""),
        changed("original_path", 'C:\\pics\\the "one".JPG'),
        changed("id", "\N{GRINNING FACE} \\ é"),
    ],
)
def test_what_galleria_writes_is_accepted(it: dict[str, Any]):
    expected = (PhotoMetadata.from_dict(photo(7)), PhotoMetadata.from_dict(it))
    assert read(photo(7), it) == expected


@pytest.mark.parametrize("name", ["id", "original_path", "file_hash", "deployment_file_hash", "files", "files.web"])
def test_what_must_be_there_is_asked_for(name: str):
    assert read(changed(name, ...)) is None


@pytest.mark.parametrize(
    ("place", "to"),
    [
        ("id", ""),
        ("id", 1),
        ("original_path", None),
        ("file_hash", "0" * 63),
        ("file_hash", "0" * 63 + " "),
        ("deployment_file_hash", "g" * 64),
        ("deployment_file_hash", "0" * 64 + "\n"),
        ("exif", []),
        ("exif.corrected_timestamp", ""),
        ("exif.corrected_timestamp", "2024-06-15"),
        ("exif.corrected_timestamp", "2024-06-15T14:30\n2024-06-15T14:30"),
        ("exif.corrected_timestamp", "2024-13-15T14:30:45"),
        ("exif.subsecond", 1.0),
        ("exif.subsecond", 2**53 + 1),
        ("exif.subsecond", True),
        ("exif.camera", "Canon"),
        ("exif.camera.make", 1),
        ("exif.camera.lens", "50 mm"),
        ("exif.iso", 100),
        ("files.full", ""),
        ("files.full", "a" * 1025),
        ("files.raw", "a.cr2"),
        ("more", None),
        ("original_path", "C:\\"),
    ],
)
def test_what_is_not_plain_is_left_to_others(place: str, to: Any):
    assert read(changed(place, to)) is None


@pytest.mark.parametrize("named", ["id", "exif", "files", "subsecond", "make", "thumb"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_name_that_is_given_twice_is_noticed(named: str, escaped: bool):
    text = json.dumps([photo()])
    at = text.index(f'"{named}"')
    value, _ = json.JSONDecoder().raw_decode(text, text.index(":", at) + 2)
    name = f'"\\u{ord(named[0]):04x}{named[1:]}"' if escaped else f'"{named}"'
    twice = f"{text[:at]}{name}: {json.dumps(value)}, {text[at:]}"
    assert json.loads(twice) == json.loads(text)
    assert TYPED.read(text) is not None
    assert TYPED.read(twice) is None


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[{"id": 1}', "[" * 100_000, "[]]", "[NaN]", "\ufeff[]"])
def test_what_is_not_a_list_of_photos_is_left_to_others(text: str):
    assert TYPED.read(text) is None


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("id", {"type": "string", "format": "uuid"}),
        ("id", {"type": "string", "pattern": "^a$"}),
        ("file_hash", {"type": "string", "pattern": "^[0-9a-f]+$"}),
        ("id", {"type": "boolean"}),
        ("files", {"type": "object", "properties": {}, "additionalProperties": False}),
        ("id", {}),
    ],
)
def test_a_rule_that_is_not_known_is_told(name: str, rule: dict[str, Any]):
    schema = copy.deepcopy(dict(SCHEMA))
    schema["$defs"]["photo"]["properties"][name] = rule
    with pytest.raises(NotPlain):
        TypedPhotos(schema)


def test_of_a_large_gallery_hardly_a_photo_is_read_value_for_value(monkeypatch: pytest.MonkeyPatch):
    photos = [photo(number) for number in range(3000)]
    photos[1500]["rating"] = 5
    raw = json.dumps(document(photos), indent=2).encode()
    assert len(raw) > schema._LARGE
    slowly: list[int] = []
    monkeypatch.setattr(schema, "fits", lambda document: not slowly.append(len(document["photos"])) and True)
    read = load_metadata(raw, "it").metadata.photos
    assert read[1500].extra == {"rating": 5}
    assert read.ids == [it["id"] for it in photos]
    assert sum(slowly) <= 1000


@pytest.mark.parametrize("large", [0, _NEVER])
def test_an_escaped_emoji_is_nothing_odd(large: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schema, "_LARGE", large)
    monkeypatch.setattr(schema, "_looked_into", lambda *_: pytest.fail("read as a whole"))
    raw = json.dumps({**document([photo(id="\N{GRINNING FACE}")]), "collection": "\N{GRINNING FACE}"}).encode()
    assert raw.isascii()
    assert load_metadata(raw, "it").metadata.photos.ids == ["\N{GRINNING FACE}"]
