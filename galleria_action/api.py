"""The public Python API: the names, arguments and returned dicts of Galleria's own services.

Import them from ``galleria_action.deployment``, ``galleria_action.storage`` and ``galleria_action.gallery``, where
Galleria has them. They take a boto3 client and run the same code as the commands. They live on the top floor because
they put rooms together.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from galleria_action import quantities
from galleria_action.deployment.apply.upload import Uploader
from galleria_action.deployment.events import Event, Listener, Stored
from galleria_action.deployment.galleries import Hashes, LocalGallery, RemoteGallery, SourcePhoto
from galleria_action.deployment.guards import DeleteLimit
from galleria_action.deployment.model import PhotoEdit, Plan, Reason, SourceFile, Upload
from galleria_action.deployment.outgoing.open_file import InMemory
from galleria_action.deployment.outgoing.prepare import PreparePolicy
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.reading import caught_up, list_target
from galleria_action.deployment.remote.verification import verify_listing
from galleria_action.deployment.sources import site_files
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.deployment.state.reading import read_manifest
from galleria_action.deployment.stop import Stop
from galleria_action.errors import GalleriaError, GalleryInvalid
from galleria_action.fence.place import Place
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.exif.edit import modify_exif_in_memory as modify_exif_in_memory
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.gallery.local.examine import examine_all
from galleria_action.gallery.local.files import LocalFile
from galleria_action.gallery.local.walk import walk_site
from galleria_action.gallery.local.web_types import BEGINNING, web_type
from galleria_action.gallery.metadata.model import GalleryMetadata, PhotoMetadata
from galleria_action.gallery.metadata.schema import RemoteInvalid, load_metadata, parse_remote
from galleria_action.options import Options
from galleria_action.options.checks import CheckOptions, Cors
from galleria_action.options.gallery import GalleryOptions
from galleria_action.options.guards import GuardOptions, Orphans
from galleria_action.options.headers import HeaderOptions
from galleria_action.options.target import TargetOptions
from galleria_action.options.upload import UploadOptions
from galleria_action.report.result import Tally
from galleria_action.storage.api import store_for
from galleria_action.storage.faults.client_errors import raising_client_errors
from galleria_action.storage.interface import Headers, ObjectInfo, StoredObject, Target, WriteStore
from galleria_action.storage.persistence import sleep
from galleria_action.usecases.context import Context
from galleria_action.usecases.deploy import deploy
from galleria_action.values import replace

FilesCallback = Callable[[str, int, int], None]
BytesCallback = Callable[[int], None]
_CONCURRENCY = UploadOptions().concurrency
_HEADERS = HeaderOptions()


# -- metadata ------------------------------------------------------------------------------------------------------


def deploy_gallery_metadata(
    client: Any,
    bucket: str,
    local_metadata: GalleryMetadata,
    prod_dir: Path | str,
    dry_run: bool = False,
    *,
    max_delete: str = "25%",
    allow_empty: bool = False,
) -> dict[str, Any]:
    """Bring the gallery in ``prod_dir`` online: plan, upload, commit the metadata, delete what is gone, verify.

    ``max_delete`` (a count or a share of the remote photos) and ``allow_empty`` guard against deleting by mistake. With
    ``dry_run`` the two metadata alone are compared, and no file is looked at.
    Returns ``success, dry_run, photos_uploaded, metadata_uploaded, message``, plus ``plan`` when ``dry_run`` (as
    ``generate_deployment_plan`` returns it, with ``upload_count, delete_count, unchanged_count, photos_to_upload,
    photos_to_delete``), plus ``error`` on failure, with everything that was found. Raises nothing that the contract
    documents as a failure.
    """
    heard = Tally("deploy")
    try:
        if dry_run:
            plan = generate_deployment_plan(local_metadata, _parsed(store_for(client, bucket).get(METADATA_KEY)))
            return {**_deploy_dict(heard, dry_run, message=_would(plan)), "plan": _counted(plan)}
        context = _context(client, bucket, local_metadata, Path(prod_dir), max_delete, allow_empty, heard)
        return _deploy_dict(heard, dry_run, message=deploy(context).message)
    except GalleriaError as error:
        return {**_deploy_dict(heard, dry_run, message=error.message), "success": False, "error": _whole(error)}


def generate_deployment_plan(
    local_metadata: GalleryMetadata, remote_metadata: GalleryMetadata | None
) -> dict[str, list[Any]]:
    """What differs between two galleries by their metadata alone, which is believed.

    Returns ``upload`` (``PhotoMetadata`` that are new or changed), ``delete`` (ids) and ``unchanged``
    (``PhotoMetadata``).
    """
    remote = RemoteGallery(metadata=remote_metadata)
    plan = make_plan(_by_metadata_alone(local_metadata), remote, Target(None, ""), keep_unproven=True)
    return _plan_dict(plan, local_metadata)


@raising_client_errors
def download_remote_metadata(client: Any, bucket: str, key: str = METADATA_KEY) -> GalleryMetadata | None:
    """The metadata under ``key``, or ``None`` when it is absent or not valid. Raises
    ``botocore.exceptions.ClientError``."""
    return _parsed(store_for(client, bucket).get(key))


def _parsed(stored: StoredObject | None) -> GalleryMetadata | None:
    try:
        return parse_remote(stored.body) if stored else None
    except RemoteInvalid:
        return None


@raising_client_errors
def verify_s3_state(client: Any, bucket: str, metadata: GalleryMetadata) -> dict[str, Any]:
    """Compare the bucket with ``metadata``: ``consistent, missing_files, orphaned_files`` (lists of keys).

    Objects that were overwritten with other bytes count as missing, and so does the metadata document itself where it
    is not there. Raises ``botocore.exceptions.ClientError``.
    """
    named = metadata.keys() | {METADATA_KEY}
    store = store_for(client, bucket)
    manifest = read_manifest(store)[0]
    listing = caught_up(lambda: list_target(store), lambda seen: verify_listing(named, manifest, seen).whole, sleep)
    found = verify_listing(named, manifest, listing)
    return {
        "consistent": found.consistent,
        "missing_files": sorted({*found.missing, *found.mismatched}),
        "orphaned_files": list(found.orphaned),
    }


def _context(
    client: Any,
    bucket: str,
    metadata: GalleryMetadata,
    folder: Path,
    max_delete: str,
    allow_empty: bool,
    heard: Tally,
) -> Context:
    """The run that the command line would make of these arguments. Raises ``GalleryInvalid`` for unsound metadata."""
    return Context(
        options=Options(
            command="deploy",
            gallery=GalleryOptions(source=folder),
            target=TargetOptions(bucket=bucket, endpoint=client.meta.endpoint_url),
            guards=GuardOptions(
                max_delete=DeleteLimit.parse(max_delete), allow_empty=allow_empty, orphans=Orphans.IGNORE
            ),
            checks=CheckOptions(cors=Cors.SKIP),
        ),
        place=Place(Path.cwd()),
        stop=Stop(),
        tell=heard.hear,
        open_store=lambda _: store_for(client, bucket),
        metadata=load_metadata(json.dumps(metadata.to_dict(), indent=2).encode(), METADATA_KEY),
    )


def _deploy_dict(heard: Tally, dry_run: bool, *, message: str) -> dict[str, Any]:
    return {
        "success": True,
        "dry_run": dry_run,
        "photos_uploaded": heard.photos_uploaded,
        "metadata_uploaded": heard.metadata_uploaded,
        "message": message,
    }


def _would(plan: Mapping[str, list[Any]]) -> str:
    uploads, deletes = (quantities.count(len(plan[name]), "photo") for name in ("upload", "delete"))
    return f"Would upload {uploads}, delete {deletes}"


def _counted(plan: Mapping[str, list[Any]]) -> dict[str, Any]:
    """``plan`` with the counts and ids that Galleria's own code puts beside it."""
    return {
        **plan,
        "upload_count": len(plan["upload"]),
        "delete_count": len(plan["delete"]),
        "unchanged_count": len(plan["unchanged"]),
        "photos_to_upload": [photo.id for photo in plan["upload"]],
        "photos_to_delete": list(plan["delete"]),
    }


