"""Every failure reason of the contract: its exit code, every output set, an annotation, and nothing half-done."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

import pytest

from galleria_action.deployment.state.manifest import MANIFEST_KEY
from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.deployment.stop import Stop
from galleria_action.errors import (
    REASONS,
    BucketMissing,
    CredentialsError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.storage.opening import open_store
from tests.doors.conftest import Job
from tests.doors.runner import OUTPUTS, Ran, Watched
from tests.runner_grammar import commands

METADATA = "gallery-metadata.json"


def failed(ran: Ran, reason: str) -> Ran:
    """What every failed run owes its reader."""
    assert ran.outputs.keys() == OUTPUTS
    assert (ran.outputs["failure-reason"], ran.outputs["success"]) == (reason, "false"), ran.log
    expected = {130, 143} if reason == "cancelled" else {REASONS[reason]}
    assert ran.exit_code in expected
    assert ran.outputs["message"]
    errors = [command for command in commands(ran.log) if command.name == "error"]
    assert errors
    assert reason in ran.summary
    assert "Traceback" not in ran.log
    if ran.result:
        assert ran.result["failure_reason"] == reason
    return ran


def interfere(job: Job, before: Callable[[str, str], None]) -> list[Watched]:
    """Call ``before(operation, key)`` ahead of every request of the job's runs."""
    stores: list[Watched] = []

    def opener(settings):
        stores.append(Watched(open_store(settings), before))
        return stores[-1]

    job.runner.opener = opener
    return stores


def raising(error: Exception, operation: str, part: str = "") -> Callable[[str, str], None]:
    def before(op: str, key: str) -> None:
        if op == operation and part in key:
            raise error

    return before


def writes(stores: list[Watched]) -> list[tuple[str, str]]:
    return [call for store in stores for call in store.writes]


@pytest.fixture
def here(make_job) -> Job:
    return make_job("folder")


@pytest.fixture
def live(here: Job) -> Job:
    """A job whose gallery is online, with one photo changed and one removed since."""
    assert here.runner.run("deploy").exit_code == 0
    here.gallery.change(0)
    here.gallery.remove(1)
    here.runner.inputs["max-delete"] = "1"
    return here


def test_config_invalid(here: Job):
    ran = failed(here.runner.process("deploy", concurrency="many", orphans="maybe"), "config-invalid")
    texts = [command.data for command in commands(ran.log) if command.name == "error"]
    assert any("concurrency" in text for text in texts)
    assert any("orphans" in text for text in texts)


def test_gallery_invalid_names_file_and_line(here: Job):
    here.gallery.photos[1]["file_hash"] = "no hash"
    here.gallery.photos[2]["files"]["web"] = "../../etc/passwd"
    here.gallery.save()
    stores = interfere(here, lambda op, key: None)
    ran = failed(here.runner.run("deploy"), "gallery-invalid")
    annotations = [c for c in commands(ran.log) if c.name == "error" and c.properties.get("file")]
    assert len(annotations) >= 2
    lines = here.gallery.raw.decode().splitlines()
    named = {lines[int(command.properties["line"]) - 1].strip() for command in annotations}
    assert any("no hash" in line for line in named)
    assert any("passwd" in line for line in named)
    assert {command.properties["file"] for command in annotations} == {"prod/pics/gallery-metadata.json"}
    assert writes(stores) == []


