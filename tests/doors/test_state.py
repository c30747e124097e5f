"""The option ``state``: where our own records lie, and who can read them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from galleria_action.storage.providers import PrivateBy, profiles
from tests.doors.job import Job
from tests.doors.s3_job import MANIFEST, PREFIX, Start
from tests.s3 import BUCKET

_READABLE = "Anybody can read"


# -- over a service ----------------------------------------------------------------------------------------------------


def test_records_go_into_a_place_of_their_own_and_copies_go_between_the_two(start: Start):
    job = start()
    own = [key for key in job.s3.objects if key.startswith(f"{PREFIX}.galleria/")]
    assert own
    ran = job.runner.run("deploy", state=f"s3://{BUCKET}/private/wedding", acl="public-read")
    assert ran.exit_code == 0, ran.log
    assert "taken along" in ran.log
    assert "sent again" not in ran.log
    assert not [key for key in job.s3.objects if key.startswith(f"{PREFIX}.galleria/")]
    records = {key for key in job.s3.objects if key.startswith("private/")}
    kept = ("private/wedding/releases/", "private/wedding/pool/")
    assert {key for key in records if not key.startswith(kept)} == {
        "private/wedding/manifest.json",
        "private/wedding/owner.json",
    }
    assert all(any(key.startswith(folder) for key in records) for folder in kept)
    assert job.live() == job.gallery.raw
    assert job.runner.run("verify", state=f"s3://{BUCKET}/private/wedding").exit_code == 0
    assert ran.result["requests"]["put"] > 5


def test_a_service_that_does_not_copy_gets_the_bytes_again(start: Start):
    job = start("hetzner")
    ran = job.runner.run("deploy", state=f"s3://{BUCKET}/private/wedding", provider="hetzner")
    assert ran.exit_code == 0, ran.log
    assert "could not be copied inside the service and were sent again" in ran.log
    assert job.live() == job.gallery.raw


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("private", "neither .galleria/ nor s3://bucket/prefix nor file:///folder"),
        ("https://example.org/x", "neither"),
        (f"s3://{BUCKET}/{PREFIX}records", "lie in each other"),
        (f"s3://{BUCKET}", "lie in each other"),
        ("s3://No Bucket/x", "is not a valid bucket name"),
        ("file:///", "is the whole file system"),
        ("s3://other/../x", "must not contain '..'"),
    ],
)
def test_a_place_that_cannot_be_is_refused(start: Start, state: str, says: str):
    job = start()
    ran = job.runner.run("deploy", state=state)
    assert ran.exit_code == 2, ran.log
    assert "state" in ran.log
    assert says in ran.log
    assert job.untouched()


def test_a_gallery_in_a_folder_keeps_its_records_in_one(make_job: Callable[..., Job], tmp_path: Path):
    job = make_job("folder")
    refused = job.runner.run("deploy", state="s3://records/wedding")
    assert refused.exit_code == 2
    assert "keeps its records in a folder" in refused.log
    inside = job.runner.run("deploy", state=f"file://{tmp_path}/bucket/records")
    assert "lie in each other" in inside.log
    assert job.runner.run("deploy", state=f"file://{tmp_path}/records").exit_code == 0
    assert not (tmp_path / "bucket/.galleria").exists()
    assert sorted(path.name for path in (tmp_path / "records").iterdir()) == ["manifest.json", "owner.json", "releases"]
    job.gallery.change(0)
    assert job.runner.run("deploy", state=f"file://{tmp_path}/records").exit_code == 0


# -- who can read them -------------------------------------------------------------------------------------------------


class _Site(SimpleHTTPRequestHandler):
    """A plain web server over a folder."""

    def log_message(self, *_: object) -> None:
        pass


class _Denying(_Site):
    """One that keeps our records to itself."""

    def do_HEAD(self) -> None:
        self.send_error(403) if "/.galleria" in self.path else super().do_HEAD()


class _PageForAll(_Site):
    """One that answers with a page for whatever is asked."""

    def do_HEAD(self) -> None:
        self.path = "/index.html"
        super().do_HEAD()


@contextmanager
def serving(folder: Path, handler: type[_Site] = _Site) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("handler", "told"), [(_Site, True), (_Denying, False), (_PageForAll, False)])
def test_records_that_anybody_can_read_are_told(
    make_job: Callable[..., Job], tmp_path: Path, handler: type[_Site], told: bool
):
    job = make_job("folder")
    with serving(tmp_path / "bucket", handler) as url:
        for command in ("deploy", "plan", "deploy"):
            ran = job.runner.run(command, public_url=url)
            assert ran.exit_code == 0, ran.log
            assert (_READABLE in ran.log) == told
            if told:
                assert f"{url}/{MANIFEST}" in ran.log
                assert "Have the web server refuse" in ran.log
        assert _READABLE not in job.runner.run("verify", public_url=url).log
    assert _READABLE not in job.runner.run("plan").log, "nobody said that the gallery is public"


def test_the_last_job_of_many_tells_of_them_too(make_job: Callable[..., Job], tmp_path: Path):
    job = make_job("folder")
    with serving(tmp_path / "bucket") as url:
        planned = job.runner.run("plan", shard_count="1").outputs["plan-id"]
        assert job.runner.run("deploy", shard="1/1", approved_plan=planned).exit_code == 0
        for _ in "12":  # the second time there is nothing to do
            ran = job.runner.run("finalize", shard_count="1", approved_plan=planned, public_url=url)
            assert ran.exit_code == 0, ran.log
            assert _READABLE in ran.log


def test_nothing_is_told_of_records_that_lie_in_a_folder_elsewhere(make_job: Callable[..., Job], tmp_path: Path):
    job = make_job("folder")
    with serving(tmp_path / "bucket") as url:
        ran = job.runner.run("deploy", public_url=url, state=f"file://{tmp_path}/records")
    assert ran.exit_code == 0, ran.log
    assert _READABLE not in ran.log


def test_nobody_answers_at_the_public_address(make_job: Callable[..., Job]):
    ran = make_job("folder").runner.run("deploy", public_url="http://127.0.0.1:9")
    assert ran.exit_code == 0, ran.log
    assert _READABLE not in ran.log


def test_each_provider_says_what_keeps_a_part_of_a_bucket_private():
    by = {name: profile.private_by for name, profile in profiles().items()}
    assert by["aws"] is by["ceph"] is by["generic"] is PrivateBy.POLICY
    assert by["r2"] is PrivateBy.EDGE
    assert by["b2"] is by["supabase"] is by["gcs"] is by["ovh"] is PrivateBy.ELSEWHERE
