"""Alerts and metrics of whole runs: who is told what, how often, and that nothing else depends on it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from galleria_action.deployment.stop import Stop
from galleria_action.errors import CredentialsError
from galleria_action.watch.memory import MEMORY_KEY
from galleria_action.watch.metrics import NAMES
from tests.doors.job import Job
from tests.doors.runner import ROOT
from tests.watch.receiver import Received, Receiver, receiving

KEY = bytes(range(32))
WHSEC = f"whsec_{base64.b64encode(KEY).decode()}"


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("galleria_action.watch.webhook.PAUSE_SECONDS", 0.01)


def hook(receiver: Receiver) -> str:
    return f"{receiver.url}/t0ken-in-the-path#{WHSEC}"


def opened(request: Received) -> dict[str, Any]:
    """The document of an alert, whose signature was checked as a receiver does."""
    name = request.headers["webhook-id"]
    text = f"{name}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{digest}"
    document: dict[str, Any] = json.loads(request.body)
    return document


def told(receiver: Receiver) -> list[str]:
    return [opened(it)["type"] for it in receiver.received]


def break_photo(job: Job) -> Callable[[], None]:
    photo = next((job.gallery.source / "full").iterdir())
    body = photo.read_bytes()
    photo.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")

    def mend() -> None:
        photo.write_bytes(body)

    return mend


def test_a_failure_a_second_one_and_the_recovery_are_told_once_each(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")
    with receiving() as receiver:
        job.runner.inputs["notify"] = hook(receiver)
        assert job.runner.run("deploy").exit_code == 0
        assert told(receiver) == [], "nobody asked for changes"
        mend = break_photo(job)
        for _ in range(2):
            ran = job.runner.run("deploy")
            assert ran.outputs["failure-reason"] == "gallery-invalid", ran.log
        mend()
        for _ in range(2):
            assert job.runner.run("deploy").exit_code == 0
    assert told(receiver) == [
        "gallery.deploy.failed", "gallery.deploy.still-failing", "gallery.deploy.recovered",
    ]  # fmt: skip
    data = opened(receiver.received[0])["data"]
    assert data["reason"] == "gallery-invalid"
    assert data["target"].endswith("/bucket/")
    assert data["message"] and data["remedy"]
    assert len({it.headers["webhook-id"] for it in receiver.received}) == 3


def test_what_is_remembered_lies_with_our_records_and_goes_when_all_is_well(
    make_job: Callable[..., Job], tmp_path: Path
) -> None:
    job, memory = make_job("folder"), tmp_path / "bucket" / MEMORY_KEY
    with receiving() as receiver:
        job.runner.inputs["notify"] = hook(receiver)
        mend = break_photo(job)
        job.runner.run("deploy")
        assert memory.exists()
        mend()
        assert job.runner.run("deploy").exit_code == 0
        assert not memory.exists()
        assert job.runner.run("verify").exit_code == 0, "our record is not an orphan"


def test_a_bucket_that_cannot_even_be_opened_is_told(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")

    def refused(*_: object) -> NoReturn:
        raise CredentialsError("There are no credentials for the bucket.")

    job.runner.opener = refused
    with receiving() as receiver:
        ran = job.runner.run("deploy", notify=hook(receiver))
    assert ran.outputs["failure-reason"] == "credentials", ran.log
    assert told(receiver) == ["gallery.deploy.failed"]
    assert "could be told" not in ran.log


def test_plans_are_nobodys_alarm(make_job: Callable[..., Job], tmp_path: Path) -> None:
    job = make_job("folder")
    break_photo(job)
    with receiving() as receiver:
        for command, dry in (("plan", "false"), ("validate", "false"), ("deploy", "true")):
            ran = job.runner.run(command, notify=hook(receiver), notify_on="always", dry_run=dry)
            assert ran.exit_code == 3, ran.log
    assert receiver.received == []
    assert not (tmp_path / "bucket" / MEMORY_KEY).exists()


def test_verify_tells_and_writes_nothing(make_job: Callable[..., Job], tmp_path: Path) -> None:
    job = make_job("folder")
    assert job.runner.run("deploy").exit_code == 0
    next((tmp_path / "bucket").rglob("*.jpg")).unlink()
    before = sorted((tmp_path / "bucket").rglob("*"))
    with receiving() as receiver:
        assert job.runner.run("verify", notify=hook(receiver)).exit_code == 4
    assert told(receiver) == ["gallery.verify.failed"]
    assert sorted((tmp_path / "bucket").rglob("*")) == before


def test_changes_are_told_with_the_way_back(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")
    with receiving() as receiver:
        job.runner.inputs |= {"notify": hook(receiver), "notify-on": "change"}
        first = job.runner.run("deploy")
        job.site.joinpath("index.html").write_text("<h1>Later</h1>")
        second = job.runner.run("deploy")
        job.runner.run("deploy")
    assert told(receiver) == ["gallery.deploy.changed"] * 2
    data = opened(receiver.received[1])["data"]
    assert data["release"] == second.outputs["release-id"]
    assert data["previous"] == first.outputs["release-id"]


def test_a_run_that_is_stopped_tells_so(make_job: Callable[..., Job]) -> None:
    job, stop = make_job("folder"), Stop()
    stop.request(signal.SIGTERM)
    with receiving() as receiver:
        ran = job.runner.run("deploy", stop, notify=hook(receiver))
    assert ran.exit_code == 143
    assert told(receiver) == ["gallery.deploy.failed"]
    assert opened(receiver.received[0])["data"]["reason"] == "cancelled"


def test_a_busy_receiver_is_asked_again_with_the_same_id(
    make_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("folder")
    with receiving(503, 429) as receiver:
        ran = job.runner.run("deploy", notify=hook(receiver), notify_on="always")
    assert ran.exit_code == 0
    assert "could not be told" not in ran.log
    assert len(receiver.received) == 3
    assert len({it.headers["webhook-id"] for it in receiver.received}) == 1


def test_who_cannot_be_told_changes_nothing_and_is_named_without_the_address(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")
    with receiving(403) as receiver:
        dead = f"http://127.0.0.1:9/t0ken-in-the-path#{WHSEC}"
        ran = job.runner.run("deploy", notify=f"{hook(receiver)}\n{dead}", notify_on="always")
    assert ran.exit_code == 0, ran.log
    assert "notify: address 1 (webhook) could not be told: it answered 403" in ran.log
    assert "notify: address 2 (webhook) could not be told: 127.0.0.1 cannot be reached" in ran.log
    visible = [line for line in ran.log.splitlines() if not line.startswith("::add-mask::")]
    assert not any("t0ken" in line or "whsec" in line for line in visible)


def test_a_service_is_told_through_apprise(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")
    break_photo(job)
    with receiving() as receiver:
        ran = job.runner.run("deploy", notify=receiver.url.replace("http://", "json://"))
    assert ran.exit_code == 3
    assert len(receiver.received) == 1
    document = json.loads(receiver.received[0].body)
    assert document["title"].startswith("Galleria: deploy failed (gallery-invalid)")
    assert "What to do" in document["message"]


def test_an_address_that_nobody_knows_is_told_at_the_beginning(make_job: Callable[..., Job]) -> None:
    ran = make_job("folder").runner.run("deploy", notify="nosuchservice://s3cr3t-word")
    assert ran.exit_code == 0, ran.log
    assert "notify: nobody is told at address 1 (nosuchservice)" in ran.log
    assert ran.result["warnings"] and "s3cr3t" not in json.dumps(ran.result)


def test_what_is_not_an_address_is_a_mistake(make_job: Callable[..., Job]) -> None:
    ran = make_job("folder").runner.run("deploy", notify="s3cr3t word")
    assert ran.outputs["failure-reason"] == "config-invalid"
    assert "notify: address 1 cannot be read" in ran.log


def test_a_config_file_names_nobody(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")
    (job.workspace / "galleria.yml").write_text("notify: ntfy://topic\n")
    assert job.runner.run("deploy").outputs["failure-reason"] == "config-invalid"


def families(text: str) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            own = {name: value for name, value in sample.labels.items() if name not in ("gallery", "command")}
            found.setdefault(sample.name, {})[tuple(own.values())] = sample.value
    return found


def test_metrics_of_a_deploy_and_of_a_failure(make_job: Callable[..., Job]) -> None:
    job, path = make_job("folder"), "metrics/galleria.prom"
    (job.workspace / "metrics").mkdir()
    ran = job.runner.run("deploy", metrics_file=path)
    assert ran.exit_code == 0, ran.log
    text = (job.workspace / path).read_text()
    assert text.endswith("# EOF\n")
    found = families(text)
    assert set(found) <= set(NAMES)
    assert set(NAMES) - set(found) == {"galleria_probe_success"}, "nobody looked as a visitor"
    assert found["galleria_run_success"] == {(): 1.0}
    assert found["galleria_photos_uploaded"] == {(): 3.0}
    assert found["galleria_release_info"] == {(ran.outputs["release-id"],): 1.0}
    assert {("validate",), ("plan",), ("deploy",), ("upload",)} <= set(found["galleria_phase_duration_seconds"])
    break_photo(job)
    job.runner.run("deploy", metrics_file=path)
    failed = families((job.workspace / path).read_text())
    assert failed["galleria_run_exit_code"] == {(): 3.0}
    assert "galleria_consistent" not in failed, "nobody looked"


def test_metrics_are_pushed_and_a_gateway_that_is_away_changes_nothing(make_job: Callable[..., Job]) -> None:
    job = make_job("folder")
    with receiving() as receiver:
        assert job.runner.run("plan", metrics_push=f"{receiver.url}/gateway").exit_code == 0
    pushed = receiver.received[0]
    assert pushed.method == "PUT"
    assert pushed.path.startswith("/gateway/metrics/job/galleria/gallery@base64/")
    assert pushed.path.endswith("/command/plan")
    assert b"galleria_run_success" in pushed.body and b"# EOF" not in pushed.body
    ran = job.runner.run("deploy", metrics_push="http://127.0.0.1:9")
    assert ran.exit_code == 0
    assert "The metrics could not be pushed: 127.0.0.1 cannot be reached" in ran.log


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    dashboard = (ROOT / "examples/grafana-dashboard.json").read_text()
    asked = {
        word
        for panel in json.loads(dashboard)["panels"]
        for target in panel["targets"]
        for word in target["expr"].replace("{", " ").split()
        if word.startswith("galleria_")
    }
    assert asked and asked <= set(NAMES)
