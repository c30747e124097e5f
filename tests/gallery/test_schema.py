import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.local.document import read_metadata
from galleria_action.gallery.metadata import findings, json_source
from galleria_action.gallery.metadata.schema import (
    LoadedMetadata,
    RemoteInvalid,
    load_metadata,
    parse_remote,
)
from galleria_action.gallery.metadata.timestamps import PATTERN
from galleria_action.gallery.metadata.violations import _validator
from galleria_action.schemas import load_schema
from tests.builders import HABITS, Habit, make_gallery

FILE = "prod/pics/gallery-metadata.json"


def photo(number: int) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "original_path": f"/pictures/IMG_{number}.JPG",
        "file_hash": hashlib.sha256(b"%d" % number).hexdigest(),
        "deployment_file_hash": hashlib.sha256(b"-%d" % number).hexdigest(),
        "exif": {
            "original_timestamp": "2024-06-15T18:30:45",
            "corrected_timestamp": "2024-06-15T14:30:45",
            "timezone_original": "+00:00",
            "camera": {"make": "Canon", "model": "EOS R5"},
            "subsecond": 7,
        },
        "files": {"full": f"full/p{number}.jpg", "web": f"web/p{number}.jpg", "thumb": f"p{number}.webp"},
    }


def document(photos: int = 3) -> dict[str, Any]:
    return {
        "schema_version": "1.0",
        "generated_at": "2024-10-28T10:00:00+00:00",
        "collection": "wedding",
        "settings": {
            "timestamp_offset_hours": -4,
            "target_timezone_offset_hours": 2,
            "web_size": [2048, 2048],
            "thumb_size": 400,
            "jpeg_quality": 85,
            "webp_quality": 85,
        },
        "photos": [photo(number) for number in range(photos)],
    }


def load(content: Any) -> LoadedMetadata:
    raw = content if isinstance(content, bytes) else json.dumps(content, indent=2).encode()
    return load_metadata(raw, FILE)


def all_findings(content: Any) -> tuple[Finding, ...]:
    with pytest.raises(GalleryInvalid) as caught:
        load(content)
    assert caught.value.findings
    for finding in caught.value.findings:
        assert finding.file == FILE
        assert finding.message.isprintable()
        assert len(finding.message) < 700
    return caught.value.findings


def only_finding(content: Any) -> Finding:
    (finding,) = all_findings(content)
    return finding


def line_of(content: Any, mark: str, nth: int = 1) -> int:
    """The line of the ``nth`` occurrence of ``mark``."""
    lines = [number for number, line in enumerate(json.dumps(content, indent=2).splitlines(), 1) if mark in line]
    return lines[nth - 1]


# -- sound galleries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("habit", HABITS)
def test_galleries_as_galleria_writes_them_are_sound(tmp_path: Path, habit: Habit) -> None:
    gallery = make_gallery(tmp_path / "prod/pics", habit=habit)
    loaded = read_metadata(gallery.metadata_path, Workspace(tmp_path))
    assert loaded.raw == gallery.raw
    assert loaded.sha256 == hashlib.sha256(gallery.raw).hexdigest()
    assert loaded.file == FILE
    assert loaded.warnings == ()
    assert loaded.metadata.to_dict() == gallery.document
    assert loaded.metadata.photos[0].files.web == gallery.photos[0]["files"]["web"]


def test_lines_of_keys() -> None:
    content = document()
    loaded = load(content)
    assert loaded.lines_of([("photos", 1, "files", "web"), ("photos", 0)]) == [
        line_of(content, '"web"', 2),
        line_of(content, '"id": "p0"') - 1,
    ]


def vary(**changes: Any) -> dict[str, Any]:
    return document() | changes


def vary_photo(**changes: Any) -> dict[str, Any]:
    content = document()
    content["photos"][1] |= changes
    return content