def _whole(error: GalleriaError) -> str:
    """``error`` in one text, with everything that was found: there is no log beside it."""
    return "\n".join(filter(None, [error.message, *map(str, error.findings), error.hint]))


def _by_metadata_alone(metadata: GalleryMetadata) -> LocalGallery:
    offset = metadata.settings.target_timezone_offset_hours

    def photo(entry: PhotoMetadata) -> SourcePhoto:
        files = (LocalFile(key, "", 0, variant, b"") for variant, key in entry.files.items())
        sources = tuple(SourceFile(file.key, file, "", Headers("")) for file in files)
        edit = PhotoEdit(entry.exif.corrected_timestamp, offset)
        return SourcePhoto(entry.id, entry.deployment_file_hash.lower(), sources, edit)

    return LocalGallery("metadata", tuple(map(photo, metadata.photos)), None, metadata.settings)


def _plan_dict(plan: Plan, metadata: GalleryMetadata) -> dict[str, list[Any]]:
    uploads = plan.photo_uploads
    here = {photo.id for photo in metadata.photos}
    # as in Galleria, an id that is not there any more, whatever became of the photo
    left = dict.fromkeys((*plan.removed_photos, *(photo for photo in plan.photo_deletes if photo not in here)))
    return {
        "upload": [photo for photo in metadata.photos if photo.id in uploads],
        "delete": list(left),
        "unchanged": [photo for photo in metadata.photos if photo.id not in uploads],
    }


