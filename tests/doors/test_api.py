"""The public Python API: Galleria's names, arguments and dicts, over the same code as the commands."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from galleria_action import deployment, gallery, storage
from galleria_action.errors import BucketMissing
from galleria_action.gallery import GalleryMetadata, GallerySettings
from galleria_action.storage.settings import StoreSettings
from tests.builders import Gallery, make_gallery
from tests.servers import ACCESS_KEY, SECRET_KEY

#: names and arguments, as Galleria's users call them
SIGNATURES = {
    deployment: {
        "deploy_gallery_metadata": "client bucket local_metadata prod_dir dry_run",
        "generate_deployment_plan": "local_metadata remote_metadata",
        "download_remote_metadata": "client bucket key",
        "verify_s3_state": "client bucket metadata",
        "deploy_directory_to_s3": "client source_dir bucket prefix dry_run progress_callback",
    },
    storage: {
        "get_s3_client": "endpoint access_key secret_key region",
        "upload_file_to_s3": "client local_path bucket key progress_callback",
        "upload_directory_to_s3": "client local_dir bucket prefix dry_run progress_callback",
        "file_exists_in_s3": "client bucket key",
        "calculate_file_checksum": "file_path",
        "list_bucket_files": "client bucket prefix",
        "modify_exif_in_memory": "image_bytes corrected_timestamp target_timezone_offset_hours",
        "get_bucket_cors": "client bucket",
        "configure_bucket_cors": "client bucket cors_rules",
        "get_default_gallery_cors_rules": "",
        "cors_rules_match": "current_rules expected_rules",
        "examine_bucket_cors": "client bucket",
    },
}


@pytest.fixture
def bucket(make_bucket: Callable[[str], StoreSettings]) -> StoreSettings:
    return make_bucket("")


@pytest.fixture
def client(bucket: StoreSettings):
    return storage.get_s3_client(bucket.target.endpoint or "", ACCESS_KEY, SECRET_KEY, "us-east-1")


@pytest.fixture
def name(bucket: StoreSettings) -> str:
    return bucket.target.bucket


@pytest.fixture
def pics(tmp_path: Path) -> Gallery:
    return make_gallery(tmp_path / "prod/pics", 3)


def metadata(pics: Gallery) -> GalleryMetadata:
    return GalleryMetadata.from_dict(json.loads(pics.raw))


def test_names_and_arguments():
    for module, functions in SIGNATURES.items():
        for function, arguments in functions.items():
            found = inspect.signature(getattr(module, function)).parameters.values()
            assert " ".join(p.name for p in found if p.kind is not p.KEYWORD_ONLY) == arguments
    for cls in ("GalleryMetadata", "PhotoMetadata", "MetadataExifData", "MetadataFileData", "GallerySettings"):
        assert {"from_dict", "to_dict"} <= set(dir(getattr(gallery, cls)))


def test_metadata_comes_back_as_it_went_in(pics: Gallery):
    document = json.loads(pics.raw)
    document["photos"][0] |= {"rating": 5, "tags": ["cake"]}
    document["photos"][1]["exif"]["lens"] = {"mm": 50}
    document["settings"]["watermark"] = None
    document["theme"] = "dark"
    assert GalleryMetadata.from_dict(document).to_dict() == document


def test_a_gallery_goes_online_and_stays(client, name: str, pics: Gallery):
    local = metadata(pics)
    planned = deployment.deploy_gallery_metadata(client, name, local, pics.source, dry_run=True)
    assert planned.keys() == {"success", "dry_run", "photos_uploaded", "metadata_uploaded", "message", "plan"}
    assert (planned["success"], planned["dry_run"], planned["metadata_uploaded"]) == (True, True, False)
    plan = {"upload": list(local.photos), "delete": [], "unchanged": []}
    assert planned["plan"] == plan | {
        "upload_count": 3, "delete_count": 0, "unchanged_count": 0,
        "photos_to_upload": [photo.id for photo in local.photos], "photos_to_delete": [],
    }  # fmt: skip
    assert planned["message"] == "Would upload 3 photos, delete 0 photos"
    assert storage.list_bucket_files(client, name) == []

    done = deployment.deploy_gallery_metadata(client, name, local, pics.source)
    assert done.keys() == {"success", "dry_run", "photos_uploaded", "metadata_uploaded", "message"}
    assert (done["success"], done["photos_uploaded"], done["metadata_uploaded"]) == (True, 3, True)
    assert deployment.download_remote_metadata(client, name) == local
    assert deployment.verify_s3_state(client, name, local) == {
        "consistent": True,
        "missing_files": [],
        "orphaned_files": [],
    }
    pics.change(0)
    would = deployment.deploy_gallery_metadata(client, name, metadata(pics), pics.source, dry_run=True)
    assert would["message"] == "Would upload 1 photo, delete 0 photos"
    pics.change(0, version=0)
    again = deployment.deploy_gallery_metadata(client, name, local, str(pics.source))
    assert (again["success"], again["photos_uploaded"], again["metadata_uploaded"]) == (True, 0, False)


def test_a_failed_deploy_says_why_and_raises_nothing(client, name: str, pics: Gallery):
    local = metadata(pics)
    pics.local_path(0, "web").unlink()
    failed = deployment.deploy_gallery_metadata(client, name, local, pics.source)
    assert failed["success"] is False
    assert failed["error"]
    assert storage.list_bucket_files(client, name) == []
    missing = deployment.deploy_gallery_metadata(client, "not-made", local, pics.source)
    assert missing["success"] is False


def test_the_guards_protect_api_users_too(client, name: str, pics: Gallery):
    deployment.deploy_gallery_metadata(client, name, metadata(pics), pics.source)
    for _ in range(2):
        pics.remove(0)
    refused = deployment.deploy_gallery_metadata(client, name, metadata(pics), pics.source)
    assert refused["success"] is False
    assert "max-delete" in refused["error"]
    assert len(storage.list_bucket_files(client, name, "photos/")) == 9
    allowed = deployment.deploy_gallery_metadata(client, name, metadata(pics), pics.source, max_delete="2")
    assert allowed["success"]
    assert len(storage.list_bucket_files(client, name, "photos/")) == 3


def test_the_plan_of_two_galleries(pics: Gallery):
    before = metadata(pics)
    pics.change(0)
    pics.remove(2)
    pics.add(9)
    now = metadata(pics)
    plan = deployment.generate_deployment_plan(now, before)
    assert [photo.id for photo in plan["upload"]] == [now.photos[0].id, now.photos[2].id]
    assert plan["delete"] == [before.photos[2].id]
    assert plan["unchanged"] == [now.photos[1]]
    assert deployment.generate_deployment_plan(now, None)["upload"] == list(now.photos)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"photos": 1}', b"\xff"])
def test_remote_metadata_that_is_none(client, name: str, body: bytes):
    assert deployment.download_remote_metadata(client, name, "gallery-metadata.json") is None
    client.put_object(Bucket=name, Key="gallery-metadata.json", Body=body)
    assert deployment.download_remote_metadata(client, name, "gallery-metadata.json") is None


def test_other_storage_errors_are_raised(client):
    """As boto3 tells them, with what it means: so Galleria's users catch them."""
    empty = GalleryMetadata("1.0", None, None, GallerySettings(), ())
    for call in (
        lambda: deployment.download_remote_metadata(client, "not-made", "gallery-metadata.json"),
        lambda: storage.file_exists_in_s3(client, "not-made", "a.jpg"),
        lambda: storage.list_bucket_files(client, "not-made"),
        lambda: deployment.verify_s3_state(client, "not-made", empty),
    ):
        with pytest.raises(ClientError) as told:
            call()
        assert told.value.response["Error"]["Code"] in ("NoSuchBucket", "404")
        assert "not-made" in str(told.value)
        assert isinstance(told.value.__cause__, BucketMissing)


