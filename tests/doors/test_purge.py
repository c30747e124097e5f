"""Caches are purged of what a run makes stale; what a cache refuses is owed, told, and paid by the next run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from galleria_action.deployment.state.debts import DEBTS_FOLDER
from tests.doors.job import Job
from tests.doors.runner import Ran
from tests.doors.test_imports import loaded
from tests.edge.fakes import SITE, TOKEN, FakeEdge, Reply, fake_edge

CDNS = ("cloudfront:E1", "cloudflare:z1", "bunny:42", "fastly:s1", "keycdn:7")


@pytest.fixture
def edge() -> Iterator[FakeEdge]:
    with fake_edge() as made:
        yield made


@pytest.fixture
def cached(make_job: Callable[..., Job], edge: FakeEdge, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A gallery online behind a cache that holds all of it, and changes waiting."""
    monkeypatch.setattr("galleria_action.edge.asking._FIRST_WAIT_SECONDS", 0.001)
    job = make_job()
    job.runner.event |= edge.environ
    job.runner.inputs |= {"public-url": SITE, "max-delete": "100%"}
    assert job.runner.run("deploy").exit_code == 0
    edge.held = dict.fromkeys(addresses(job))
    job.gallery.change(0)
    job.gallery.remove(1)
    (job.site / "index.html").write_text("<h1>Again</h1>", encoding="utf-8")
    return job


def bucket(job: Job) -> Path:
    return Path(urlsplit(job.runner.inputs["bucket"]).path)


def keys(job: Job) -> set[str]:
    root = bucket(job)
    there = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return {key for key in there if not key.startswith(".galleria")}


def addresses(job: Job) -> set[str]:
    return {f"/{key}" for key in keys(job)} | {"/"}


def debts(job: Job) -> list[Path]:
    return sorted((bucket(job) / DEBTS_FOLDER).glob("*"))


def good(ran: Ran) -> Ran:
    assert ran.exit_code == 0, ran.log
    return ran


@pytest.mark.parametrize("cdn", [*CDNS, "webhook"])
def test_what_changed_is_purged_and_nothing_else(cached: Job, edge: FakeEdge, cdn: str) -> None:
    before = addresses(cached)
    gone = set(cached.gallery.photos[0]["files"].values())
    ran = good(cached.runner.run("deploy", cdn=f"webhook:{edge.url}/hook" if cdn == "webhook" else cdn))
    stale = before - edge.held.keys()
    assert {"/", "/index.html", "/gallery-metadata.json", *(f"/{key}" for key in gone)} <= stale
    assert "/app.js" in edge.held
    kept = {f"/{key}" for key in cached.gallery.photos[1]["files"].values()}
    assert kept <= edge.held.keys()
    assert ran.outputs["purge-owed"] == "0"
    assert not debts(cached)


def test_several_caches(cached: Job, edge: FakeEdge) -> None:
    good(cached.runner.run("deploy", cdn="\n".join(CDNS)))
    assert {call.service for call in edge.calls} == {it.partition(":")[0] for it in CDNS}


def test_what_is_refused_is_owed_and_paid_by_a_run_with_nothing_to_do(cached: Job, edge: FakeEdge) -> None:
    edge.down = Reply(403, {"success": False, "errors": [{"code": 1, "message": "no such right"}]})
    ran = good(cached.runner.run("deploy", cdn="cloudflare:z1\nfastly:s1"))
    assert "no such right" in ran.log
    assert "still owed to cloudflare:z1" in ran.log
    assert int(ran.outputs["purge-owed"]) > 4
    assert "addresses are owed" in ran.summary
    assert len(debts(cached)) == 1
    told = good(cached.runner.run("verify"))
    assert "may be stale since" in told.log
    assert told.outputs["purge-owed"] == ran.outputs["purge-owed"]
    edge.down = None
    paid = good(cached.runner.run("deploy", cdn="cloudflare:z1\nfastly:s1"))
    assert paid.outputs["changed"] == "false"
    assert paid.outputs["purge-owed"] == "0"
    assert not debts(cached)
    assert "/gallery-metadata.json" not in edge.held
    assert good(cached.runner.run("verify")).outputs["purge-owed"] == "0"


def test_one_cache_down_is_no_other_ones_fault(cached: Job, edge: FakeEdge) -> None:
    good(cached.runner.run("deploy", cdn="cloudflare:z1\nbunny:42"))
    edge.calls.clear()
    cached.gallery.change(0, version=5)
    del cached.runner.event["BUNNY_API_KEY"]
    ran = good(cached.runner.run("deploy", cdn="cloudflare:z1\nbunny:42"))
    assert {call.service for call in edge.calls} == {"cloudflare"}
    assert "BUNNY_API_KEY" in ran.log
    document = json.loads(debts(cached)[0].read_bytes())
    assert [it["cache"] for it in document["owed"]] == ["bunny:42"]


