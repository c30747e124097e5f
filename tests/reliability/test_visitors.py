"""Fifty visitors look at a gallery through a plain web server while it is deployed twenty times.

Nobody meets an error; and how long somebody can see a photo that is newer than its metadata is measured in both orders
of writes: published from the pool, and in place, as it would be if nothing counted as live.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import pytest

from galleria_action.deployment.state.pool import POOL_FOLDER
from galleria_action.storage.interface import Condition, Headers, Target
from galleria_action.usecases.parts import applying
from tests.builders import Gallery, make_gallery
from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import METADATA_KEY, Scene

_VISITORS, _DEPLOYS, _PHOTOS = 50, 20, 8
#: seconds that any request takes, and that sending a photo takes beside it: those here are a thousand times too small
_LATENCY, _SENDING = 0.004, 0.03


class Service(MemoryStore):
    """A service behind a slow line: sending takes its time, copying inside of it does not."""

    def __init__(self) -> None:
        super().__init__()
        self.deploy = 0
        #: in which deploy these bytes appeared, and what appeared when
        self.since: dict[str, int] = {}
        self.appeared: list[tuple[float, int, str]] = []

    def put(self, key: str, body: bytes, headers: Headers, condition: Condition | None = None) -> str:
        time.sleep(_LATENCY + (_SENDING if key.startswith(("photos/", POOL_FOLDER)) else 0))
        return self._shown(key, super().put(key, body, headers, condition))

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        found = self.objects[source]
        time.sleep(_LATENCY)
        return self._shown(key, super().put(key, found.body, headers or found.headers or Headers("image/jpeg")))

    def _shown(self, key: str, etag: str) -> str:
        if not key.startswith(".galleria/"):
            self.since.setdefault(etag, self.deploy)
            self.appeared.append((time.monotonic(), self.deploy, key))
        return etag

    def window(self, deploy: int) -> float:
        """Seconds from the first photo of ``deploy`` that visitors could see until its metadata."""
        times = {key: at for at, number, key in reversed(self.appeared) if number == deploy}
        return times[METADATA_KEY] - min(at for key, at in times.items() if key.startswith("photos/"))


@dataclass
class Visitors:
    """They fetch a photo, then the metadata, then the page, over and over."""

    service: Service
    keys: list[str]
    port: int
    answers: Counter[int] = field(default_factory=Counter)
    newer: int = 0
    seen: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def visit(self, number: int) -> None:
        random = Random(number)
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            while not self.over.wait(random.uniform(0.05, 0.25)):
                photo, metadata, _ = (self._get(line, key) for key in (random.choice(self.keys), METADATA_KEY, ""))
                self.seen += 1
                self.newer += self.service.since[photo] > self.service.since[metadata]

    def _get(self, line: HTTPConnection, key: str) -> str:
        line.request("GET", f"/{key or 'index.html'}")
        answer = line.getresponse()
        body = answer.read()
        self.answers[answer.status] += 1
        return hashlib.md5(body).hexdigest()


def web_server(service: Service) -> ThreadingHTTPServer:
    class Web(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = service.objects.get(self.path.lstrip("/"))
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(found.body) if found else 0))
            self.end_headers()
            self.wfile.write(found.body if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    server.daemon_threads = True
    return server


def visited(scene: Scene, gallery: Gallery) -> tuple[Visitors, list[float]]:
    """Deploy twenty times under the eyes of fifty visitors: what they saw, and the window of each deploy."""
    service = Service()
    assert scene.deploy(service).exit_code == 0
    keys = [key for photo in gallery.photos for key in photo["files"].values()]
    with web_server(service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        visitors = Visitors(service, keys, server.server_address[1])
        crowd = [threading.Thread(target=visitors.visit, args=(number,)) for number in range(_VISITORS)]
        for visitor in crowd:
            visitor.start()
        for number in range(1, _DEPLOYS + 1):
            service.deploy = number
            for index in range(_PHOTOS):
                gallery.change(index, version=number)
            (scene.workspace / "prod/site/index.html").write_text(f"<h1>{number}</h1>", encoding="utf-8")
            ran = scene.deploy(service)
            assert ran.exit_code == 0, ran.log
        visitors.over.set()
        for visitor in crowd:
            visitor.join()
        server.shutdown()
    return visitors, [service.window(number) for number in range(1, _DEPLOYS + 1)]


@pytest.mark.slow
def test_fifty_visitors_during_twenty_deploys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    windows = {}
    for order in ("published", "in place"):
        workspace = tmp_path / order
        (workspace / "prod/site").mkdir(parents=True)
        (workspace / "prod/site/index.html").write_text("<h1>0</h1>", encoding="utf-8")
        gallery = make_gallery(workspace / "prod/pics", _PHOTOS)
        scene = Scene(workspace, gallery, {}, {"site": "prod/site", "concurrency": "4"})
        if order == "in place":
            made = applying.make_uploader

            def nothing_is_live(*given, made=made):
                uploader = made(*given)
                uploader.live = frozenset()
                return uploader

            monkeypatch.setattr(applying, "make_uploader", nothing_is_live)
        visitors, windows[order] = visited(scene, gallery)
        assert set(visitors.answers) == {200}
        assert visitors.seen > 5 * _VISITORS
        with capsys.disabled():
            mean = 1000 * sum(windows[order]) / _DEPLOYS
            print(
                f"\n{order}: {visitors.answers.total():,} answers, none an error; photos newer than their metadata in "
                f"{visitors.newer:,} of {visitors.seen:,} looks, for {mean:.0f} ms a deploy"
            )
    assert sum(windows["published"]) < 0.5 * sum(windows["in place"])