def test_settings_that_nobody_gave_are_galleria_s():
    assert GallerySettings().to_dict() == {
        "timestamp_offset_hours": 0, "target_timezone_offset_hours": 13, "web_size": [2048, 2048],
        "thumb_size": [400, 400], "jpeg_quality": 85, "webp_quality": 85,
    }  # fmt: skip
    assert GallerySettings.from_dict({}).to_dict() == {}  # but nothing is put into a document that was read


def test_a_dry_run_needs_no_files_and_a_deploy_names_those_it_misses(client, name: str, pics: Gallery):
    local, lost = metadata(pics), pics.local_path(1, "thumb")
    lost.unlink()
    assert deployment.deploy_gallery_metadata(client, name, local, pics.source / "nowhere", dry_run=True)["success"]
    assert lost.name in deployment.deploy_gallery_metadata(client, name, local, pics.source)["error"]
    told = deployment.deploy_gallery_metadata(client, "not-made", local, pics.source, dry_run=True)
    assert (told["success"], told["dry_run"], "not-made" in told["error"]) == (False, True, True)


def test_a_state_without_its_metadata_is_not_consistent(client, name: str, pics: Gallery):
    local = metadata(pics)
    deployment.deploy_gallery_metadata(client, name, local, pics.source)
    client.delete_object(Bucket=name, Key="gallery-metadata.json")
    state = deployment.verify_s3_state(client, name, local)
    assert (state["consistent"], state["missing_files"]) == (False, ["gallery-metadata.json"])