def test_debts_of_several_runs_become_one(cached: Job, edge: FakeEdge) -> None:
    edge.down = Reply(403)
    good(cached.runner.run("deploy", cdn="keycdn:7"))
    cached.gallery.change(0, version=9)
    good(cached.runner.run("deploy", cdn="keycdn:7"))
    assert len(debts(cached)) == 1
    edge.down = None
    good(cached.runner.run("deploy", cdn="keycdn:7"))
    assert len(edge.calls) == 1


def test_purge_fail(cached: Job, edge: FakeEdge) -> None:
    edge.down = Reply(403)
    ran = cached.runner.run("deploy", cdn="fastly:s1", purge="fail")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (13, "purge-failed")
    assert ran.outputs["metadata-uploaded"] == ran.outputs["consistent"] == "true"
    assert len(debts(cached)) == 1
    assert "is online, but a cache was not purged" in ran.log


def test_a_cache_that_refuses_does_not_hide_what_ended_the_run(cached: Job, edge: FakeEdge) -> None:
    edge.down = Reply(403)
    (bucket(cached) / "photos/full/nobodys.jpg").write_bytes(b"x")
    ran = cached.runner.run("deploy", cdn="fastly:s1", purge="fail")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (4, "verify-failed"), ran.log
    assert "a cache may still hold the old one" in ran.log
    assert len(debts(cached)) == 1


def test_invalidate_cdn_false_leaves_it_to_a_later_run(cached: Job, edge: FakeEdge) -> None:
    ran = good(cached.runner.run("deploy", cdn="fastly:s1", invalidate_cdn="false"))
    assert not edge.calls
    assert int(ran.outputs["purge-owed"]) > 4
    good(cached.runner.run("deploy", cdn="fastly:s1"))
    assert "/gallery-metadata.json" not in edge.held


def test_a_cache_that_is_named_no_more_is_told_of(cached: Job, edge: FakeEdge) -> None:
    edge.down = Reply(403)
    good(cached.runner.run("deploy", cdn="fastly:s1"))
    edge.down = None
    ran = good(cached.runner.run("deploy", cdn="bunny:42"))
    assert "owed to fastly:s1, which cdn does not name any more" in ran.log
    assert len(debts(cached)) == 1


def test_many_changes_are_collapsed(cached: Job, edge: FakeEdge) -> None:
    good(cached.runner.run("deploy", cdn="cloudfront:E1", purge_max="4", force="true"))
    assert len(edge.purged) <= 4
    assert "/gallery-metadata.json" not in edge.held


@pytest.mark.parametrize("command", ["rollback", "forget"])
def test_rollback_and_forget_purge_too(cached: Job, edge: FakeEdge, command: str) -> None:
    good(cached.runner.run("deploy", cdn="fastly:s1"))
    edge.held, photo = dict.fromkeys(addresses(cached)), cached.gallery.photos[0]
    more = {"photo": photo["id"]} if command == "forget" else {}
    good(cached.runner.run(command, cdn="fastly:s1", **more))
    assert {"/gallery-metadata.json", *(f"/{key}" for key in photo["files"].values())}.isdisjoint(edge.held)
    assert not debts(cached)


def test_behind_a_path_of_the_public_address(cached: Job, edge: FakeEdge) -> None:
    edge.held = dict.fromkeys(["/wedding/gallery-metadata.json", "/wedding", "/gallery-metadata.json"])
    good(cached.runner.run("deploy", cdn="cloudflare:z1", public_url=f"{SITE}/wedding"))
    assert set(edge.held) == {"/gallery-metadata.json"}


def test_a_plan_purges_nothing(cached: Job, edge: FakeEdge) -> None:
    good(cached.runner.run("deploy", cdn="fastly:s1", dry_run="true"))
    assert not edge.asked
    assert not debts(cached)


def test_a_cache_that_needs_it_wants_the_public_address(cached: Job) -> None:
    ran = cached.runner.run("deploy", cdn="cloudflare:z1", public_url="")
    assert ran.exit_code == 2
    assert "cdn: needs public-url" in ran.log


def test_secrets_of_an_address_are_written_nowhere(cached: Job, edge: FakeEdge) -> None:
    edge.down = Reply(400, {"message": f"{edge.url}/hook?key=hush-hush does not take {TOKEN}"})
    ran = good(cached.runner.run("deploy", cdn=f"webhook:{edge.url}/hook?key=hush-hush"))
    log = "\n".join(line for line in ran.log.splitlines() if not line.startswith("::add-mask::"))
    written = log + ran.summary + json.dumps(ran.result) + debts(cached)[0].read_text()
    assert "hush-hush" not in written
    assert TOKEN not in written