@pytest.mark.parametrize(
    "content",
    [
        vary(photos=[]),
        vary(generated_at=None, collection=None),
        vary(settings={}),
        vary(settings={"timestamp_offset_hours": 0.5, "unknown": [1]}),
        vary(unknown={"x": [1, {"y": None}]}),
        {"schema_version": "1.0", "photos": []},
        vary_photo(unknown=10**100, exif=None),
        vary_photo(exif={}),
        vary_photo(exif={"corrected_timestamp": None, "original_timestamp": None, "camera": None, "lens": "50mm"}),
        vary_photo(exif={"camera": {"make": None, "model": None, "serial": 1}, "subsecond": "007"}),
        vary_photo(file_hash="AB" * 32),
        vary_photo(original_path="/home/\udce9t\udce9.jpg"),
        *(
            vary_photo(exif={"corrected_timestamp": stamp})
            for stamp in (
                "2024-02-29T00:00:00",
                "2024-06-15 14:30:45",
                "2024-06-15T14:30",
                "2024-06-15T14:30:45.123456+05:30",
                "2024-06-15T14:30:45Z",
            )
        ),
    ],
)
def test_what_galleries_may_leave_out_or_add(content: dict[str, Any]) -> None:
    loaded = load(content)
    assert load(loaded.metadata.to_dict()).metadata == loaded.metadata


def test_unknown_fields_are_kept() -> None:
    content = document(1)
    for part in (content, content["settings"], content["photos"][0], content["photos"][0]["exif"]):
        part["mine"] = {"x": [1]}
    content["photos"][0]["files"]["raw"] = "raw/p0.dng"
    content["photos"][0]["exif"]["camera"]["lens"] = None
    assert load(content).metadata.to_dict() == content


def test_hashes_are_compared_in_lower_case() -> None:
    assert load(vary_photo(file_hash="AB" * 32)).metadata.photos[1].file_hash == "ab" * 32


def test_whole_numbers_written_as_fractions_are_whole_numbers() -> None:
    offset = load(vary(settings={"target_timezone_offset_hours": 2.0})).metadata.settings.target_timezone_offset_hours
    assert (offset, type(offset)) == (2, int)


def test_a_byte_order_mark_is_a_warning() -> None:
    raw = b"\xef\xbb\xbf" + json.dumps(document()).encode()
    loaded = load(raw)
    assert loaded.raw == raw
    assert [(warning.file, warning.line) for warning in loaded.warnings] == [(FILE, 1)]


def test_a_sound_gallery_imports_no_slow_validator() -> None:
    script = (
        "import sys, json; from galleria_action.gallery.metadata.schema import load_metadata;"
        "load_metadata(sys.stdin.buffer.read(), 'x'); print({'jsonschema', 'boto3', 'urllib3'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", script], input=json.dumps(document()).encode(), capture_output=True)
    assert done.stdout.decode().strip() == "set()", done.stderr.decode()


# -- the schema ----------------------------------------------------------------------------------------------------


