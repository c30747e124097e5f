"""The order of writes, as recorded: what the must-rules promise about a deploy that goes well."""

from __future__ import annotations

import pytest

from galleria_action.storage.interface import Headers
from galleria_action.storage.opening import open_store
from tests.doors.conftest import Job
from tests.doors.runner import Watched

METADATA, MANIFEST = "gallery-metadata.json", ".galleria/manifest.json"


def watched(job: Job) -> list[Watched]:
    """Make ``job`` record every request; the stores it opened, in order."""
    stores: list[Watched] = []

    def opener(settings):
        stores.append(Watched(open_store(settings), lambda operation, key: None))
        return stores[-1]

    job.runner.opener = opener
    return stores


def test_metadata_comes_after_the_last_upload_and_before_the_first_delete(job: Job):
    (job.site / "about.html").write_text("about", encoding="utf-8")
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    job.gallery.remove(1)
    (job.site / "index.html").write_text("new", encoding="utf-8")
    (job.site / "new.css").write_text("new", encoding="utf-8")
    (job.site / "about.html").unlink()
    stores = watched(job)
    assert job.runner.run("deploy", max_delete="1").exit_code == 0

    order = [call for call in stores[0].writes if not call[1].startswith(".galleria/releases/")]
    pool, replaced = ".galleria/pool/", [*job.gallery.photos[0]["files"].values(), "index.html"]
    staged = [i for i, (op, key) in enumerate(order) if op == "put" and key.startswith(pool)]
    kept = [i for i, (op, key) in enumerate(order) if op == "copy" and key.startswith(pool)]
    published = [i for i, (op, key) in enumerate(order) if op == "copy" and key in replaced]
    claims = [i for i, call in enumerate(order) if call == ("put", ".galleria/publish.json")]
    new = order.index(("put", "new.css"))
    commit, records = order.index(("put", METADATA)), [i for i, call in enumerate(order) if call == ("put", MANIFEST)]
    released = order.index(("delete", ".galleria/publish.json"))
    deletes = [i for i, (op, key) in enumerate(order) if op == "delete" and not key.startswith(".galleria/")]
    pruned = [i for i, (op, key) in enumerate(order) if op == "delete" and key.startswith(pool)]
    assert (len(staged), len(kept), len(published), len(deletes), len(pruned)) == (4, 9, 4, 4, 4)
    assert max(*staged, new) < claims[0] < min(kept), "what is kept is looked at under our claim"
    assert max(*kept, claims[1]) < min(published), "it is kept, and said, before anything live is touched"
    assert [order[i][1] for i in published][-1] == "index.html", "pages come last"
    assert max(published) < records[0] < commit < min(deletes) <= max(deletes) < min(pruned)
    assert max(pruned) < released, "nobody else publishes while the pool is pruned"
    assert len(records) == 1, "it is large in a large gallery"
    assert (len(claims), len(order)) == (2, 4 + 1 + 2 + 9 + 4 + 1 + 1 + 4 + 4 + 1)
    ours = [call for call in stores[0].writes if call[1].startswith(".galleria/releases/")]
    name = ours[0][1].removesuffix(".open.json")
    assert ours[:2] == [("put", f"{name}.open.json"), ("put", f"{name}.json")], "that it has ended, beside the rest"
    assert sorted(ours[2:]) == [("delete", f"{name}.open.json"), ("put", f"{name}.json")], "and then how"
    touched = stores[0].writes.index(order[min(published)])
    assert stores[0].writes.index(ours[0]) < touched, "how to take it back is written down before that, too"


def test_between_two_batches_of_deletes_the_live_gallery_is_looked_at(job: Job, monkeypatch: pytest.MonkeyPatch):
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.remove(1)
    monkeypatch.setattr("galleria_action.deployment.apply.steps._DELETE_BATCH", 2)
    monkeypatch.setattr("galleria_action.deployment.apply.publishing.LEASE_SECONDS", 15)
    stores = watched(job)
    assert job.runner.run("deploy", max_delete="1", concurrency="1").exit_code == 0
    calls = stores[0].calls
    commit = calls.index(("put", METADATA))
    photos = [i for i, (op, key) in enumerate(calls) if op == "delete" and key.startswith("photos/")]
    assert len(photos) == 3
    assert list(calls[photos[1] + 1 : photos[2]]) == [("head", METADATA), ("head", MANIFEST)]
    assert "head" not in [op for op, _ in calls[commit : photos[0]]], "the commit itself has looked"


