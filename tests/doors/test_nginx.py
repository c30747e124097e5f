"""A real cache between visitors and the bucket: nginx with ``proxy_cache``, purged through the door of the webhook."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getuser
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.doors.job import Job
from tests.doors.test_purge import bucket, debts, good
from tests.edge.fakes import TOKEN
from tests.edge.web import web
from tests.servers import http_server

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: apt-get install nginx-light)"),
]
CONFIG = """
user {user}; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  proxy_cache_path {folder}/cache levels=1 keys_zone=gallery:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {origin}; proxy_cache gallery; proxy_cache_key $request_uri; proxy_ignore_headers Cache-Control;
      proxy_cache_valid 200 1h; proxy_cache_valid 404 1h; add_header X-Cache-Status $upstream_cache_status;
    }}
  }}
}}
"""


@dataclass
class Cache:
    """nginx at ``url``, and the ``door`` behind which a program purges what it is sent; while ``shut`` it refuses."""

    url: str
    folder: Path
    door: str = ""
    shut: bool = False
    sent: list[str] = field(default_factory=list)

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            body: bytes = answer.read()
        return body

    def forget(self, path: str) -> None:
        """As nginx keeps it: a file named by the MD5 of its key."""
        if path.endswith("*"):
            for file in self.folder.rglob("*"):
                if file.is_file() and f"KEY: {path[:-1]}".encode() in file.read_bytes()[:4096]:
                    file.unlink()
            return
        name = hashlib.md5(path.encode(), usedforsecurity=False).hexdigest()
        (self.folder / name[-1] / name).unlink(missing_ok=True)


@contextmanager
def nginx(folder: Path, origin: str) -> Iterator[Cache]:
    """A cache in front of ``origin``, and its door."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(user=getuser(), folder=folder, port=port, origin=origin), encoding="utf-8")
    cache = Cache(f"http://127.0.0.1:{port}", folder / "cache")

    class Door(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["content-length"])))
            refused = cache.shut or self.headers["authorization"] != f"Bearer {TOKEN}"
            for path in () if refused else document["paths"]:
                cache.sent.append(path)
                cache.forget(path)
            self.send_response(403 if refused else 204)
            self.end_headers()

    assert NGINX
    process = subprocess.Popen([NGINX, "-c", str(config), "-e", str(folder / "error.log"), "-p", str(folder)])
    try:
        _answers(cache)
        with http_server(Door) as door:
            cache.door = door
            yield cache
    finally:
        process.terminate()
        process.wait(10)


def _answers(cache: Cache) -> None:
    for _ in range(100):
        try:
            cache.get("/index.html")
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


@pytest.fixture
def cached(make_job: Callable[..., Job], tmp_path: Path) -> Iterator[tuple[Job, Cache]]:
    """A gallery online, all of which the cache holds, and a changed photo."""
    job = make_job()
    good(job.runner.run("deploy"))
    with web(bucket(job)) as origin, nginx(tmp_path / "nginx", origin.url) as cache:
        job.runner.event["PURGE_WEBHOOK_TOKEN"] = TOKEN
        job.runner.inputs |= {"public-url": cache.url, "cdn": f"webhook:{cache.door}/purge", "probe-timeout": "2"}
        for file in bucket(job).rglob("*"):
            if file.is_file() and ".galleria" not in file.parts:
                cache.get("/" + file.relative_to(bucket(job)).as_posix())
        job.gallery.change(0)
        yield job, cache


def photo(job: Job) -> str:
    return "/" + str(job.gallery.photos[0]["files"]["full"])


def in_the_bucket(job: Job, path: str) -> bytes:
    return (bucket(job) / path.lstrip("/")).read_bytes()


def test_stale_before_and_fresh_after(cached: tuple[Job, Cache]) -> None:
    job, cache = cached
    old = cache.get(photo(job))
    good(job.runner.run("deploy", invalidate_cdn="false"))
    assert cache.get(photo(job)) == old != in_the_bucket(job, photo(job)), "the cache holds it"
    ran = good(job.runner.run("deploy", probe="fail"))
    assert (ran.outputs["purge-owed"], ran.outputs["probe"]) == ("0", "passed")
    assert cache.get(photo(job)) == in_the_bucket(job, photo(job))
    assert "X-Cache-Status:" in ran.log


def test_without_a_purge_the_probe_sees_the_old_one(cached: tuple[Job, Cache]) -> None:
    job, _ = cached
    ran = job.runner.run("deploy", probe="fail", cdn="")
    assert (ran.exit_code, ran.outputs["failure-reason"]) == (12, "probe-failed")
    assert "X-Cache-Status: HIT" in ran.log


def test_a_refused_purge_is_told_and_paid_by_the_next_run(cached: tuple[Job, Cache]) -> None:
    job, cache = cached
    cache.shut = True
    ran = good(job.runner.run("deploy"))
    assert "still owed" in ran.log
    assert int(ran.outputs["purge-owed"]) > 0
    assert cache.get(photo(job)) != in_the_bucket(job, photo(job))
    cache.shut = False
    paid = good(job.runner.run("deploy", probe="fail"))
    assert (paid.outputs["changed"], paid.outputs["purge-owed"]) == ("false", "0")
    assert cache.get(photo(job)) == in_the_bucket(job, photo(job))
    assert not debts(job)


def test_what_is_taken_back_is_purged_again(cached: tuple[Job, Cache]) -> None:
    job, cache = cached
    before = cache.get(photo(job))
    (job.site / "index.html").write_text("<h1>Again</h1>", encoding="utf-8")
    usual = cache.forget
    cache.forget = lambda path: None if path == "/index.html" and not lifted else usual(path)  # type: ignore[method-assign]
    lifted = False
    ran = job.runner.run("deploy", probe="rollback")
    assert ran.outputs["probe"] == "rolled-back", ran.log
    assert cache.get(photo(job)) == before == in_the_bucket(job, photo(job))
