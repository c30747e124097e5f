"""The planner: which difference leads to which action, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery, SourcePhoto
from galleria_action.deployment.model import PhotoEdit, Plan, Reason, Storing, strongest
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.storage.interface import Headers, ObjectInfo
from tests.deployment.values import (
    SETTINGS,
    TARGET,
    document,
    listing_of,
    local_gallery,
    local_photo,
    manifest_of,
    remote_gallery,
    source_file,
)

A, B, C = local_photo("a"), local_photo("b"), local_photo("c")


def plan(local: LocalGallery, remote: RemoteGallery, **options: bool) -> Plan:
    return make_plan(local, remote, TARGET, **options)


def reasons(made: Plan) -> dict[str, str]:
    return {up.key: up.reason.value for up in made.uploads}


def deleted(made: Plan) -> dict[str, str]:
    return {gone.key: gone.reason.value for gone in made.deletes}


def test_first_deploy_uploads_all_as_new_and_commits():
    made = plan(local_gallery(A, B), RemoteGallery())
    assert set(reasons(made).values()) == {"new"}
    assert len(made.uploads) == 6
    assert list(made.photo_uploads) == ["a", "b"]
    assert made.commit is not None
    assert made.base is None
    assert made.deletes == ()


def test_nothing_to_do():
    made = plan(local_gallery(A, B), remote_gallery(A, B))
    assert not made.changed
    assert made.uploads == made.deletes == ()
    assert made.commit is None
    assert made.unchanged_photos == ("a", "b")


def test_changed_metadata_alone_is_committed():
    local = replace(local_gallery(A), document=document("another"))
    made = plan(local, remote_gallery(A))
    assert made.uploads == ()
    assert made.commit == document("another")
    assert made.changed


def test_changed_hash_uploads_all_variants_of_that_photo_only():
    made = plan(local_gallery(local_photo("a", "2"), B), remote_gallery(A, B))
    assert reasons(made) == dict.fromkeys(["full/a.jpg", "web/a.jpg", "thumb/a.jpg"], "changed")
    assert made.unchanged_photos == ("b",)


@pytest.mark.parametrize("edit", [PhotoEdit("2024-06-15T13:00:00", 2), PhotoEdit(A.edit.timestamp, 3)])
def test_changed_time_or_zone_uploads_even_when_the_hash_is_the_same(edit: PhotoEdit):
    offset = replace(SETTINGS, target_timezone_offset_hours=edit.offset_hours)
    made = plan(local_gallery(replace(A, edit=edit), settings=offset), remote_gallery(A))
    assert set(reasons(made).values()) == {"changed"}


@pytest.mark.parametrize("name", ["web_size", "thumb_size", "jpeg_quality", "webp_quality"])
def test_changed_rendering_settings_upload_what_no_hash_covers(name: str):
    made = plan(local_gallery(A, settings=replace(SETTINGS, **{name: 7})), remote_gallery(A))
    assert reasons(made) == {"web/a.jpg": "settings", "thumb/a.jpg": "settings"}


def test_another_key_of_the_same_photo_uploads_it_and_deletes_the_old_one():
    moved = replace(A, files=(source_file("photos/full/a.jpg", "full"), *A.files[1:]))
    made = plan(local_gallery(moved), remote_gallery(A))
    assert reasons(made) == {"photos/full/a.jpg": "changed"}
    assert deleted(made) == {"full/a.jpg": "removed"}
    assert made.removed_photos == ()


def test_another_thumbnail_is_seen_by_the_manifest():
    other = replace(A, files=(*A.files[:2], source_file("thumb/a.jpg", "thumb", "other")))
    assert reasons(plan(local_gallery(other), remote_gallery(A))) == {"thumb/a.jpg": "variant"}


def test_other_headers_are_seen_by_the_manifest():
    quick = Headers("image/jpeg", "no-cache")
    other = replace(A, files=tuple(replace(file, headers=quick) for file in A.files))
    made = plan(local_gallery(other), remote_gallery(A))
    assert reasons(made) == dict.fromkeys(["full/a.jpg", "web/a.jpg", "thumb/a.jpg"], "headers")


def stripped(photo: SourcePhoto) -> SourcePhoto:
    return replace(photo, edit=replace(photo.edit, strip_gps=True))


def test_asking_for_the_position_to_be_removed_uploads_what_still_has_it():
    made = plan(local_gallery(stripped(A)), remote_gallery(A))
    assert reasons(made) == {f"{variant}/a.jpg": "changed" for variant in ("full", "web", "thumb")}
    assert not plan(local_gallery(stripped(A)), remote_gallery(A, manifest=manifest_of(stripped(A)))).uploads


def test_a_photo_that_somebody_else_deployed_is_not_believed_to_have_no_position():
    made = plan(local_gallery(stripped(A)), remote_gallery(A, manifest=Manifest(), listed=False), keep_unproven=True)
    assert reasons(made) == {f"{variant}/a.jpg": "changed" for variant in ("full", "web", "thumb")}


def test_a_lost_object_is_uploaded_again():
    listing = listing_of(manifest_of(A, B))
    del listing["web/b.jpg"]
    made = plan(local_gallery(A, B), replace(remote_gallery(A, B), listing=listing))
    assert reasons(made) == {"web/b.jpg": "missing"}


@pytest.mark.parametrize("found", [ObjectInfo("web/b.jpg", 99, "x"), ObjectInfo("web/b.jpg", 1, "another etag")])
def test_an_overwritten_object_is_uploaded_again(found: ObjectInfo):
    listing = listing_of(manifest_of(A, B)) | {"web/b.jpg": found}
    made = plan(local_gallery(A, B), replace(remote_gallery(A, B), listing=listing))
    assert reasons(made) == {"web/b.jpg": "missing"}


def test_without_a_listing_presence_is_believed():
    made = plan(local_gallery(A), remote_gallery(A, listed=False))
    assert not made.changed


def unrecorded(*missing: str) -> RemoteGallery:
    """A gallery that another tool has put there, without the ``missing`` keys."""
    listing = {key: found for key, found in listing_of(manifest_of(A)).items() if key not in missing}
    return replace(remote_gallery(A, manifest=Manifest()), listing=listing)


def test_what_nothing_records_is_not_believed_to_be_what_the_metadata_says():
    made = plan(local_gallery(A), unrecorded("full/a.jpg"))
    assert reasons(made) == {"full/a.jpg": "missing", "web/a.jpg": "unproven", "thumb/a.jpg": "unproven"}
    made = plan(local_gallery(A), replace(unrecorded(), listing=None))
    assert set(reasons(made).values()) == {"unproven"}


def test_what_nothing_records_is_kept_where_that_is_asked_for_but_not_what_is_missing():
    made = plan(local_gallery(A), unrecorded("full/a.jpg"), keep_unproven=True)
    assert reasons(made) == {"full/a.jpg": "missing"}


def test_what_another_tool_left_without_a_record_keeps_its_stronger_reasons():
    other = local_photo("a", "2")
    assert set(reasons(plan(local_gallery(other), unrecorded())).values()) == {"changed"}
    assert set(reasons(plan(local_gallery(A), unrecorded(), force=True)).values()) == {"forced"}


def test_force_uploads_everything():
    site = (source_file("index.html"),)
    made = plan(local_gallery(A, site=site), remote_gallery(A, site=site), force=True)
    assert set(reasons(made).values()) == {"forced"}
    assert len(made.uploads) == 4


def test_a_removed_photo_is_deleted_with_all_its_keys():
    made = plan(local_gallery(A), remote_gallery(A, B))
    assert deleted(made) == dict.fromkeys(["full/b.jpg", "thumb/b.jpg", "web/b.jpg"], "removed")
    assert made.removed_photos == ("b",)
    assert list(made.photo_deletes) == ["b"]


def test_what_a_run_that_died_before_its_deletes_left_is_deleted_by_the_manifest():
    """Its commit replaced the metadata, so only the old manifest still names photo b."""
    made = plan(local_gallery(A), remote_gallery(A, manifest=manifest_of(A, B)))
    assert sorted(deleted(made)) == ["full/b.jpg", "thumb/b.jpg", "web/b.jpg"]


def renamed(photo: SourcePhoto, name: str) -> SourcePhoto:
    return replace(photo, id=name)


def test_another_id_alone_is_not_a_deletion():
    made = plan(local_gallery(renamed(A, "x"), renamed(B, "y")), remote_gallery(A, B))
    assert (made.uploads, made.deletes, made.removed_photos) == ((), (), ())
    assert (made.remote_photo_count, made.local_photo_count) == (2, 2)
    assert made.commit is not None


def test_after_another_id_the_record_still_has_the_old_one_and_nothing_is_gone():
    now = local_gallery(renamed(A, "x"))
    made = plan(now, remote_gallery(renamed(A, "x"), manifest=manifest_of(A)))
    assert (made.removed_photos, made.remote_photo_count) == ((), 1)
    gone = plan(local_gallery(B), remote_gallery(renamed(A, "x"), manifest=manifest_of(A)))
    assert (gone.removed_photos, gone.remote_photo_count) == (("x",), 1)
    assert {it.photo for it in gone.deletes} == {"x"}


def test_another_photo_under_the_keys_of_one_that_is_gone_is_a_deletion():
    made = plan(local_gallery(renamed(local_photo("a", "2"), "x")), remote_gallery(A))
    assert made.removed_photos == ("a",)
    assert set(reasons(made).values()) == {"new"}


def test_a_key_that_two_photos_swap_is_never_deleted():
    swapped = (replace(A, files=B.files), replace(B, files=A.files))
    made = plan(local_gallery(*swapped), remote_gallery(A, B))
    assert made.deletes == ()
    assert len(made.uploads) == 6


# -- the site ------------------------------------------------------------------------------------------------------


def test_site_new_changed_unchanged_and_removed():
    before = (source_file("index.html"), source_file("app.js"), source_file("old.css"))
    now = (source_file("index.html", content="2"), source_file("app.js"), source_file("new.css"))
    made = plan(local_gallery(A, site=now), remote_gallery(A, site=before))
    assert reasons(made) == {"index.html": "changed", "new.css": "new"}
    assert deleted(made) == {"old.css": "removed"}
    assert made.site_deletes[0].key == "old.css"


def test_a_site_that_is_left_alone_is_not_deleted():
    made = plan(local_gallery(A, site=None), remote_gallery(A, site=(source_file("index.html"),)))
    assert not made.changed


def test_photos_that_are_left_alone_are_not_deleted():
    site = (source_file("index.html", content="2"),)
    local = LocalGallery("metadata", None, site)
    made = plan(local, remote_gallery(A, B, site=(source_file("index.html"), source_file("x.css"))))
    assert reasons(made) == {"index.html": "changed"}
    assert deleted(made) == {"x.css": "removed"}
    assert made.commit is None


def test_a_file_that_moves_between_site_and_photos_is_not_deleted():
    site_before = (source_file("full/a.jpg"),)
    made = plan(local_gallery(A, site=()), remote_gallery(B, manifest=manifest_of(B, site=site_before)))
    assert "full/a.jpg" not in deleted(made)


@pytest.mark.parametrize("before", ["full/A.jpg", "FULL/a.jpg"])
def test_what_a_service_may_hold_to_be_a_key_that_stays_is_not_deleted(before: str):
    """Some disks and services know no letter case, or one Unicode form: the delete would take the new photo away."""
    old = replace(A, files=(replace(A.files[0], key=before), *A.files[1:]))
    assert deleted(plan(local_gallery(A), remote_gallery(old))) == {}


def test_a_gallery_within_the_gallery_is_nobodys_orphan():
    for mark in ("gallery-metadata.json", ".galleria/manifest.json"):
        listing = stray("full/paris/x.jpg", f"full/paris/{mark}", "full/y.jpg", "full/paris2/z.jpg")
        made = plan(local_gallery(A), replace(remote_gallery(A), listing=listing), delete_orphans=True)
        assert made.orphans == ("full/paris2/z.jpg", "full/y.jpg")


def test_what_stands_for_a_folder_is_not_an_orphan():
    listing = {"full/": ObjectInfo("full/", 0, "e"), "web/.bzEmpty": ObjectInfo("web/.bzEmpty", 0, "e")}
    made = plan(local_gallery(A), replace(remote_gallery(A), listing=listing), delete_orphans=True)
    assert made.orphans == ()


def test_how_objects_are_kept_is_part_of_the_plan():
    kept = [
        Storing(), Storing(acl="public-read"), Storing(encryption="AES256"), Storing(encryption="aws:kms:a"),
        Storing(storage_class="STANDARD_IA"), Storing(storage_class="GLACIER"),
        Storing("public-read", "AES256", "STANDARD_IA"),
    ]  # fmt: skip
    plans = [make_plan(local_gallery(A), RemoteGallery(), TARGET, storing=storing) for storing in kept]
    assert len({plan.plan_id for plan in plans}) == len(kept)


# -- orphans -------------------------------------------------------------------------------------------------------


def stray(*keys: str) -> dict[str, ObjectInfo]:
    return {key: ObjectInfo(key, 1, "e") for key in keys}


def test_orphans_are_deleted_only_when_asked_and_only_in_the_gallerys_folders():
    strays = stray("full/stray.jpg", "full/deep/x.jpg", "elsewhere/x.jpg", "root.txt", ".galleria/checkpoint.json")
    remote = remote_gallery(A)
    remote = replace(remote, listing={**(remote.listing or {}), **strays})
    assert plan(local_gallery(A), remote).deletes == ()
    made = plan(local_gallery(A), remote, delete_orphans=True)
    assert deleted(made) == {"full/deep/x.jpg": "orphan", "full/stray.jpg": "orphan"}
    assert made.orphan_deletes == made.deletes
    assert made.site_deletes == ()


def test_orphans_are_never_deleted_where_nothing_of_ours_is_live():
    """A wrong prefix or a lost metadata file would turn everything there into orphans."""
    made = plan(local_gallery(A), RemoteGallery(listing=stray("full/wedding.jpg")), delete_orphans=True)
    assert made.deletes == ()


def test_a_removed_photo_is_not_also_an_orphan():
    made = plan(local_gallery(A), remote_gallery(A, B), delete_orphans=True)
    assert sorted(deleted(made)) == ["full/b.jpg", "thumb/b.jpg", "web/b.jpg"]
    assert len(made.deletes) == 3


# -- directory mode ------------------------------------------------------------------------------------------------


def folder(*photos: SourcePhoto) -> LocalGallery:
    return LocalGallery("directory", photos, None)


def folder_photo(key: str, content: str = "1") -> SourcePhoto:
    file = source_file(key, None, content)
    return SourcePhoto(key, file.sha256, (file,))


def test_directory_mode_compares_content():
    x, y, z = folder_photo("photos/x.jpg"), folder_photo("photos/y.jpg"), folder_photo("photos/z.jpg")
    manifest = manifest_of(x, y)
    remote = RemoteGallery(manifest=manifest, listing=listing_of(manifest))
    made = plan(folder(x, folder_photo("photos/y.jpg", "2"), z), remote)
    assert reasons(made) == {"photos/y.jpg": "changed", "photos/z.jpg": "new"}
    assert deleted(plan(folder(x), remote)) == {"photos/y.jpg": "removed"}
    assert plan(folder(x), remote).removed_photos == ("photos/y.jpg",)
    assert not plan(folder(x, y), remote).changed


def test_directory_mode_does_not_believe_mere_existence():
    x = folder_photo("photos/x.jpg")
    made = plan(folder(x), RemoteGallery(listing=stray("photos/x.jpg")))
    assert reasons(made) == {"photos/x.jpg": "new"}


# -- the plan as a value ---------------------------------------------------------------------------------------------


def test_plan_id_is_stable_and_covers_what_matters():
    local, remote = local_gallery(A, local_photo("b", "2")), remote_gallery(A, B)
    first = plan(local, remote)
    assert first.plan_id == plan(local, remote).plan_id
    assert len(first.plan_id) == 64
    others = [
        plan(local_gallery(A, local_photo("b", "3")), remote),
        plan(local, replace(remote, base=replace(remote.base, sha256="0" * 64))),
        make_plan(local, remote, replace(TARGET, prefix="x/")),
        plan(local, remote, force=True),
        plan(replace(local, document=document("e")), remote),
        plan(replace(local, photos=(A, stripped(local.photos[1]))), remote),
    ]
    assert len({first.plan_id, *(other.plan_id for other in others)}) == 1 + len(others)


def test_plan_id_does_not_depend_on_the_order_of_photos_or_on_local_paths():
    photos = [local_photo(name, "2") for name in "abc"]
    written = document("d")
    one = plan(replace(local_gallery(*photos), document=written), remote_gallery(A, B, C))
    two = plan(replace(local_gallery(*reversed(photos)), document=written), remote_gallery(A, B, C))
    assert one.plan_id == two.plan_id


def test_strongest_reason_is_told():
    made = plan(local_gallery(A, B), RemoteGallery())
    mixed = [
        replace(up, reason=reason) for up, reason in zip(made.uploads, [Reason.MISSING, Reason.VARIANT], strict=False)
    ]
    assert strongest(mixed) is Reason.VARIANT


# -- whatever the galleries are ----------------------------------------------------------------------------------------

photos = st.lists(
    st.builds(local_photo, st.sampled_from("abcdef"), st.sampled_from("12")),
    unique_by=lambda photo: photo.id,
    max_size=6,
)


@given(now=photos, before=photos, listed=st.booleans(), lost=st.sets(st.sampled_from("abcdef")))
def test_applying_a_plan_gives_the_wanted_gallery(now, before, listed, lost):
    """Uploads and deletes together turn what is there into what is wanted, and touch nothing that is right."""
    remote = remote_gallery(*before, listed=listed)
    gone = {f"web/{name}.jpg" for name in lost}
    if listed:
        remote = replace(remote, listing={key: found for key, found in remote.listing.items() if key not in gone})
    made = plan(local_gallery(*now), remote)
    there = {file.key: file.sha256 for photo in before for file in photo.files if not (listed and file.key in gone)}
    after = {**there, **{up.key: up.file.sha256 for up in made.uploads}}
    for delete in made.deletes:
        after.pop(delete.key, None)
    assert after == {file.key: file.sha256 for photo in now for file in photo.files}
    assert not {up.key for up in made.uploads} & {delete.key for delete in made.deletes}
    assert not any(there.get(up.key) == up.file.sha256 and up.reason is not Reason.CHANGED for up in made.uploads)
    assert set(made.removed_photos) == {photo.id for photo in before} - {photo.id for photo in now}