HOSTILE = {
    "deep": b'{"photos": ' + b"[" * 100_000,
    "twice": b'{"schema_version": "1.0", "schema_version": "1.0", "photos": []}',
    "nan": b'{"schema_version": "1.0", "settings": {"web_size": NaN}, "photos": []}',
    "utf-8": b'{"schema_version": "\xff", "photos": []}',
    "null": b"null",
    "empty": b"",
    "utf-16": '{"photos": []}'.encode("utf-16"),
    "command": b'{"schema_version": "1.0", "photos": [{"id": "\\n::error::x ##[error]y"}]}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_metadata_is_refused_with_its_place(here: Job, name: str):
    here.gallery.metadata_path.write_bytes(HOSTILE[name])
    stores = interfere(here, lambda op, key: None)
    ran = failed(here.runner.run("deploy"), "gallery-invalid")
    errors = [command for command in commands(ran.log) if command.name == "error"]
    assert any(command.properties.get("file") == "prod/pics/gallery-metadata.json" for command in errors)
    assert not any(command.data in ("x ##[error]y", "y") for command in commands(ran.log))
    assert stores == []


def test_a_metadata_file_of_a_gigabyte_is_refused_unread(here: Job):
    with here.gallery.metadata_path.open("r+b") as file:
        file.truncate(1 << 30)
    assert "1,073,741,824" in failed(here.runner.run("deploy"), "gallery-invalid").log


def test_gallery_invalid_when_a_file_is_missing(here: Job):
    here.gallery.local_path(1, "web").unlink()
    ran = failed(here.runner.run("plan"), "gallery-invalid")
    assert here.gallery.photos[1]["id"] in ran.log


def test_gallery_invalid_when_the_metadata_is_stale(live: Job):
    """Found while uploading; nothing is committed, the live gallery stays."""
    before = json.loads(live.gallery.raw)
    full = live.gallery.local_path(0, "full")
    full.write_bytes(full.read_bytes() + b"x")
    stores = interfere(live, lambda op, key: None)
    ran = failed(live.runner.run("deploy"), "gallery-invalid")
    assert "stale" in ran.log
    assert ("put", METADATA) not in writes(stores)
    assert not [key for op, key in writes(stores) if op == "delete" and not key.startswith(".galleria/")]
    assert before


def test_no_metadata_is_told_in_the_words_galleria_users_know(here: Job):
    ran = failed(here.runner.run("plan", source="nowhere"), "gallery-invalid")
    assert ran.outputs["message"].startswith("Error loading gallery metadata: Gallery metadata not found: ")


def test_a_lost_metadata_file_never_turns_a_gallery_into_a_folder(live: Job):
    live.gallery.metadata_path.unlink()
    stores = interfere(live, lambda op, key: None)
    ran = failed(live.runner.run("deploy"), "gallery-invalid")
    assert "has no such file" in ran.outputs["message"]
    assert writes(stores) == []


def test_verify_failed(live: Job):
    store = open_store_of(live)
    store.delete([live.gallery.photos[0]["files"]["full"]])
    assert failed(live.runner.run("verify"), "verify-failed").outputs["missing-files"] == "1"


def open_store_of(job: Job):
    from tests.doors.test_sequence import store_of

    return store_of(job)


def test_verify_failed_when_the_metadata_is_gone_and_a_deploy_heals_it(live: Job):
    open_store_of(live).delete([METADATA])
    assert failed(live.runner.run("verify"), "verify-failed").result["missing"] == [METADATA]
    assert live.runner.run("deploy").exit_code == 0
    assert live.runner.run("verify").exit_code == 0


@pytest.mark.parametrize("verify", ["list", "deep"])
def test_verify_failed_by_overwritten_bytes(live: Job, verify: str):
    from galleria_action.storage.interface import Headers

    key = live.gallery.photos[0]["files"]["thumb"]
    open_store_of(live).put(key, b"someone else's", Headers("image/webp"))
    ran = failed(live.runner.run("verify", verify=verify), "verify-failed")
    assert ran.result["mismatched"] == [key]


@pytest.mark.parametrize(("policy", "exit_code"), [("fail", 4), ("warn", 0), ("ignore", 0)])
def test_orphans_by_policy(live: Job, policy: str, exit_code: int):
    from galleria_action.storage.interface import Headers

    open_store_of(live).put("photos/full/stray.jpg", b"x", Headers("image/jpeg"))
    open_store_of(live).put("elsewhere/stray.jpg", b"x", Headers("image/jpeg"))
    ran = live.runner.run("verify", orphans=policy)
    assert ran.exit_code == exit_code
    assert ran.result["orphaned"] == ["photos/full/stray.jpg"]
    assert ("::warning" in ran.log) == (policy == "warn")


def test_orphans_are_deleted_by_a_deploy_that_is_asked_to(live: Job):
    from galleria_action.storage.interface import Headers

    open_store_of(live).put("photos/full/stray.jpg", b"x", Headers("image/jpeg"))
    assert live.runner.run("deploy").exit_code == 4
    assert live.runner.run("deploy", orphans="delete").exit_code == 0
    assert open_store_of(live).head("photos/full/stray.jpg") is None


def test_storage_unavailable(live: Job):
    stores = interfere(live, raising(StorageUnavailable("no answer"), "get"))
    failed(live.runner.run("deploy"), "storage-unavailable")
    assert writes(stores) == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CredentialsError("expired"), "credentials"),
        (PermissionRefused("s3:PutObject"), "permission"),
        (BucketMissing("no bucket"), "bucket-missing"),
    ],
)
def test_what_concerns_every_upload_ends_the_run_at_once(live: Job, error: Exception, reason: str):
    stores = interfere(live, raising(error, "put", POOL_FOLDER))
    failed(live.runner.run("deploy"), reason)
    assert ("put", METADATA) not in writes(stores)
    assert not [key for op, key in writes(stores) if op == "delete" and not key.startswith(".galleria/")]