def test_without_metadata_the_manifest_commits_before_the_deletes(job: Job):
    job.gallery.metadata_path.unlink()
    assert job.runner.run("deploy").exit_code == 0
    next((job.gallery.source / "full").iterdir()).unlink()
    stores = watched(job)
    assert job.runner.run("deploy").exit_code == 0
    writes = [call for call in stores[0].writes if call[1] == MANIFEST or not call[1].startswith(".galleria/")]
    assert [(op, key if key == MANIFEST else "photo") for op, key in writes] == [
        ("put", MANIFEST),
        ("delete", "photo"),
    ]


@pytest.mark.parametrize("verify", ["list", "off"])
def test_what_has_left_is_deleted_once(job: Job, verify: str):
    """The record goes on to name it; but what is there under its key by now is somebody else's."""
    assert job.runner.run("deploy").exit_code == 0
    gone = job.gallery.photos[1]["files"]["full"]
    job.gallery.remove(1)
    assert job.runner.run("deploy", max_delete="1").exit_code == 0
    stores = watched(job)
    again = job.runner.run("deploy", verify=verify)
    assert (again.exit_code, again.outputs["changed"], stores[0].writes) == (0, "false", [])
    stores[0].put(gone, b"another one", Headers("image/jpeg"))
    job.gallery.change(0)
    ran = job.runner.run("deploy", verify=verify, orphans="warn")
    assert ran.exit_code == 0, ran.log
    found = stores[0].get(gone)
    assert found is not None
    assert found.body == b"another one"


def test_reading_commands_send_nothing_that_writes(job: Job):
    stores = watched(job)
    for command, inputs in (("plan", {}), ("deploy", {"dry_run": "true"}), ("validate", {})):
        assert job.runner.run(command, **inputs).exit_code == 0
    assert job.runner.run("verify").exit_code == 4
    assert len(stores) == 3
    assert all(not store.writes for store in stores)
    assert all(store.calls for store in stores)


def test_a_dry_run_is_handed_a_store_that_cannot_write(job: Job, monkeypatch):
    """Not a flag in the uploader: the planner's store has no method that writes."""
    import galleria_action.usecases.parts.planning as plan_module

    seen = []
    original = plan_module.read_remote
    monkeypatch.setattr(
        plan_module, "read_remote", lambda store, **options: seen.append(store) or original(store, **options)
    )
    assert job.runner.run("deploy", dry_run="true").exit_code == 0
    assert [name for name in ("put", "copy", "delete") if hasattr(seen[0], name)] == []


def test_nothing_to_do_asks_for_metadata_manifest_and_one_listing(job: Job):
    assert job.runner.run("deploy").exit_code == 0
    stores = watched(job)
    assert job.runner.run("deploy").exit_code == 0
    assert sorted(stores[0].calls) == [("get", MANIFEST), ("get", METADATA), ("list", "")]


def test_a_deploy_does_exactly_what_its_plan_says(job: Job):
    job.runner.run("deploy")
    job.gallery.change(2)
    job.gallery.add(7)
    job.gallery.remove(0)
    planned = job.runner.run("plan", max_delete="1")
    stores = watched(job)
    deployed = job.runner.run("deploy", max_delete="1", approved_plan=planned.outputs["plan-id"])
    assert deployed.exit_code == 0, deployed.log
    import json

    plan = json.loads((job.workspace / "galleria-plan.json").read_text())
    uploads = {file["key"] for photo in plan["photos"]["upload"] for file in photo["files"]}
    deletes = {key for photo in plan["photos"]["delete"] for key in photo["keys"]}
    done = stores[0].writes
    written = {key for op, key in done if op in ("put", "copy") and not key.startswith(".galleria/")}
    assert written == uploads | {METADATA}
    assert {key for op, key in done if op == "delete" and not key.startswith(".galleria/")} == deletes