# -- directories and files -----------------------------------------------------------------------------------------


def deploy_directory_to_s3(
    client: Any,
    source_dir: Path | str,
    bucket: str,
    prefix: str = "",
    dry_run: bool = False,
    progress_callback: FilesCallback | None = None,
) -> dict[str, Any]:
    """``upload_directory_to_s3`` after checking the arguments; ``error`` says what is wrong with them."""
    if not Path(source_dir).is_dir():
        return _directory_result(error=f"Source directory does not exist: {source_dir}")
    if not bucket:
        return _directory_result(error="The bucket has no name")
    return upload_directory_to_s3(client, source_dir, bucket, prefix, dry_run, progress_callback)


def upload_directory_to_s3(
    client: Any,
    local_dir: Path | str,
    bucket: str,
    prefix: str = "",
    dry_run: bool = False,
    progress_callback: FilesCallback | None = None,
) -> dict[str, Any]:
    """Upload every file below ``local_dir`` that is not in the bucket already, byte for byte. Nothing is deleted.

    ``progress_callback(filename, current, total)`` is called after each file, with its name alone. Hidden files are
    left out. Returns ``success, total_files, uploaded_files, skipped_files, failed_files, total_size`` (bytes),
    ``upload_time`` (seconds), ``errors`` (texts), and ``error`` when the folder cannot be published at all.
    """
    started = time.monotonic()
    store = store_for(client, bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")
    folder = Path(local_dir)
    try:
        found = walk_site(folder, _fence(folder), metadata=True).files
        hashes = Hashes({entry.file.key: entry.sha256 for entry in examine_all(found, lambda _: True)}, {})
        files = site_files(found, _HEADERS.cache_control_site, hashes)
        size = sum(file.size for file in files)
        if dry_run:
            return _directory_result(success=True, total_files=len(files), total_size=size)
        uploader = _uploader(store, list_target(store), Manifest())
        uploader.tell = _reported_to(progress_callback, len(files))
        errors = _upload_all(uploader, [Upload(Reason.NEW, file, file.sha256) for file in files])
    except GalleriaError as error:
        return _directory_result(error=_whole(error), errors=[error.message, *map(str, error.findings)])
    done = uploader.done
    return _directory_result(
        success=not errors,
        total_files=len(files),
        uploaded_files=done.sent,
        skipped_files=done.skipped,
        failed_files=len(files) - done.sent - done.skipped,
        total_size=size,
        upload_time=time.monotonic() - started,
        errors=errors,
    )


def upload_file_to_s3(
    client: Any,
    local_path: Path | str | bytes,
    bucket: str,
    key: str,
    progress_callback: BytesCallback | None = None,
) -> dict[str, Any]:
    """Upload one file (a path, or its bytes) unless the bucket holds it already.

    ``progress_callback(bytes)`` is told how many have been sent. Returns ``success, skipped, key, file_size`` (bytes;
    also as ``size``), ``checksum`` (SHA-256, hex), ``upload_time`` (seconds), ``error``.
    """
    started = time.monotonic()
    result: dict[str, Any] = {"success": False, "skipped": False, "key": key, "checksum": "", "error": None}
    result |= {"file_size": 0, "size": 0}
    try:
        body = local_path if isinstance(local_path, bytes) else Path(local_path).read_bytes()
        result |= {"file_size": len(body), "size": len(body), "checksum": sha256(body).hexdigest()}
        file = LocalFile(key, key, len(body), None, b"")
        kind = web_type(key, body[:BEGINNING])
        headers = Headers(kind.content_type, _HEADERS.cache_control_site, kind.encoding)
        upload = Upload(Reason.NEW, SourceFile(key, file, result["checksum"], headers), result["checksum"])
        store = store_for(client, bucket)
        head = store.head(key)
        listing = {key: ObjectInfo(key, head.size, head.etag)} if head else {}
        uploader = replace(_uploader(store, listing, Manifest()), opened=lambda _: InMemory(body, b""))
        uploader.tell = _sent_to(progress_callback)
        uploader.upload([upload])
    except GalleriaError as error:
        result["error"] = f"Upload error: {_whole(error)}"
    except OSError as error:
        result["error"] = f"{local_path!r} cannot be read: {error.strerror or error}"
    else:
        result |= {"success": True, "skipped": bool(uploader.done.skipped)}
    return {**result, "upload_time": time.monotonic() - started}


def _upload_all(uploader: Uploader, uploads: list[Upload]) -> list[str]:
    try:
        uploader.upload(uploads)
    except GalleryInvalid:
        raise
    except GalleriaError as error:
        return [str(finding) for finding in error.findings] or [error.message]
    return []


def _directory_result(**values: Any) -> dict[str, Any]:
    empty: Mapping[str, Any] = {
        "success": False,
        "total_files": 0,
        "uploaded_files": 0,
        "skipped_files": 0,
        "failed_files": 0,
        "total_size": 0,
        "upload_time": 0.0,
        "errors": [values["error"]] if values.get("error") else [],
    }
    return {**empty, **values}


# -- shared --------------------------------------------------------------------------------------------------------


def _uploader(store: WriteStore, listing: Mapping[str, ObjectInfo], known: Manifest) -> Uploader:
    return Uploader(
        store=store,
        policy=PreparePolicy(),
        concurrency=_CONCURRENCY,
        stop=Stop(),
        listing=listing,
        known=known,
    )


def _reported_to(callback: FilesCallback | None, total: int) -> Listener:
    """A listener that tells ``callback`` of each object that is there, one after the other."""
    lock, done = threading.Lock(), count(1)

    def hear(event: Event) -> None:
        if callback and isinstance(event, Stored):
            with lock:
                callback(event.key.rpartition("/")[2], next(done), total)

    return hear


def _sent_to(callback: BytesCallback | None) -> Listener:
    """A listener that tells ``callback`` how many bytes have been sent."""

    def hear(event: Event) -> None:
        if callback and isinstance(event, Stored) and event.sent is not None:
            callback(event.sent)

    return hear


def _fence(folder: Path) -> Workspace:
    """The caller's folder and what its links lead to are the caller's."""
    return Place(Path.cwd()).fence(folder, "local_dir")