def test_no_credentials_at_all(make_job):
    job = make_job("s3")
    for name in ("access-key", "secret-key"):
        del job.runner.inputs[name]
    ran = failed(job.runner.process("plan"), "credentials")
    assert "access-key" in ran.log


def test_bucket_missing(make_job):
    job = make_job("s3")
    ran = failed(job.runner.process("deploy", bucket="not-made"), "bucket-missing")
    assert "not-made" in ran.outputs["message"]


def test_delete_guard(live: Job):
    stores = interfere(live, lambda op, key: None)
    ran = failed(live.runner.run("deploy", max_delete="0"), "delete-guard")
    assert writes(stores) == []
    assert ran.outputs["photos-to-delete"] == "1"
    assert live.runner.run("plan", max_delete="0").exit_code == 7


def test_empty_gallery(live: Job):
    live.gallery.document["photos"] = []
    live.gallery.save()
    stores = interfere(live, lambda op, key: None)
    failed(live.runner.run("deploy", max_delete="100%"), "empty-gallery")
    assert writes(stores) == []
    assert live.runner.run("deploy", allow_empty="true").exit_code == 0


def test_plan_changed(live: Job):
    stores = interfere(live, lambda op, key: None)
    ran = failed(live.runner.run("deploy", approved_plan="0" * 64), "plan-changed")
    assert ran.outputs["plan-id"] in ran.outputs["message"]
    assert writes(stores) == []


@pytest.mark.parametrize("moment", [POOL_FOLDER, MANIFEST_KEY])
def test_conflict(live: Job, moment: str):
    """Another deploy commits while our photos are on their way, or right before we would: it stays, and we delete
    nothing."""
    from galleria_action.storage.interface import Headers

    others = json.dumps({**live.gallery.document, "collection": "other"}).encode()

    def other_deploy(operation: str, key: str) -> None:
        if operation == "put" and key.startswith(moment):
            open_store_of(live).put(METADATA, others, Headers("application/json"))

    stores = interfere(live, other_deploy)
    failed(live.runner.run("deploy"), "conflict")
    assert not [key for op, key in writes(stores) if op == "delete" and not key.startswith(".galleria/")]
    now = open_store_of(live).get(METADATA)
    assert now is not None
    assert now.body == others


def test_upload_failed_leaves_the_live_gallery_and_names_the_files(live: Job):
    before = open_store_of(live).get(METADATA)
    stores = interfere(live, raising(StorageUnavailable("no answer after 8 attempts"), "put", POOL_FOLDER))
    ran = failed(live.runner.run("deploy"), "upload-failed")
    assert any(key in ran.log for key in live.gallery.photos[0]["files"].values())
    assert ("put", METADATA) not in writes(stores)
    assert not [key for op, key in writes(stores) if op == "delete" and not key.startswith(".galleria/")]
    assert open_store_of(live).get(METADATA) == before