def broken(path: str, value: Any) -> dict[str, Any]:
    content = document()
    part: Any = content
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in way:
        part = part[step]
    part[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("schema_version", 1, "schema_version is 1; expected a version"),
        ("schema_version", "", "schema_version is ''"),
        ("generated_at", 5, "generated_at is 5"),
        ("collection", [], "collection is a list"),
        ("settings/timestamp_offset_hours", "4", "settings.timestamp_offset_hours is '4'; expected a number of hours"),
        ("settings/timestamp_offset_hours", True, "is true; expected a number"),
        ("settings/target_timezone_offset_hours", -13, "is -13; expected a whole number of hours from -12 to 14"),
        ("settings/target_timezone_offset_hours", 15, "is 15;"),
        ("settings/target_timezone_offset_hours", 10**4000, "is 1000"),
        ("settings/target_timezone_offset_hours", 5.5, "is 5.5;"),
        ("settings/target_timezone_offset_hours", None, "is null;"),
        ("settings/web_size", 0, "settings.web_size is 0; expected a whole number of pixels or a pair"),
        ("settings/web_size", [2048], "web_size is a list"),
        ("settings/web_size", [1, 2, 3], "web_size is a list"),
        ("settings/thumb_size", [1, "2"], "thumb_size is a list"),
        ("settings/jpeg_quality", 101, "jpeg_quality is 101; expected a whole number from 0 to 100"),
        ("settings/webp_quality", -1, "webp_quality is -1"),
        ("photos/1/id", "", "photo number 2: id is ''; expected text that is not empty"),
        ("photos/1/id", 5, "photo number 2: id is 5"),
        ("photos/1/original_path", None, "photo 'p1': original_path is null; expected a path"),
        ("photos/1/file_hash", "abc", "photo 'p1': file_hash is 'abc'; expected a SHA-256 hash of 64 hexadecimal"),
        ("photos/1/file_hash", "", "file_hash is ''"),
        ("photos/1/file_hash", "g" * 64, "file_hash is 'ggg"),
        ("photos/1/file_hash", "a" * 63 + "\n", "file_hash is 'aaa"),
        ("photos/1/file_hash", "a" * 64 + "\n", "file_hash is 'aaa"),
        ("photos/1/file_hash", "٣" * 64, "file_hash is '٣٣"),
        ("photos/1/file_hash", "a" * 65, "file_hash is 'aaa"),
        ("photos/1/deployment_file_hash", None, "deployment_file_hash is null"),
        ("photos/1/exif", [], "exif is a list"),
        ("photos/1/exif/original_timestamp", 5, "exif.original_timestamp is 5"),
        ("photos/1/exif/corrected_timestamp", "2024:06:15 14:30:45", "exif.corrected_timestamp is '2024:06:15"),
        ("photos/1/exif/corrected_timestamp", "2024-06-15T24:00:00", "expected a date and time such as"),
        ("photos/1/exif/corrected_timestamp", "2024-06-15T14:30:45\n", "14:30:45\\n'; expected a date"),
        ("photos/1/exif/corrected_timestamp", "٢٠٢٤-06-15T14:30:45", "expected a date"),
        ("photos/1/exif/timezone_original", 0, "exif.timezone_original is 0"),
        ("photos/1/exif/camera", "Canon", "exif.camera is 'Canon'"),
        ("photos/1/exif/camera/make", 5, "exif.camera.make is 5; expected text or null"),
        ("photos/1/exif/subsecond", 1.5, "exif.subsecond is 1.5"),
        ("photos/1/files", None, "files is null; expected an object with the keys full, web and thumb"),
        ("photos/1/files/web", 5, "files.web is 5; expected a relative path"),
        ("photos/1/files/web", "", "files.web is ''"),
    ],
)
def test_each_field_has_its_type(path: str, value: Any, words: str) -> None:
    content = broken(path, value)
    finding = only_finding(content)
    assert words in finding.message
    last = path.rsplit("/", 1)[-1]
    assert finding.line == line_of(content, f'"{last}":', 2 if path.startswith("photos") else 1)


@pytest.mark.parametrize(
    ("part", "name"),
    [("photos/1", name) for name in ("id", "original_path", "file_hash", "deployment_file_hash", "files")]
    + [("photos/1/files", name) for name in ("full", "web", "thumb")],
)
def test_missing_fields_are_named_on_the_line_of_their_object(part: str, name: str) -> None:
    content = document()
    holder: Any = content["photos"][1]
    holder = holder["files"] if part.endswith("files") else holder
    del holder[name]
    finding = only_finding(content)
    field = f"files.{name}" if part.endswith("files") else name
    assert f"{field} is missing; expected" in finding.message
    assert ("photo number 2: " if name == "id" else "photo 'p1': ") in finding.message
    assert finding.line == (
        line_of(content, '"files": {', 2) if part.endswith("files") else _start_of_photo(content, 1)
    )


def _start_of_photo(content: Any, index: int) -> int:
    return [number for number, line in enumerate(json.dumps(content, indent=2).splitlines(), 1) if line == "    {"][
        index
    ]


@pytest.mark.parametrize("content", [[], "text", 5, None, True])
def test_a_document_that_is_no_object(content: Any) -> None:
    finding = only_finding(content)
    assert "it is" in finding.message
    assert "expected an object with schema_version and photos" in finding.message
    assert finding.line == 1


