"""After a deploy somebody looks as a visitor does; what is not seen is told, fails the run, or is taken back."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from galleria_action.deployment.stop import Stop
from galleria_action.edge.probe.judging import Grade, Remark
from galleria_action.edge.probe.visitor import Visitor
from galleria_action.fence.place import Place
from galleria_action.options import Options
from galleria_action.options.previews import PreviewOptions
from galleria_action.options.review import ReviewOptions
from galleria_action.usecases.context import Context
from tests.doors.job import Job
from tests.doors.pull_requests import Project
from tests.doors.runner import Ran
from tests.doors.test_imports import loaded
from tests.doors.test_purge import bucket, good
from tests.edge.web import Answer, Web, web


@pytest.fixture
def online(make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Job, Web]]:
    """A gallery that visitors see, and changes waiting."""
    job = make_job()
    bucket(job).mkdir(exist_ok=True)
    with web(bucket(job)) as site:
        job.runner.inputs |= {"public-url": site.url, "max-delete": "100%", "probe-timeout": "1"}
        good(job.runner.run("deploy"))
        job.gallery.change(0)
        job.gallery.remove(1)
        (job.site / "index.html").write_text("<h1>Again</h1>", encoding="utf-8")
        yield job, site


def hides(page: str) -> Callable[[str, Answer], Answer]:
    return lambda path, usual: (404, {}, b"hidden") if path == page else usual


def hides_new(body: bytes) -> Callable[[str, Answer], Answer]:
    """A rule that refuses what has ``body`` in it."""
    return lambda path, usual: (403, {}, b"blocked") if body in usual[2] else usual


def failed(ran: Ran) -> Ran:
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (12, "probe-failed"), ran.log
    return ran


def test_what_visitors_get_is_looked_at(online: tuple[Job, Web]) -> None:
    job, site = online
    ran = good(job.runner.run("deploy", probe="fail"))
    assert ran.outputs["probe"] == "passed"
    changed = job.gallery.photos[0]["files"].values()
    assert {"/gallery-metadata.json", "/index.html", *(f"/{key}" for key in changed)} <= set(site.asked)
    assert "Visitors get what was deployed" in ran.log
    assert "(Age: 7)" in ran.log


def test_probe_fail(online: tuple[Job, Web]) -> None:
    job, site = online
    site.rule = hides("/index.html")
    ran = failed(job.runner.run("deploy", probe="fail"))
    assert ran.outputs["probe"] == "failed"
    assert "index.html: is answered with 404" in ran.log
    assert ran.outputs["metadata-uploaded"] == "true"
    assert (bucket(job) / "index.html").read_text() == "<h1>Again</h1>"


def test_probe_warn(online: tuple[Job, Web]) -> None:
    job, site = online
    site.rule = hides("/index.html")
    ran = good(job.runner.run("deploy", probe="warn"))
    assert ran.outputs["probe"] == "failed"
    assert any("Visitors do not get what was deployed" in text for text in ran.result["warnings"])


def test_probe_rollback(online: tuple[Job, Web]) -> None:
    job, site = online
    before = (bucket(job) / "gallery-metadata.json").read_bytes()
    site.rule = hides_new(b"Again")
    ran = failed(job.runner.run("deploy", probe="rollback"))
    assert ran.outputs["probe"] == "rolled-back"
    assert "It was rolled back within" in ran.outputs["message"]
    assert "It was rolled back: the release before is live again." in ran.log
    assert "the new gallery is live" not in ran.log + ran.summary
    assert "rolled back" in ran.summary
    assert (bucket(job) / "gallery-metadata.json").read_bytes() == before
    assert (bucket(job) / "index.html").read_text() == "<h1>Wedding</h1>"
    good(job.runner.run("verify", probe="fail"))
    site.rule = lambda path, usual: usual
    assert good(job.runner.run("deploy", probe="rollback")).outputs["probe"] == "passed"


def test_a_rollback_that_is_live_with_a_fault_is_told_as_live(online: tuple[Job, Web]) -> None:
    """Meanwhile another tool deletes a photo that neither the deploy nor the rollback touches."""
    job, site = online
    lost = bucket(job) / job.gallery.photos[-1]["files"]["web"]
    refuse = hides_new(b"Again")

    def rule(path: str, usual: Answer) -> Answer:
        lost.unlink(missing_ok=True)
        return refuse(path, usual)

    site.rule = rule
    ran = failed(job.runner.run("deploy", probe="rollback"))
    assert ran.outputs["probe"] == "rolled-back", ran.log
    assert "It was rolled back within" in ran.log and "but not all is as it should be" in ran.log
    assert "1 missing" in ran.log and "the new release is live" not in ran.log
    assert (bucket(job) / "index.html").read_text() == "<h1>Wedding</h1>"


def test_a_first_release_has_nothing_to_go_back_to(make_job: Callable[..., Job]) -> None:
    job = make_job()
    bucket(job).mkdir()
    with web(bucket(job)) as site:
        site.rule = hides("/index.html")
        ran = failed(job.runner.run("deploy", probe="rollback", public_url=site.url, probe_timeout="1"))
    assert "could not be rolled back, so the new release is live" in ran.log
    assert ran.outputs["probe"] == "failed"


def test_what_an_earlier_release_would_not_mend_is_not_taken_back(
    online: tuple[Job, Web], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = online
    ends = Remark("", Grade.AROUND, "The certificate of photos.example.org ends in 1 day")
    monkeypatch.setattr(Visitor, "_certificate", lambda self: [ends])
    ran = failed(job.runner.run("deploy", probe="rollback"))
    assert "The release stays" in ran.log
    assert (bucket(job) / "index.html").read_text() == "<h1>Again</h1>"


def test_nothing_to_do_is_looked_at_too_and_takes_nothing_back(online: tuple[Job, Web]) -> None:
    job, site = online
    good(job.runner.run("deploy", probe="rollback"))
    site.rule = hides("/gallery-metadata.json")
    failed(job.runner.run("deploy", probe="rollback"))
    assert (bucket(job) / "index.html").read_text() == "<h1>Again</h1>"


@pytest.mark.parametrize("command", ["verify", "rollback"])
def test_verify_and_rollback_can_look_too(online: tuple[Job, Web], command: str) -> None:
    job, site = online
    good(job.runner.run("deploy"))
    assert good(job.runner.run(command, probe="fail")).outputs["probe"] == "passed"
    site.rule = hides("/gallery-metadata.json")
    failed(job.runner.run("verify", probe="fail"))


def test_without_a_public_address_nothing_can_be_seen(online: tuple[Job, Web]) -> None:
    ran = online[0].runner.run("deploy", probe="warn", public_url="")
    assert ran.exit_code == 2
    assert "probe: needs public-url" in ran.log


@pytest.mark.parametrize(
    ("preview", "bucket", "address"),
    [
        ("", None, "https://h/wedding"),
        ("pr-1", None, "https://h/wedding/previews/pr-1"),
        ("pr-1", "s3://other", None),
    ],
)
def test_a_preview_is_looked_at_where_it_lies(
    tmp_path: Path, preview: str, bucket: str | None, address: str | None
) -> None:
    options = Options(
        command="deploy",
        review=ReviewOptions(public_url="https://h/wedding"),
        previews=PreviewOptions(preview_bucket=bucket),
    )
    context = Context(options, Place(tmp_path), Stop(), preview=preview)
    assert context.visited_at == address


def test_a_run_without_it_looks_at_nothing(online: tuple[Job, Web]) -> None:
    job, site = online
    good(job.runner.run("deploy"))
    site.asked.clear()
    modules = loaded(job.runner.environment({"command": "verify"}))
    assert not [name for name in modules if name.startswith("galleria_action.edge.") and ".routers" not in name]
    assert not site.asked


def test_fifty_visitors_see_the_old_one_again(online: tuple[Job, Web]) -> None:
    """Nobody sees a page that was hidden for longer than the probe and the rollback take."""
    job, site = online
    site.rule = hides_new(b"Again")
    hidden: list[tuple[float, int]] = []
    over = threading.Event()

    def visits() -> None:
        while not over.is_set():
            try:
                with urllib.request.urlopen(f"{site.url}/index.html", timeout=5) as answer:
                    status = answer.status
            except urllib.error.HTTPError as error:
                status = error.code
            hidden.append((time.monotonic(), status))
            over.wait(0.05)

    visitors = [threading.Thread(target=visits, daemon=True) for _ in range(50)]
    for visitor in visitors:
        visitor.start()
    try:
        failed(job.runner.run("deploy", probe="rollback"))
        ended = time.monotonic()
        time.sleep(0.3)
    finally:
        over.set()
        for visitor in visitors:
            visitor.join()
    refused = [at for at, status in hidden if status != 200]
    assert refused
    assert max(refused) <= ended
    assert {status for at, status in hidden if at > ended} == {200}


FIRST, SECOND = "c4" * 20, "d5" * 20


def pushed(project: Project, commit: str, command: str = "deploy", **inputs: str) -> Ran:
    event = {"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": commit}
    return project.run(command, event, {"after": commit}, None, inputs)


def deployments(project: Project) -> list[tuple[str, list[str]]]:
    found = project.github.deployments.values()
    return [(it["ref"], [one["state"] for one in it["statuses"]]) for it in found]


def test_deployments_tell_what_visitors_see(project: Project) -> None:
    job = project.job
    bucket(job).mkdir(exist_ok=True)
    with web(bucket(job)) as site:
        job.runner.inputs |= {"public-url": site.url, "probe": "rollback", "probe-timeout": "1"}
        good(pushed(project, FIRST))
        assert deployments(project) == [(FIRST, ["in_progress", "success"])]
        (job.site / "index.html").write_text("<h1>Again</h1>", encoding="utf-8")
        site.rule = hides_new(b"Again")
        project.github.deployments.clear()
        failed(pushed(project, SECOND))
        assert deployments(project) == [(SECOND, ["in_progress", "failure", "inactive"]), (FIRST, ["success"])]
        told = next(iter(project.github.deployments.values()))["statuses"][1]["description"]
        assert told.startswith("probe-failed: Visitors do not get what was deployed: index.html")
        assert len(told) <= 140


def test_deployments_after_a_rollback(project: Project) -> None:
    job = project.job
    job.runner.inputs |= {"environment-url": "https://photos.example.org"}
    good(pushed(project, FIRST))
    job.gallery.change(0)
    good(pushed(project, SECOND))
    project.github.deployments.clear()
    good(pushed(project, SECOND, "rollback"))
    assert deployments(project) == [(SECOND, ["in_progress", "inactive"]), (FIRST, ["success"])]