def test_a_folder_of_photos_with_metadata_is_uploaded_as_it_lies_there(client, name: str, pics: Gallery):
    seen: list[tuple[str, int, int]] = []
    done = storage.upload_directory_to_s3(
        client=client, local_dir=pics.source, bucket=name, progress_callback=lambda *told: seen.append(told)
    )
    assert (done["success"], done["uploaded_files"]) == (True, 10)
    assert {told[0] for told in seen} == {path.name for path in pics.source.rglob("*") if path.is_file()}
    assert client.get_object(Bucket=name, Key="gallery-metadata.json")["Body"].read() == pics.raw


def test_a_broken_state_is_told(client, name: str, pics: Gallery):
    local = metadata(pics)
    deployment.deploy_gallery_metadata(client, name, local, pics.source)
    client.delete_object(Bucket=name, Key=local.photos[0].files.web)
    client.put_object(Bucket=name, Key="photos/web/stray.jpg", Body=b"x")
    assert deployment.verify_s3_state(client, name, local) == {
        "consistent": False,
        "missing_files": [local.photos[0].files.web],
        "orphaned_files": ["photos/web/stray.jpg"],
    }


DIRECTORY_KEYS = {
    "success", "total_files", "uploaded_files", "skipped_files", "failed_files", "total_size", "upload_time", "errors",
}  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "site", "/site/"])
def test_a_directory_is_uploaded_once(client, name: str, tmp_path: Path, prefix: str):
    site = tmp_path / "site"
    (site / "css").mkdir(parents=True)
    (site / "index.html").write_text("hello", encoding="utf-8")
    (site / "css/a.css").write_text("a{}", encoding="utf-8")
    (site / ".env").write_text("SECRET=1", encoding="utf-8")
    seen: list[tuple[str, int, int]] = []
    dry = deployment.deploy_directory_to_s3(client, site, name, prefix, dry_run=True)
    assert (dry["success"], dry["total_files"], dry["uploaded_files"]) == (True, 2, 0)
    assert storage.list_bucket_files(client, name) == []
    first = deployment.deploy_directory_to_s3(client, site, name, prefix, progress_callback=lambda *a: seen.append(a))
    assert first.keys() == DIRECTORY_KEYS
    assert (first["success"], first["uploaded_files"], first["total_size"], first["errors"]) == (True, 2, 8, [])
    assert sorted(seen, key=lambda call: call[1])[-1][1:] == (2, 2)
    under = "site/" if prefix else ""
    assert storage.list_bucket_files(client, name) == [f"{under}css/a.css", f"{under}index.html"]
    stored = client.get_object(Bucket=name, Key=f"{under}css/a.css")
    assert stored["ContentType"] == "text/css; charset=utf-8"
    again = storage.upload_directory_to_s3(client, site, name, prefix)
    assert (again["uploaded_files"], again["skipped_files"]) == (0, 2)


def test_a_directory_that_cannot_be_uploaded(client, name: str, tmp_path: Path):
    missing = deployment.deploy_directory_to_s3(client, tmp_path / "nowhere", name)
    assert missing.keys() == DIRECTORY_KEYS | {"error"}
    assert missing["success"] is False
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("x", encoding="utf-8")
    failed = deployment.deploy_directory_to_s3(client, tmp_path / "site", "not-made")
    assert failed["success"] is False
    assert failed["errors"]


def test_a_file_is_uploaded_once(client, name: str, tmp_path: Path):
    path = tmp_path / "a.webp"
    path.write_bytes(b"picture")
    sent: list[int] = []
    first = storage.upload_file_to_s3(client, path, name, "a.webp", sent.append)
    storage.upload_file_to_s3(client, path, name, "a.webp", sent.append)
    assert sent == [7]
    assert first.keys() == {"success", "skipped", "key", "file_size", "size", "checksum", "upload_time", "error"}
    assert (first["key"], first["size"]) == ("a.webp", 7)
    assert (first["success"], first["skipped"], first["file_size"], first["error"]) == (True, False, 7, None)
    assert first["checksum"] == storage.calculate_file_checksum(path)
    assert storage.file_exists_in_s3(client, name, "a.webp")
    assert storage.upload_file_to_s3(client, b"picture", name, "a.webp")["skipped"]
    assert not storage.upload_file_to_s3(client, b"another", name, "a.webp")["skipped"]
    gone = storage.upload_file_to_s3(client, tmp_path / "nowhere", name, "b.webp")
    assert (gone["success"], "nowhere" in gone["error"]) == (False, True)
    assert storage.upload_file_to_s3(client, b"x", "not-made", "c")["error"]