def test_what_the_whole_document_lacks() -> None:
    messages = [finding.message for finding in all_findings({"photos": {}})]
    assert messages[0].startswith("schema_version is missing")
    assert messages[1].startswith("photos is an object; expected a list of photos")
    assert only_finding({"schema_version": "1.0"}).message.startswith("photos is missing")


def test_photos_that_are_no_objects() -> None:
    content = document()
    content["photos"][2] = None
    assert only_finding(content).message == "photo number 3: it is null; expected an object that describes a photo"


def test_huge_values_stay_out_of_messages() -> None:
    content = broken("photos/1/file_hash", "x" * 1_000_000)
    assert len(only_finding(content).message) < 300
    content = broken("photos/1/file_hash", [["x" * 1000] * 1000])
    assert len(only_finding(content).message) < 300


def test_schema_and_jsonschema_agree_on_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(load_schema("gallery-metadata"))


MUTANTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-20, 300),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(["a" * 64, "2024-06-15T14:30:45", "1.0", "x/y.jpg"]),
    st.lists(st.integers(0, 3), max_size=3),
    st.dictionaries(st.sampled_from(["full", "web", "thumb", "make", "id"]), st.text(max_size=3)),
)


def mutated(draw: st.DrawFn) -> Any:
    content = document(2)
    for _ in range(draw(st.integers(1, 4))):
        part: Any = content
        while True:
            if not isinstance(part, (dict, list)) or not part:
                break
            name = draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
            if not isinstance(part[name], (dict, list)) or draw(st.integers(0, 3)) == 0:
                if draw(st.booleans()):
                    part[name] = draw(MUTANTS)
                else:
                    del part[name]
                break
            part = part[name]
    return content


@given(st.composite(mutated)())
@settings(max_examples=200)
def test_an_independent_validator_agrees_and_every_violation_is_told(content: Any) -> None:
    independent = jsonschema.Draft202012Validator(load_schema("gallery-metadata"))
    valid = independent.is_valid(content)
    assert _validator("#").is_valid(content) == valid
    try:
        load(content)
    except GalleryInvalid as error:
        told = error.findings
    else:
        told = ()
    if not valid:
        places = {
            (*error.absolute_path, *([error.message.split("'")[1]] if error.validator == "required" else []))
            for error in independent.iter_errors(content)
        }
        about_schema = [finding for finding in told if "; expected " in finding.message]
        assert len(about_schema) == len(places)
    assert all(finding.line is not None for finding in told)


# -- the rules -----------------------------------------------------------------------------------------------------


def test_ids_are_unique() -> None:
    content = document()
    content["photos"][2]["id"] = "p0"
    finding = only_finding(content)
    assert finding.message == "photo 'p0' is listed twice: photo number 1 has the same id"
    assert finding.line == line_of(content, '"id": "p0"', 2)


def test_ids_are_unicode() -> None:
    content = broken("photos/1/id", "\ud800")
    finding = only_finding(content)
    assert "surrogate" in finding.message
    assert finding.line == line_of(content, '"id"', 2)


def test_half_a_surrogate_pair_in_a_field_that_nobody_knows_is_kept() -> None:
    half = "\\ud800"
    for odd in (f'"x": "{half}"', f'"x": {{"y": ["{half}"]}}'):
        raw = json.dumps(document()).replace('"schema_version"', f'{odd}, "schema_version"', 1).encode()
        assert load_metadata(raw, FILE).raw == raw


def test_half_a_surrogate_pair_in_place_of_a_photo_is_a_finding() -> None:
    content = document()
    content["photos"].append("\ud800")
    assert "photo number 4" in only_finding(content).message


def test_two_photos_may_not_share_a_key() -> None:
    content = broken("photos/1/files/web", "full/p0.jpg")
    finding = only_finding(content)
    assert finding.message == "photo 'p1': the key of web, 'full/p0.jpg', is the key of full of photo 'p0' too"
    assert finding.line == line_of(content, '"web"', 2)