def test_delete_failed_is_live_and_the_next_run_deletes(live: Job, monkeypatch):
    from galleria_action.storage.folder_store import FolderStore

    gone = list(json.loads(open_store_of(live).get(METADATA).body)["photos"][1]["files"].values())
    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "delete", lambda self, keys: dict.fromkeys(keys, "AccessDenied"))
        ran = failed(live.runner.run("deploy"), "delete-failed")
    assert ran.outputs["metadata-uploaded"] == "true"
    assert all(open_store_of(live).head(key) for key in gone)
    assert live.runner.run("deploy").exit_code == 0
    assert not any(open_store_of(live).head(key) for key in gone)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_cancelled_before_the_commit(live: Job, number: int, exit_code: int):
    stop = Stop()
    stores = interfere(live, lambda op, key: stop.request(number) if key.startswith(POOL_FOLDER) else None)
    ran = failed(live.runner.run("deploy", stop=stop), "cancelled")
    assert ran.exit_code == exit_code
    assert "before the commit" in ran.outputs["message"]
    assert ("put", METADATA) not in writes(stores)


def test_cancelled_with_uploads_waiting_for_their_turn_ends_at_once(make_job):
    job, stop = make_job(photos=6), Stop()

    def slow(operation: str, key: str) -> None:
        if key.startswith("photos/"):
            stop.request(signal.SIGINT)
            time.sleep(0.5)

    interfere(job, slow)
    started = time.monotonic()
    failed(job.runner.run("deploy", stop=stop, concurrency="1"), "cancelled")
    assert time.monotonic() - started < 3


def test_cancelled_after_the_commit(live: Job):
    stop = Stop()
    stores = interfere(live, lambda op, key: stop.request(15) if (op, key) == ("put", METADATA) else None)
    ran = failed(live.runner.run("deploy", stop=stop), "cancelled")
    assert "after the commit" in ran.outputs["message"]
    assert ran.outputs["metadata-uploaded"] == "true"
    assert writes(stores)[-1] == ("put", METADATA)


def test_internal_is_told_as_a_defect_without_a_traceback(live: Job):
    interfere(live, raising(RuntimeError("unforeseen"), "get"))
    ran = failed(live.runner.run("plan"), "internal")
    assert "RuntimeError: unforeseen" in ran.outputs["message"]


def test_photos_that_show_the_same(live: Job):
    pytest.importorskip("numpy")
    photo = next((live.workspace / "prod/pics/full").iterdir())
    photo.with_name("copy.jpg").write_bytes(photo.read_bytes())
    inputs = {"originals": "prod/pics/full", "min_resolution": "0", "duplicates": "fail"}
    failed(live.runner.run("duplicates", **inputs), "duplicates-found")


def test_cors(make_job):
    job = make_job("s3")
    del job.runner.inputs["cors"], job.runner.inputs["site"]
    stores = interfere(job, lambda op, key: None)
    assert "setup-cors" in failed(job.runner.run("deploy"), "cors").log
    assert writes(stores) == []
    assert job.runner.run("deploy", cors="warn").exit_code == 0
    dry = job.runner.run("cors", setup_cors="true", dry_run="true")
    assert (dry.exit_code, "would be written" in dry.outputs["message"]) == (0, True)
    assert "galleria-action cors --setup-cors" not in failed(job.runner.run("cors"), "cors").log, "that is running"
    written = job.runner.run("cors", setup_cors="true")
    assert (written.exit_code, '"AllowedOrigins": [' in written.log) == (0, True), "it shows what is there now"
    assert job.runner.run("cors").exit_code == 0
    job.gallery.change(0)
    assert job.runner.run("deploy").exit_code == 0


def test_a_release_that_is_not_there(live: Job):
    failed(live.runner.run("rollback", to="20260131T120000Z-0123abcd"), "release-unavailable")


def test_deploys_that_are_held(live: Job):
    assert live.runner.run("deploy").exit_code == 0
    assert live.runner.run("rollback", hold="true").exit_code == 0
    failed(live.runner.run("deploy"), "held")


def test_every_reason_of_the_contract_is_tested_here():
    from pathlib import Path

    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [reason for reason in REASONS if f'"{reason}"' not in text] == []
