"""A large gallery is planned from columns; what comes out is what its photos, one by one, would have given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.delivery import HeaderRule, HeaderRules
from galleria_action.deployment.galleries import Hashes, RemoteGallery, SourcePhotos
from galleria_action.deployment.model import Reason
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.listing import Listing, beside, missing
from galleria_action.deployment.sources import photos_of_metadata
from galleria_action.deployment.stale import Proofs
from galleria_action.deployment.state.entries import Entries
from galleria_action.gallery.local.files import LocalFile, LocalFiles
from galleria_action.gallery.media import media_type
from galleria_action.gallery.metadata.model import VARIANTS, MetadataExifData
from galleria_action.gallery.metadata.photos import Photos
from galleria_action.storage.interface import Headers, ObjectInfo
from tests.deployment.values import (
    PHOTO_HEADERS,
    SETTINGS,
    TARGET,
    local_gallery,
    local_photo,
    metadata_of,
    remote_gallery,
)

_PHOTOS = st.lists(
    st.builds(
        local_photo,
        st.sampled_from("abcd"),
        st.sampled_from("12"),
        st.sampled_from([None, "2024-06-15T12:00:00", 'odd "\\é']),
    ),
    unique_by=lambda photo: photo.id,
    max_size=4,
)
_CHANGES = st.dictionaries(
    st.sampled_from([f"{variant}/{name}.jpg" for variant in ("full", "web", "thumb") for name in "abcd"]),
    st.sampled_from(
        ["lost", "other size", "other tag", "archived", "no entry", "other source", "other edit", "other headers"]
    ),
    max_size=3,
)


def changed(remote: RemoteGallery, changes: dict[str, str]) -> RemoteGallery:
    """``remote`` with something else under some keys."""
    objects, listing = dict(remote.manifest.objects), dict(remote.listing or {})
    for key, what in changes.items():
        if key not in objects:
            continue
        found = listing[key]
        match what:
            case "lost":
                del listing[key]
            case "other size":
                listing[key] = found._replace(size=found.size + 1)
            case "other tag":
                listing[key] = found._replace(etag="another")
            case "archived":
                listing[key] = found._replace(archived=True)
            case "no entry":
                del objects[key]
            case "other source":
                objects[key] = replace(objects[key], source="0" * 64)
            case "other edit":
                objects[key] = replace(objects[key], edit="0" * 32)
            case "other headers":
                objects[key] = replace(objects[key], headers=Headers("image/gif").digest())
    return replace(remote, manifest=replace(remote.manifest, objects=objects), listing=listing)


def in_columns(remote: RemoteGallery) -> RemoteGallery:
    """The same as it is read of a large target."""
    recorded = Entries.of(remote.manifest.objects)
    listing = Listing(recorded)
    listing.take((remote.listing or {}).values())
    listed = None if remote.listing is None else listing
    metadata = remote.metadata and replace(remote.metadata, photos=Photos(remote.metadata.photos))
    return replace(remote, metadata=metadata, manifest=replace(remote.manifest, objects=recorded), listing=listed)


def proofs(remote: RemoteGallery, keys: frozenset[str]) -> Proofs:
    """That the files under ``keys`` are as they were deployed, where anything is recorded there."""
    recorded = Entries.of(remote.manifest.objects)
    known = Proofs(recorded)
    for key in keys & recorded.keys():
        known.marks[recorded.rows[key]] = 1
    return known


def alike(keys: Sequence[str]) -> list[Headers]:
    """All with the same headers."""
    return [PHOTO_HEADERS] * len(keys)


_KEYS = st.lists(
    st.sampled_from(["a.jpg", "b/a.jpg", "b/.jpg", ".webp", "b/a.JPG", "a", "b.c/d", "webp", "b.c/e.webp", "b/a."])
)


@pytest.mark.parametrize("rules", [(), (HeaderRule("b/*", cache_control="no-cache"),)])
@given(_KEYS)
def test_the_headers_of_many_are_those_of_each(rules: tuple[HeaderRule, ...], keys: list[str]):
    made = photos_of_metadata(
        metadata_of(), LocalFiles(), "max-age=1", Hashes({}, {}), strip_gps=False, rules=HeaderRules(rules)
    )
    assert list(made.headers_of(keys)) == [it for key in keys for it in made.headers_of([key])]
    for key in keys:
        (found,) = made.headers_of([key])
        assert found.content_type == media_type(key)
        assert found.cache_control == (
            "no-cache" if rules and key.startswith("b/") and key.count("/") == 1 else "max-age=1"
        )


@given(
    now=_PHOTOS,
    before=_PHOTOS,
    changes=_CHANGES,
    listed=st.booleans(),
    force=st.booleans(),
    proved=st.frozensets(st.sampled_from([f"{variant}/{name}.jpg" for variant in VARIANTS for name in "abcd"])),
    together=st.integers(1, 4),
    quality=st.sampled_from([85, 90]),
    offset=st.sampled_from([2, 3]),
)
def test_the_plan_is_that_of_the_photos_one_by_one(
    now, before, changes, listed, force, proved, together, quality, offset
):
    settings = replace(SETTINGS, jpeg_quality=quality, target_timezone_offset_hours=offset)
    remote = changed(remote_gallery(*before, settings=settings), changes)
    remote = remote if listed else replace(remote, listing=None)
    described = replace(metadata_of(*now), photos=Photos(metadata_of(*now).photos))
    files = LocalFiles(file.local for photo in now for file in photo.files)
    large = in_columns(remote)
    known = proofs(large, proved)
    measured = {
        file.key: file.sha256
        for photo in now
        for file in photo.files
        if file.variant != "full" and file.key not in known
    }
    photos = SourcePhotos(
        described, files, Hashes(measured, known), lambda keys: [PHOTO_HEADERS] * len(keys), strip_gps=False
    )
    one_by_one = local_gallery(*photos)
    assert [photo.id for photo in one_by_one.photos or ()] == [photo.id for photo in now]
    many = replace(one_by_one, photos=photos)
    expected = make_plan(one_by_one, remote, TARGET, force=force)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("galleria_action.columns._TOGETHER", together)
        for there in (remote, large):
            assert make_plan(many, there, TARGET, force=force) == expected
            assert make_plan(many, there, TARGET, force=force).plan_id == expected.plan_id
    assert many.photo_keys() == one_by_one.photo_keys()
    assert many.keys_of("photo") == one_by_one.keys_of("photo")
    assert list(many.fulls(lambda keys, _: [True] * len(keys))) == list(
        one_by_one.fulls(lambda keys, _: [True] * len(keys))
    )


@pytest.mark.parametrize("other", [{"size": 99}, {"etag": "another"}, {"archived": True}])
def test_what_lies_there_otherwise_is_not_as_recorded(other: dict[str, Any]):
    recorded = Entries.of(remote_gallery(local_photo("a")).manifest.objects)
    listing = Listing(recorded)
    listing.take(ObjectInfo(key, it.size, it.etag)._replace(**other) for key, it in recorded.items())
    assert not any(map(listing.is_as_recorded, recorded))
    assert all(found._replace(**other) == found for found in listing.values())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"deployment_file_hash": "0" * 64}, Reason.CHANGED),
        ({"exif": MetadataExifData(corrected_timestamp="2024-06-15T13:00:00")}, Reason.CHANGED),
        ({"file_hash": "0" * 64}, Reason.VARIANT),
    ],
)
def test_a_photo_that_the_metadata_describes_otherwise_does_not_stand(change: dict[str, Any], reason: Reason):
    now = local_photo("a")
    described = metadata_of(now)
    described = replace(described, photos=Photos(replace(photo, **change) for photo in described.photos))
    files = LocalFiles(file.local for file in now.files)
    measured = {file.key: file.sha256 for file in now.files if file.variant != "full"}
    photos = SourcePhotos(described, files, Hashes(measured, {}), alike, strip_gps=False)
    made = make_plan(replace(local_gallery(), photos=photos), in_columns(remote_gallery(now)), TARGET)
    assert reason in {up.reason for up in made.uploads}


_OBJECTS = st.builds(ObjectInfo, st.sampled_from("abcdef"), st.integers(1, 2), st.sampled_from("xy"), st.booleans())


@given(st.lists(_OBJECTS, unique_by=lambda it: it.key), st.booleans())
def test_a_listing_is_what_it_has_taken(objects: list[ObjectInfo], few: bool):
    recorded = Entries.of(dict(remote_gallery(local_photo("a"), local_photo("b")).manifest.objects))
    first, second = list(recorded)[:2]
    told = [ObjectInfo(first, recorded[first].size, recorded[first].etag)]
    told += [] if few else [ObjectInfo(key, it.size, it.etag) for key, it in recorded.items() if key != first]
    listing, expected = Listing(recorded), {it.key: it for it in (*objects, *told)}
    listing.take(objects)
    listing.take(told)
    assert dict(listing) == expected
    assert len(listing) == len(expected)
    assert all((key in listing) == (key in expected) for key in (*"abcdefg", *recorded))
    assert listing.get(second) == expected.get(second)
    assert listing.has_all() is not few
    assert set(beside(listing, recorded)) == {it.key for it in objects}
    for keys in ({first, second, "a", "x"}, set(recorded), {*"abcdef"}):
        assert set(beside(listing, keys)) == set(beside(expected, keys)) == expected.keys() - keys
        assert set(missing(listing, keys)) == set(missing(expected, keys)) == keys - expected.keys()


@given(
    st.lists(
        st.builds(
            lambda folder, name, other, size, variant: LocalFile(
                f"{folder}{name}", f"/root/{folder}{other or name}", size, variant, bytes(32)
            ),
            st.sampled_from(["", "a/", "a/b/"]),
            st.sampled_from(["x.jpg", "y.jpg", "b"]),
            st.sampled_from(["", "x.JPG", "other", "pg"]),
            st.integers(0, 1 << 40),
            st.sampled_from(["full", "web", "thumb", None]),
        )
    )
)
def test_files_come_back_as_they_were_found(files: list[LocalFile]):
    many = LocalFiles(files)
    assert list(many) == files
    assert many[1:] == files[1:]
    assert len(many) == len(files)
    assert [f"{folder}/{name}" for folder, rows in many.by_folder() for name in many.names(rows)] == sorted(
        (file.real for file in files),
        key=lambda real: list(dict.fromkeys(it.real.rpartition("/")[0] for it in files)).index(real.rpartition("/")[0]),
    )