def test_two_variants_of_a_photo_may_not_share_a_key() -> None:
    content = broken("photos/1/files/thumb", "full/p1.jpg")
    finding = only_finding(content)
    assert "is the key of full of photo 'p1' too" in finding.message
    assert finding.line == line_of(content, '"thumb"', 2)


@pytest.mark.parametrize(("one", "other"), [("FULL/p0.JPG", "full/p0.jpg"), ("caf\u00e9.jpg", "cafe\u0301.jpg")])
def test_keys_may_not_differ_by_case_or_normalisation_only(one: str, other: str) -> None:
    content = document()
    content["photos"][0]["files"]["full"] = one
    content["photos"][2]["files"]["thumb"] = other
    finding = only_finding(content)
    assert "differs only by letter case or Unicode normalisation" in finding.message
    assert finding.line == line_of(content, '"thumb"', 3)


@pytest.mark.parametrize(
    "key",
    [
        "/etc/passwd",
        "../a.jpg",
        "a/./b.jpg",
        "a\\b.jpg",
        "a\nb.jpg",
        "a\0b.jpg",
        "a//b.jpg",
        "é" * 600,
        "C:/a.jpg",
        ".galleria/manifest.json",
        "gallery-metadata.json",
        "\udc80.jpg",
        "a.jpg/",
    ],
)
@pytest.mark.parametrize("variant", ["full", "web", "thumb"])
def test_unsound_keys_are_refused_on_their_line(key: str, variant: str) -> None:
    content = broken(f"photos/1/files/{variant}", key)
    finding = only_finding(content)
    assert finding.message.startswith(f"photo 'p1': the key of {variant}, ")
    assert finding.line == line_of(content, f'"{variant}":', 2)


def test_a_key_may_not_be_the_folder_of_another() -> None:
    content = broken("photos/1/files/web", "a.jpg")
    content["photos"][2]["files"]["web"] = "a.jpg/b.jpg"
    finding = only_finding(content)
    assert "is the folder of another key too" in finding.message
    assert finding.line == line_of(content, '"web"', 2)
    content = broken("photos/1/files/web", "a/b.gif")
    content["photos"][2]["files"]["web"] = "a/b.gif/c/d.jpg"
    assert only_finding(content).line == line_of(content, '"web"', 2)
    content["photos"][2]["files"]["web"] = "a/b.gifs/d.jpg"
    load(content)


@pytest.mark.parametrize(
    "key", ["index.html", "photos/web/app.js", "a.svg", "a.jpg.html", "README", "photos/.jpg", "jpg"]
)
def test_a_key_looks_like_a_picture_or_a_video(key: str) -> None:
    assert "not that of a picture or video" in only_finding(broken("photos/1/files/web", key)).message


@pytest.mark.parametrize("stamp", ["2024-02-30T00:00:00", "2023-02-29T00:00:00", "0000-01-01T00:00:00"])
def test_timestamps_are_in_the_calendar(stamp: str) -> None:
    content = broken("photos/1/exif/corrected_timestamp", stamp)
    finding = only_finding(content)
    assert "is a date that no calendar has" in finding.message
    assert finding.line == line_of(content, '"corrected_timestamp"', 2)


@pytest.mark.parametrize("zone", ["+14:01", "-12:30", "+23:59"])
def test_time_zones_are_those_of_a_clock(zone: str) -> None:
    content = broken("photos/1/exif/corrected_timestamp", f"2024-06-15T14:30:45{zone}")
    assert "a time zone that no clock has" in only_finding(content).message


def test_the_schema_states_the_shape_of_a_timestamp_that_the_edit_reads() -> None:
    exif = load_schema("gallery-metadata")["$defs"]["photo"]["properties"]["exif"]
    assert exif["properties"]["corrected_timestamp"]["pattern"] == PATTERN


# -- everything in one run -----------------------------------------------------------------------------------------


