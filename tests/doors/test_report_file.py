"""``report-file`` through the doors: pictures of what a plan changes, taken before anything is written."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from galleria_action.gallery.bare import bare_picture
from galleria_action.usecases.parts import pictures
from tests.doors.job import Job
from tests.doors.runner import ROOT
from tests.doors.test_failures import failed
from tests.doors.test_sequence import ok, store_of
from tests.reliability.scenes import state_of


def shown(page: Path) -> dict[str, list[bytes]]:
    """The pictures of each section by its heading."""
    parts = re.split(r"<h2>(.*?)</h2>", page.read_text(encoding="utf-8"))
    return {
        heading: [base64.b64decode(text) for text in re.findall(r'src="data:image/\w+;base64,([^"]+)"', body)]
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def bare(body: bytes) -> bytes:
    found = bare_picture(body)
    assert found is not None
    return found.body


@pytest.fixture
def online(job: Job) -> Job:
    """A gallery of three that is online; then the first is changed, the second removed, a fourth is new."""
    ok(job.runner.run("deploy"))
    return job


def change(job: Job) -> tuple[bytes, bytes, bytes, bytes]:
    """Thumbnails: of the first photo as it was and is now, of the one that goes, of the new one."""
    thumb = job.gallery.local_path
    before, gone = thumb(0, "thumb").read_bytes(), thumb(1, "thumb").read_bytes()
    job.gallery.change(0)
    job.gallery.remove(1)
    job.gallery.add(9)
    return before, thumb(0, "thumb").read_bytes(), gone, thumb(2, "thumb").read_bytes()


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_what_changes_is_shown(online: Job, command: str) -> None:
    before, after, gone, new = change(online)
    ran = ok(online.runner.run(command, report_file="reports/gallery.html", max_delete="3"))
    assert ran.outputs["report-file"] == "reports/gallery.html"
    assert ran.result["report_file"] == "reports/gallery.html"
    pictures = shown(online.workspace / "reports/gallery.html")
    assert pictures["Changed photos"] == [bare(before), bare(after)]
    assert pictures["Removed photos"] == [bare(gone)]
    assert pictures["New photos"] == [bare(new)]


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_what_a_rollback_brings_back_is_shown(online: Job, dry_run: str) -> None:
    before, after, gone, new = change(online)
    ok(online.runner.run("deploy", max_delete="3"))
    ok(online.runner.run("rollback", dry_run=dry_run, max_delete="3", report_file="back.html"))
    pictures = shown(online.workspace / "back.html")
    assert pictures["Changed photos"] == [bare(after), bare(before)]
    assert pictures["Removed photos"] == [bare(new)]
    assert pictures["New photos"] == [bare(gone)]


def test_without_it_nothing_more_is_asked_of_the_store(make_job) -> None:
    job = make_job()
    ok(job.runner.run("deploy"))
    change(job)
    plain = ok(job.runner.run("plan", max_delete="3"))
    with_report = ok(job.runner.run("plan", max_delete="3", report_file="x.html"))
    assert plain.outputs["report-file"] == ""
    assert with_report.result["requests"]["get"] == plain.result["requests"]["get"] + 2
    assert plain.outputs["plan-id"] == with_report.outputs["plan-id"]


def test_pictures_stay_within_the_budget(make_job, monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(photos=6)
    size = len(bare(job.gallery.local_path(0, "thumb").read_bytes()))
    monkeypatch.setattr(pictures, "MOST_BYTES", 3 * size + size // 2)
    monkeypatch.setattr(pictures, "MOST_TILES", 5)
    ok(job.runner.run("plan", report_file="x.html"))
    text = (job.workspace / "x.html").read_text()
    assert 0 < len(shown(job.workspace / "x.html")["New photos"]) <= 4
    assert text.count("no picture") >= 1
    assert "6 photos, of which the first 5 are here" in text


def test_a_verification_and_a_failure_have_one_too(make_job) -> None:
    job = make_job()
    ok(job.runner.run("deploy"))
    ok(job.runner.run("verify", report_file="v.html"))
    assert "all are there and as they should be" in (job.workspace / "v.html").read_text()
    job.gallery.local_path(0, "full").unlink()
    ran = failed(job.runner.run("deploy", report_file="f.html"), "gallery-invalid")
    assert ran.outputs["report-file"] == "f.html"
    text = (job.workspace / "f.html").read_text()
    assert 'class="failed"' in text and "Problems" in text


def test_where_it_cannot_be_written_the_run_goes_on_and_says_so(make_job) -> None:
    job = make_job()
    (job.workspace / "report.html").mkdir()
    ran = ok(job.runner.run("deploy", report_file="report.html"))
    assert ran.outputs["report-file"] == ""
    assert any("'report.html' cannot be written: " in text for text in ran.result["warnings"])
    assert list((job.workspace / "report.html").iterdir()) == []


def test_outside_of_the_workspace_it_is_refused_before_anything_is_done(make_job) -> None:
    job = make_job()
    ran = failed(job.runner.run("deploy", report_file="../outside.html"), "config-invalid")
    assert ran.exit_code == 2
    assert "report-file: '../outside.html' is outside of the workspace" in ran.log
    assert ran.outputs["report-file"] == ""
    assert not (job.workspace.parent / "outside.html").exists()
    assert state_of(store_of(job)) == {}


def test_without_its_engine_it_is_refused_before_anything_is_done(make_job, tmp_path: Path) -> None:
    job = make_job()
    hidden = "import sys; sys.modules['jinja2'] = None; from galleria_action.__main__ import main; main()"
    bucket = f"file://{tmp_path}/online"
    done = subprocess.run(
        [sys.executable, "-c", hidden, "deploy", "--bucket", bucket, "--report-file", "x.html", "--json"],
        cwd=job.workspace,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert json.loads(done.stdout)["failure_reason"] == "config-invalid"
    assert "galleria-action[report]" in done.stderr
    assert not (tmp_path / "online").exists()
