"""The order of writes, as recorded: what the must-rules promise about a deploy that goes well."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from hashlib import sha256

import pytest

from galleria_action.deployment.state.pool import pool_key
from galleria_action.deployment.state.publication import PUBLICATION_KEY as CLAIM
from galleria_action.deployment.state.publication import Publication
from galleria_action.errors import StorageUnavailable
from galleria_action.storage.interface import RECORD_HEADERS, Headers, Target, WriteStore
from galleria_action.storage.opening import open_store
from galleria_action.storage.s3.wire import Wire
from tests.doors.conftest import Job
from tests.doors.runner import Watched
from tests.doors.test_sequence import store_of

METADATA, MANIFEST = "gallery-metadata.json", ".galleria/manifest.json"

#: whether an operation on a key is meant
Request = Callable[[str, str], bool]


def watched(job: Job, kind: type[Watched] = Watched) -> list[Watched]:
    """Make ``job`` record every request; the stores it opened, in order."""
    stores: list[Watched] = []

    def opener(settings):
        stores.append(kind(open_store(settings), lambda operation, key: None))
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
    assert claims[0] < min(kept), "what is kept is looked at under our claim"
    there = max(*staged, new, *kept, claims[1])
    assert there < min(*published, records[0]), "it is sent, kept, and said, before anything live is touched"
    assert [order[i][1] for i in published][-1] == "index.html", "pages come last"
    assert max(*published, records[0]) < commit < min(deletes) <= max(deletes) < min(pruned)
    assert max(pruned) < released, "nobody else publishes while the pool is pruned"
    assert len(records) == 1, "it is large in a large gallery"
    assert (len(claims), len(order)) == (2, 4 + 1 + 2 + 9 + 4 + 1 + 1 + 4 + 4 + 1)
    ours = [call for call in stores[0].writes if call[1].startswith(".galleria/releases/")]
    name = ours[0][1].removesuffix(".open.json")
    assert ours[:2] == [("put", f"{name}.open.json"), ("put", f"{name}.json")], "that it has ended, beside the rest"
    assert sorted(ours[2:]) == [("delete", f"{name}.open.json"), ("put", f"{name}.json")], "and then how"
    touched = stores[0].writes.index(order[min(published)])
    assert stores[0].writes.index(ours[0]) < touched, "how to take it back is written down before that, too"


def test_a_page_without_an_extension_comes_after_what_it_shows(job: Job):
    page, shown = job.site / "about", job.site / "style.css"
    for text in ("old", "new"):
        page.write_text(f"<!doctype html><title>{text}</title>", encoding="utf-8")
        shown.write_text(text, encoding="utf-8")
        stores = watched(job)
        assert job.runner.run("deploy", concurrency="1").exit_code == 0
    stores += watched(job)
    assert job.runner.run("rollback", concurrency="1").exit_code == 0
    for store in (stores[0], stores[-1]):
        copies = [key for operation, key in store.writes if operation == "copy"]
        assert copies.index(shown.name) < copies.index(page.name)


class Gated(Watched):
    """Holds those requests back that are ``held`` until one has been done that has to be: a run in which it waits for
    them fails."""

    def __init__(self, store: WriteStore, held: Request, until: Request) -> None:
        super().__init__(store, self._wait)
        self._held, self._until = held, until

    def _wait(self, *request: str) -> None:
        deadline = time.monotonic() + 5
        while self._held(*request) and not any(self._until(*write) for write in self.writes):
            assert time.monotonic() < deadline, f"{request} waits for what waits for it"
            time.sleep(0.002)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        self._wait("copy", key)
        return super().copy(source, key, headers, origin)


def gated(job: Job, held: Request, until: Request) -> None:
    job.runner.opener = lambda settings: Gated(open_store(settings), held, until)


def is_staged(operation: str, key: str) -> bool:
    return operation == "put" and key.startswith(".galleria/pool/")


def is_claim(operation: str, key: str) -> bool:
    return (operation, key) == ("put", CLAIM)


def test_while_little_is_sent_it_is_claimed_and_looked_around(job: Job):
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    gated(job, is_staged, is_claim)
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log


def test_while_little_is_sent_what_it_replaces_is_kept(job: Job):
    """And it is said that a publish begins: two puts of the claim."""
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    (job.site / "new.css").write_text("new", encoding="utf-8")
    gated(job, is_staged, lambda operation, key: operation == "copy" and key.startswith(".galleria/pool/"))
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log


def test_what_an_upload_may_turn_out_to_be_is_kept_when_it_is_sent(make_job):
    """A stranger lies where a new page goes: whether that is its bytes already is known when they are read."""
    job = make_job()
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    store_of(job).put("new.css", b"a stranger's", Headers("text/css"))
    (job.site / "new.css").write_text("new", encoding="utf-8")
    stores = list[Watched]()

    def slow(operation: str, key: str) -> None:
        if is_staged(operation, key):
            time.sleep(0.1)  # in which all that waits for nothing is done

    job.runner.opener = lambda settings: stores.append(Watched(open_store(settings), slow)) or stores[0]
    assert job.runner.run("deploy", orphans="ignore").exit_code == 0
    writes = [(operation, key) for operation, key in stores[0].writes if key.startswith(".galleria/pool/")]
    staged, kept = (max(i for i, it in enumerate(writes) if it[0] == "put"), [it[0] for it in writes].index("copy"))
    assert staged < kept


@pytest.mark.parametrize(("most", "concurrency"), [(0, "8"), (16 << 20, "1")])
def test_while_much_is_sent_others_need_not_wait(
    job: Job, monkeypatch: pytest.MonkeyPatch, most: int, concurrency: str
):
    """Nor where nothing goes out together."""
    monkeypatch.setattr("galleria_action.deployment.apply.steps.WORTH_WAITING_BYTES", most)
    monkeypatch.setattr("galleria_action.deployment.apply.steps.WORTH_WAITING_SECONDS", 0)
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    stores = watched(job)
    assert job.runner.run("deploy", concurrency=concurrency).exit_code == 0
    writes = stores[0].writes
    assert max(i for i, write in enumerate(writes) if is_staged(*write)) < writes.index(("put", CLAIM))


def test_the_last_of_much_is_sent_under_a_claim(job: Job, monkeypatch: pytest.MonkeyPatch):
    """When what is left takes no longer than others wait anyway."""
    monkeypatch.setattr("galleria_action.deployment.apply.steps.WORTH_WAITING_BYTES", 0)
    gated(job, lambda operation, key: (operation, key) == ("put", "index.html"), is_claim)
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log


def test_what_cannot_be_sent_gives_the_claim_up(job: Job):
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    stores: list[Gated] = []

    class Refusing(Gated):
        def _wait(self, *request: str) -> None:
            super()._wait(*request)
            if is_staged(*request):
                raise StorageUnavailable("The storage is full.")

    job.runner.opener = lambda settings: stores.append(Refusing(open_store(settings), is_staged, is_claim)) or stores[0]
    ran = job.runner.run("deploy")
    assert ran.exit_code != 0
    assert ("put", CLAIM) in stores[0].writes
    assert stores[0].get(CLAIM) is None


def test_another_that_publishes_meanwhile_is_waited_for(job: Job):
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    theirs = Publication("theirs", None, {}, claim="another").to_bytes()
    tries = list[str]()

    def opener(settings):
        bucket = open_store(settings)

        def interfere(operation: str, key: str) -> None:
            if is_claim(operation, key):
                tries.append(key)
                if len(tries) == 1:
                    bucket.put(CLAIM, theirs, RECORD_HEADERS)
            elif (operation, key) == ("head", CLAIM) and len(tries) == 2:
                bucket.delete([CLAIM])

        return Watched(bucket, interfere)

    job.runner.opener = opener
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log
    assert len(tries) > 2, "ahead, in its turn, and when the other has gone"


@pytest.mark.parametrize(("concurrency", "fails", "sent"), [("8", False, 1), ("8", True, 0), ("1", False, 0)])
def test_the_metadata_goes_ahead_into_the_pool(
    job: Job, monkeypatch: pytest.MonkeyPatch, concurrency: str, fails: bool, sent: int
):
    """As large as it is, it makes room on its connection for what is written next; and it is kept in any case."""
    monkeypatch.setattr("galleria_action.deployment.apply.keep.AT_ONCE", 100)
    assert job.runner.run("deploy").exit_code == 0
    ahead = pool_key(sha256(job.gallery.metadata_path.read_bytes()).hexdigest())
    job.gallery.remove(0)

    def fail(operation: str, key: str) -> None:
        if (operation, key) == ("put", ahead) and fails:
            raise StorageUnavailable("not now")

    stores: list[Watched] = []
    job.runner.opener = lambda settings: stores.append(Watched(open_store(settings), fail)) or stores[0]
    ran = job.runner.run("deploy", concurrency=concurrency, max_delete="1")
    assert ran.exit_code == 0, ran.log
    writes = stores[0].writes
    assert writes.count(("put", ahead)) == sent
    assert writes.index(("copy", ahead)) < writes.index(("put", METADATA))


def test_the_record_is_written_while_it_is_published(job: Job):
    assert job.runner.run("deploy").exit_code == 0
    job.gallery.change(0)
    gated(
        job,
        lambda operation, key: operation == "copy" and not key.startswith(".galleria/"),
        lambda operation, key: (operation, key) == ("put", MANIFEST),
    )
    ran = job.runner.run("deploy")
    assert ran.exit_code == 0, ran.log


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


def test_so_it_is_before_anything_is_deleted_again(job: Job):
    class Reluctant(Watched):
        def delete(self, keys: Iterable[str]) -> dict[str, str]:
            if any(operation == "delete" for operation, _ in self.calls):
                return super().delete(keys)
            self._record("delete", *keys)
            return dict.fromkeys(keys, "not now")

    assert job.runner.run("deploy").exit_code == 0
    job.gallery.remove(1)
    stores = watched(job, Reluctant)
    assert job.runner.run("deploy", max_delete="1", concurrency="1").exit_code == 0
    *_, end, begin, _, _ = [i for i, (op, key) in enumerate(stores[0].calls) if op == "delete" and "photos/" in key]
    assert {("head", METADATA), ("head", MANIFEST)} <= set(stores[0].calls[end:begin])


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


def test_connections_are_opened_for_what_is_asked(make_job, monkeypatch: pytest.MonkeyPatch):
    """Three to read by; more where a change is planned, and as many as it asks for at once before it is carried out."""
    job, opened = make_job("s3"), list[int]()
    open_ahead = Wire.open_ahead

    def noted(wire: Wire, count: int) -> None:
        opened.append(count)
        open_ahead(wire, count)

    monkeypatch.setattr(Wire, "open_ahead", noted)
    asked = list[list[int]]()
    for change in (lambda: None, lambda: None, lambda: job.gallery.remove(0)):
        change()
        opened.clear()
        assert job.runner.run("deploy", max_delete="1").exit_code == 0
        asked.append(list(opened))
    files, photo = 11, 3
    assert asked == [[3, 10, min(files + 10, 32)], [3], [3, 10, photo + 10]]


def test_a_plan_opens_what_it_reads_by(make_job, monkeypatch: pytest.MonkeyPatch):
    job, opened = make_job("s3"), list[int]()
    monkeypatch.setattr(Wire, "open_ahead", lambda wire, count: opened.append(count))
    assert job.runner.run("plan").exit_code == 0
    assert opened == [3]


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