def test_json_schema_and_rules_are_reported_together_by_line() -> None:
    content = document(5)
    content["settings"]["jpeg_quality"] = 300
    content["photos"][1]["file_hash"] = "abc"
    content["photos"][2]["files"]["web"] = "../x"
    content["photos"][4]["id"] = "p0"
    raw = json.dumps(content, indent=2).replace('"id": "p3"', '"id": "p3", "id": "p3", "n": NaN').encode()
    told = all_findings(raw)
    assert [finding.message.split(";")[0].split(",")[0] for finding in told] == [
        "settings.jpeg_quality is 300",
        "photo 'p1': file_hash is 'abc'",
        "photo 'p2': the key of web",
        "the field 'id' is given twice in one object",
        "NaN is not a JSON number",
        "photo 'p0' is listed twice: photo number 1 has the same id",
    ]
    lines = [finding.line for finding in told]
    assert lines == sorted(line for line in lines if line)


def test_the_error_counts_and_helps() -> None:
    with pytest.raises(GalleryInvalid) as caught:
        load(broken("photos/1/file_hash", "abc"))
    assert caught.value.message == f"{FILE} has 1 problem; nothing was published."
    assert caught.value.hint


def test_findings_are_listed_up_to_a_limit_and_counted_beyond() -> None:
    content = document(findings.MAX_LISTED + 50)
    for entry in content["photos"]:
        entry["files"]["web"] = "../" + entry["files"]["web"]
    told = all_findings(content)
    assert len(told) == findings.MAX_LISTED
    for entry in content["photos"]:
        entry["file_hash"] = "abc"
    with pytest.raises(GalleryInvalid, match="has 250 problems") as caught:
        load(content)
    assert caught.value.problems == 250


# -- files ---------------------------------------------------------------------------------------------------------


def test_a_gigabyte_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "gallery-metadata.json"
    with path.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(GalleryInvalid) as caught:
        read_metadata(path, Workspace(tmp_path))
    assert "1,073,741,824 bytes large; at most 268,435,456" in caught.value.findings[0].message


def test_a_gallery_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = json.dumps(document()).encode()
    monkeypatch.setattr(json_source, "MAX_BYTES", len(raw))
    load(raw)
    assert "bytes large" in only_finding(raw + b" ").message


def test_missing_metadata_is_said_in_the_words_users_know(tmp_path: Path) -> None:
    with pytest.raises(GalleryInvalid) as caught:
        read_metadata(tmp_path / "prod/pics/gallery-metadata.json", Workspace(tmp_path))
    assert caught.value.message == f"Error loading gallery metadata: Gallery metadata not found: {FILE}"


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.mkdir()


def _outside(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _circle(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [_fifo, _folder, _outside, _device, _circle])
def test_metadata_that_is_no_file_of_the_workspace(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "gallery-metadata.json")
    with pytest.raises(GalleryInvalid, match=r"^gallery-metadata\.json (is|leads|lies) "):
        read_metadata(tmp_path / "gallery-metadata.json", Workspace(tmp_path))


# -- metadata from a bucket ----------------------------------------------------------------------------------------


def test_remote_metadata_is_read_leniently() -> None:
    content = document()
    content["photos"][1]["file_hash"] = ""
    content["photos"][1]["exif"] = {"corrected_timestamp": "yesterday"}
    content["photos"][2]["id"] = "p0"
    content["settings"]["jpeg_quality"] = 1000
    assert parse_remote(json.dumps(content).encode()).to_dict()["photos"][1]["id"] == "p1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"photos": []}',
        b'{"schema_version": "1.0", "photos": {"a": 1}}',
        b'{"schema_version": "1.0", "photos": [5]}',
        b'{"schema_version": "1.0", "photos": [], "settings": 5}',
        b'{"schema_version": "1.0", "photos": [], "settings": {"target_timezone_offset_hours": "x"}}',
        json.dumps(broken("photos/1/files/web", "../x")).encode(),
        json.dumps(broken("photos/1/files/web", "gallery-metadata.json")).encode(),
        json.dumps(broken("photos/1/files/web", 5)).encode(),
        json.dumps(broken("photos/1/id", None)).encode(),
        json.dumps(broken("photos/1/file_hash", None)).encode(),
    ],
)
def test_what_is_no_gallery_is_not_taken_for_one(content: bytes) -> None:
    with pytest.raises(RemoteInvalid):
        parse_remote(content)
