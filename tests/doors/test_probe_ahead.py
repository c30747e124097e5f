"""Slots and previews are looked at before anybody is sent there, where they can be asked for; else that is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from galleria_action.deployment.stop import Stop
from galleria_action.fence.place import Place
from galleria_action.options import Options
from galleria_action.options.previews import PreviewOptions
from galleria_action.options.review import ReviewOptions
from galleria_action.usecases.context import Context
from tests.doors.job import Job
from tests.doors.test_probe import failed, hides
from tests.doors.test_purge import bucket, good
from tests.edge.web import Web, web

POINTER = {"strategy": "blue-green", "router": "pointer"}


@pytest.fixture
def online(make_job: Callable[..., Job]) -> Iterator[tuple[Job, Web]]:
    """A gallery that visitors see, a release in slot a, and changes waiting."""
    job = make_job()
    bucket(job).mkdir(exist_ok=True)
    with web(bucket(job)) as site:
        job.runner.inputs |= {"public-url": site.url, "max-delete": "100%", "probe-timeout": "1", "probe": "fail"}
        yield job, site


def changed(job: Job) -> None:
    job.gallery.change(0)
    (job.site / "index.html").write_text("<h1>Again</h1>", encoding="utf-8")


def edge(job: Job) -> Callable[[str, str], str]:
    """The examples' edge: where live.json says, or where a page's visitor belongs."""

    def leads(path: str, cookies: str) -> str:
        if path.startswith(("/slots/", "/live.json")):
            return "/nothing"
        pinned = re.search(r"gallery=([ab])", cookies)
        live = bucket(job) / "live.json"
        folder = json.loads(live.read_bytes())["live"] if live.is_file() else ""
        return f"/slots/{pinned[1]}{path}" if pinned else f"/{folder}{path.lstrip('/')}"

    return leads


def in_slots(job: Job, site: Web) -> None:
    """A release that lies in a slot, and a change."""
    job.runner.inputs |= POINTER
    site.leads = edge(job)
    good(job.runner.run("deploy"))
    changed(job)
    site.asked.clear()


def live(job: Job) -> str:
    return str(json.loads((bucket(job) / "live.json").read_bytes())["live"])


def test_a_slot_is_looked_at_with_the_cookie_of_its_pages(online: tuple[Job, Web]) -> None:
    job, site = online
    in_slots(job, site)
    ran = good(job.runner.run("deploy"))
    assert "Visitors would get what lies in slots/b/" in ran.log
    assert ran.log.index("would get") < ran.log.index("Switching to slots/b/") < ran.log.index("Visitors get what")
    assert site.asked.count("/slots/b/index.html") == 2, "before the switch, and after it"
    assert ran.outputs["probe"] == "passed"


@pytest.mark.parametrize("probe", ["fail", "rollback"])
def test_what_visitors_would_not_get_is_not_switched_to(online: tuple[Job, Web], probe: str) -> None:
    job, site = online
    in_slots(job, site)
    site.rule = hides("/slots/b/index.html")
    ran = failed(job.runner.run("deploy", probe=probe))
    assert "Nothing was switched" in ran.log
    assert live(job) == "slots/a/"
    assert ran.outputs["metadata-uploaded"] == "false"
    assert ran.outputs["release-id"] == ""
    site.rule = lambda path, usual: usual
    good(job.runner.run("deploy", probe=probe))
    assert live(job) == "slots/b/"


def test_probe_warn_goes_on(online: tuple[Job, Web]) -> None:
    job, site = online
    in_slots(job, site)
    site.rule = hides("/slots/b/index.html")
    ran = good(job.runner.run("deploy", probe="warn"))
    assert any("Visitors would not get what lies in slots/b/" in text for text in ran.result["warnings"])
    assert live(job) == "slots/b/"


def test_an_edge_that_knows_no_cookies_is_said(online: tuple[Job, Web]) -> None:
    job, site = online
    in_slots(job, site)
    routed = site.leads
    site.leads = lambda path, cookies: routed(path, "")
    ran = good(job.runner.run("deploy"))
    assert "slots/b/ cannot be asked for by itself here" in ran.log
    assert ran.outputs["probe"] == "passed"


def test_what_waits_for_a_person_was_looked_at_and_is_once_more(online: tuple[Job, Web]) -> None:
    job, site = online
    in_slots(job, site)
    ran = good(job.runner.run("deploy", promote="manual"))
    assert (ran.outputs["probe"], live(job)) == ("passed", "slots/a/")
    site.rule = hides("/slots/b/index.html")
    failed(job.runner.run("promote"))
    assert live(job) == "slots/a/"
    site.rule = lambda path, usual: usual
    good(job.runner.run("promote"))
    assert live(job) == "slots/b/"


def test_each_share_of_a_canary_is_looked_at(online: tuple[Job, Web]) -> None:
    job, site = online
    in_slots(job, site)
    canary = {"strategy": "canary", "canary": "10,50,100", "canary_wait": "0"}
    ran = good(job.runner.run("deploy", **canary))
    assert ran.log.count("Visitors would get what lies in slots/b/") == 3
    job.gallery.change(1)

    def breaks(path: str, usual: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
        document = json.loads((bucket(job) / "live.json").read_bytes())
        hidden = document["canary"] and document["canary"]["percent"] == 50 and path.startswith("/slots/a/")
        return (500, {}, b"") if hidden else usual

    site.rule = breaks
    ran = failed(job.runner.run("deploy", **canary))
    assert "50 % of the visitors" in ran.log
    assert json.loads((bucket(job) / "live.json").read_bytes())["canary"] is None
    assert live(job) == "slots/b/"


def test_a_rollback_looks_at_the_slot_that_it_switches_to(online: tuple[Job, Web]) -> None:
    job, site = online
    in_slots(job, site)
    good(job.runner.run("deploy"))
    site.rule = hides("/slots/a/index.html")
    failed(job.runner.run("rollback", strategy=""))
    assert live(job) == "slots/b/"
    site.rule = lambda path, usual: usual
    good(job.runner.run("rollback", strategy=""))
    assert live(job) == "slots/a/"


def test_without_a_router_a_slot_is_looked_at_by_its_folder(online: tuple[Job, Web]) -> None:
    job, site = online
    good(job.runner.run("deploy"))
    changed(job)
    before = (bucket(job) / "index.html").read_bytes()
    site.rule = hides("/slots/a/index.html")
    failed(job.runner.run("deploy", strategy="blue-green"))
    assert (bucket(job) / "index.html").read_bytes() == before
    site.rule = lambda path, usual: (404, {}, b"") if path.startswith("/slots/") else usual
    ran = good(job.runner.run("deploy", strategy="blue-green"))
    assert "slots/a/ cannot be asked for by itself here" in ran.log


def test_a_distribution_shows_no_slot_before_the_switch(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from galleria_action.deployment.layout import Layout
    from galleria_action.edge.routers.kinds import parse_router
    from galleria_action.options.edge import EdgeOptions, Probe
    from galleria_action.options.strategy import StrategyOptions
    from galleria_action.usecases.parts.probing_ahead import look_ahead

    options = Options(
        command="deploy",
        review=ReviewOptions(public_url="https://photos.example"),
        edge=EdgeOptions(probe=Probe.FAIL),
        strategy=StrategyOptions(router=parse_router("cloudfront:E12345678")),
    )
    said: list[str] = []
    context = Context(options, Place(tmp_path), Stop(), lambda event: said.append(str(event)))
    look_ahead(context, SimpleNamespace(slot=SimpleNamespace(layout=Layout.slot("a")), caches=None))  # type: ignore[arg-type]
    assert "nobody can ask for slots/a/ before the switch" in said[0]


# -- previews --------------------------------------------------------------------------------------------------------


def test_a_preview_is_looked_at_where_it_lies(online: tuple[Job, Web]) -> None:
    job, site = online
    good(job.runner.run("deploy"))
    changed(job)
    site.asked.clear()
    ran = good(job.runner.run("deploy", preview="mine"))
    assert ran.outputs["probe"] == "passed"
    assert "/previews/mine/index.html" in site.asked
    site.rule = hides("/previews/mine/index.html")
    job.gallery.change(1)
    ran = failed(job.runner.run("deploy", preview="mine", probe="rollback"))
    assert ran.outputs["preview-url"] == ""
    assert (bucket(job) / "index.html").read_text() == "<h1>Wedding</h1>"


def test_a_preview_in_a_bucket_of_its_own_is_looked_at_where_the_workflow_says(
    online: tuple[Job, Web], tmp_path: Path
) -> None:
    job, _ = online
    good(job.runner.run("deploy"))
    changed(job)
    own = tmp_path / "previews-bucket"
    own.mkdir()
    place = {"preview": "mine", "preview_bucket": f"file://{own}"}
    ran = good(job.runner.run("deploy", **place))
    assert "nobody says where this one is seen" in ran.log
    assert ran.outputs["probe"] == ""
    with web(own / "previews/mine") as host:
        ran = good(job.runner.run("deploy", **place, environment_url=f"{host.url}/index.html"))
        assert ran.outputs["probe"] == "passed"
        host.rule = hides("/index.html")
        failed(job.runner.run("deploy", **place, environment_url=host.url))


@pytest.mark.parametrize(
    ("bucket", "own", "address"),
    [
        (None, "https://x.example", "https://h/wedding/previews/pr-1"),
        ("s3://other", None, None),
        ("s3://other", "https://pr-1.example", "https://pr-1.example"),
        ("s3://other", "https://pr-1.example/index.html", "https://pr-1.example"),
        ("s3://other", "https://x.example/pr-1/", "https://x.example/pr-1"),
    ],
)
def test_where_a_preview_is_seen(tmp_path: Path, bucket: str | None, own: str | None, address: str | None) -> None:
    options = Options(
        command="deploy",
        review=ReviewOptions(public_url="https://h/wedding", environment_url=own),
        previews=PreviewOptions(preview_bucket=bucket),
    )
    context = Context(options, Place(tmp_path), Stop(), preview="pr-1")
    assert context.visited_at == context.preview_at("pr-1") == address
    assert context.hidden == (address is None)
    if bucket:
        assert context.preview_at("pr-2") is None, "the address is that of one preview"