def test_a_run_without_caches_imports_nothing_and_asks_for_nothing(cached: Job, edge: FakeEdge) -> None:
    plain = good(cached.runner.run("deploy"))
    modules = loaded(cached.runner.environment({"command": "deploy"}))
    assert not [name for name in modules if name.startswith("galleria_action.edge.") and ".routers" not in name]
    assert not edge.asked
    good(cached.runner.run("deploy", keep_releases="0"))
    cached.gallery.change(0, version=6)
    good(cached.runner.run("deploy", keep_releases="0"))
    cached.gallery.change(0, version=7)
    usual = good(cached.runner.run("deploy", keep_releases="0")).result["requests"]
    cached.gallery.change(0, version=8)
    with_caches = good(cached.runner.run("deploy", keep_releases="0", cdn="fastly:s1")).result["requests"]
    assert with_caches == usual | {"put": usual["put"] + 1, "delete": usual["delete"] + 1}
    assert plain.outputs["purge-owed"] == "0"


# -- previews ----------------------------------------------------------------------------------------------------------


def held_of_preview(job: Job, edge: FakeEdge) -> set[str]:
    """Somebody looks at all of the preview."""
    root = bucket(job)
    there = [path for path in (root / "previews/mine").rglob("*") if path.is_file()]
    held = {f"/{path.relative_to(root).as_posix()}": path.read_bytes() for path in there}
    edge.held |= held
    return set(held)


def test_a_preview_is_purged_with_each_deploy_and_when_it_goes(cached: Job, edge: FakeEdge) -> None:
    cdn = {"cdn": "cloudflare:z1"}
    good(cached.runner.run("deploy", preview="mine", **cdn))
    held_of_preview(cached, edge)
    live = [path for path in edge.held if not path.startswith("/previews/")]
    (cached.site / "index.html").write_text("<h1>Once more</h1>", encoding="utf-8")
    good(cached.runner.run("deploy", preview="mine", **cdn))
    assert "/previews/mine/index.html" not in edge.held
    assert "/previews/mine/app.js" in edge.held
    seen = held_of_preview(cached, edge)
    ran = good(cached.runner.run("cleanup", preview="mine", **cdn))
    assert not seen & edge.held.keys()
    assert ran.outputs["purge-owed"] == "0"
    assert edge.held.keys() == set(live), "nothing of the gallery itself was touched"
    assert not debts(cached)


def test_what_a_cache_holds_of_a_preview_that_is_gone_stays_owed(cached: Job, edge: FakeEdge) -> None:
    cdn = {"cdn": "cloudflare:z1"}
    good(cached.runner.run("deploy", preview="mine", **cdn))
    seen = held_of_preview(cached, edge)
    edge.down = Reply(403)
    (cached.site / "index.html").write_text("<h1>Once more</h1>", encoding="utf-8")
    good(cached.runner.run("deploy", preview="mine", **cdn))
    told = good(cached.runner.run("cleanup", preview="mine", **cdn))
    assert int(told.outputs["purge-owed"]) > 0
    assert "1 preview removed" in told.outputs["message"]
    refused = cached.runner.run("cleanup", preview="other", purge="fail", **cdn)
    assert refused.exit_code == 0, "what is owed for another is not its affair"
    edge.down = None
    assert good(cached.runner.run("deploy", **cdn)).outputs["purge-owed"] == "0"
    assert not seen & edge.held.keys()


def test_a_clean_up_that_names_no_cache_keeps_what_its_preview_owes(cached: Job, edge: FakeEdge) -> None:
    cdn = {"cdn": "cloudflare:z1"}
    good(cached.runner.run("deploy", preview="mine", **cdn))
    held_of_preview(cached, edge)
    edge.down = Reply(403)
    (cached.site / "index.html").write_text("<h1>Once more</h1>", encoding="utf-8")
    good(cached.runner.run("deploy", preview="mine", **cdn))
    edge.down = None
    good(cached.runner.run("cleanup", preview="mine"))
    assert "/previews/mine/index.html" in edge.held
    good(cached.runner.run("deploy", **cdn))
    assert "/previews/mine/index.html" not in edge.held


def test_purge_fail_when_a_preview_goes(cached: Job, edge: FakeEdge) -> None:
    cdn = {"cdn": "cloudflare:z1", "purge": "fail"}
    good(cached.runner.run("deploy", preview="mine", **cdn))
    held_of_preview(cached, edge)
    edge.down = Reply(403)
    ran = cached.runner.run("cleanup", preview="mine", **cdn)
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (13, "purge-failed"), ran.log
    assert "What was removed may be served by a cache still" in ran.log
    assert not [path for path in (bucket(cached) / "previews").rglob("*") if path.is_file()]
