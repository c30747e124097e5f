"""The configurations of examples/edge under a real nginx: fifty visitors come and go while the gallery is switched."""

from __future__ import annotations

import http.client
import json
import random
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path

import pytest

from galleria_action.storage.opening import open_store
from galleria_action.storage.settings import StoreSettings
from tests.reliability.memory import MemoryStore
from tests.reliability.scenes import Scene, make_scene
from tests.servers import ACCESS_KEY, SECRET_KEY

EXAMPLES = Path(__file__).parents[2] / "examples/edge"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
NJS = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: apt-get install nginx-light)"),
]
_HEAD = """
{module}
user {user}; daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 2;
events {{ worker_connections 512; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; js_path {folder};
  {config}
}}
"""
#: the cookie of the examples lives a minute, and a slot is left alone for ninety seconds; here it goes faster
PIN_SECONDS, ALONE_SECONDS = 6, 8
VISITORS, SWITCHES = 50, 20


@contextmanager
def nginx(folder: Path, config: str, module: str = "") -> Iterator[int]:
    """nginx with ``config``, which listens on the port that is given."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    config = config.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("Max-Age=60", f"Max-Age={PIN_SECONDS}")
    text = _HEAD.format(folder=folder, user=getuser(), module=module, config=config)
    (folder / "nginx.conf").write_text(text if module else text.replace(f"js_path {folder};", ""), encoding="utf-8")
    assert NGINX
    command = [NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"), "-p", str(folder)]
    process = subprocess.Popen(command)
    try:
        for _ in range(100):
            assert process.poll() is None, (folder / "error.log").read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Visitors:
    """Visitors who fetch the page, the metadata and photos without pause, each with the cookies that it was given."""

    port: int
    over: threading.Event = field(default_factory=threading.Event)
    visits: int = 0
    requests: int = 0
    seen: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def visit(self) -> None:
        """One visit, as long as the cookie lives."""
        until, cookie = time.monotonic() + PIN_SECONDS - 1.0, ""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

        def get(path: str) -> bytes:
            nonlocal cookie
            connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, f"{path}: {answer.status}"
            if given := re.match(r"gallery=\w+", answer.getheader("Set-Cookie") or ""):
                cookie = given[0]
            self.requests += 1
            return body

        page = "".join(re.findall(r">(\d+)<", get("/").decode()))
        metadata = json.loads(get("/gallery-metadata.json"))
        if time.monotonic() < until:
            assert str(metadata["marker"]) == page, f"page of {page}, metadata of {metadata['marker']}"
        for photo in random.sample(metadata["photos"], 2):
            if time.monotonic() < until:
                get(f"/{photo['files']['thumb']}")
        connection.close()
        with self.lock:
            self.visits += 1
            self.seen.add(page)

    def go(self) -> None:
        while not self.over.is_set():
            try:
                self.visit()
            except Exception as trouble:  # noqa: BLE001 - all of them are told
                self.troubles.append(repr(trouble))

    @contextmanager
    def coming(self) -> Iterator[Visitors]:
        threads = [threading.Thread(target=self.go, daemon=True) for _ in range(VISITORS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.over.set()
            for thread in threads:
                thread.join(30)


def marked(scene: Scene, number: int) -> None:
    """Each release says which one it is, on its page and in its metadata."""
    (scene.workspace / "prod/site/index.html").write_text(f"<h1>{number}</h1>", encoding="utf-8")
    scene.gallery.change(number % 2, version=number)
    path = scene.gallery.metadata_path
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "marker": number}), encoding="utf-8")


def switched_under_way(scene: Scene, deploy: Callable[[], None], port: int) -> Visitors:
    with Visitors(port).coming() as visitors:
        for number in range(1, SWITCHES + 1):
            marked(scene, number)
            deploy()
        time.sleep(PIN_SECONDS)
    assert visitors.troubles == []
    assert len(visitors.seen) > SWITCHES // 2
    assert str(SWITCHES) in visitors.seen
    print(f"{visitors.visits} visits, {visitors.requests} requests, {SWITCHES} switches, 0 errors")
    return visitors


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("galleria_action.deployment.routing.router.LEFT_ALONE_SECONDS", ALONE_SECONDS)


def test_a_link_is_switched_under_fifty_visitors(tmp_path: Path):
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    bucket = tmp_path / "gallery"
    given = {"bucket": f"file://{bucket}", "endpoint": "", "access_key": "", "secret_key": "", "concurrency": "8"}

    def deploy() -> None:
        ran = scene.run_over(open_store, "deploy", strategy="blue-green", router="folder", **given)
        assert ran.exit_code == 0, ran.log

    marked(scene, 0)
    deploy()
    config = (EXAMPLES / "nginx-folder.conf").read_text(encoding="utf-8").replace("/srv/gallery", str(bucket))
    with nginx(tmp_path / "nginx", config) as port:
        switched_under_way(scene, deploy, port)


@pytest.mark.skipif(not NJS.exists(), reason="njs is not installed (Debian: apt-get install libnginx-mod-http-js)")
def test_a_pointer_is_switched_under_fifty_visitors(tmp_path: Path, make_bucket: Callable[[str], StoreSettings]):
    settings = make_bucket("")
    scene = make_scene("first", tmp_path / "workspace", MemoryStore)
    endpoint = settings.target.endpoint or ""
    given = {
        "bucket": settings.target.bucket, "endpoint": endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY,
        "concurrency": "8", "acl": "public-read",
    }  # fmt: skip

    def deploy() -> None:
        ran = scene.run_over(open_store, "deploy", strategy="blue-green", router="pointer", **given)
        assert ran.exit_code == 0, ran.log

    marked(scene, 0)
    deploy()
    config = (EXAMPLES / "nginx-pointer.conf").read_text(encoding="utf-8")
    config = config.replace("http://127.0.0.1:9000", endpoint).replace("my-gallery", settings.target.bucket)
    script = (EXAMPLES / "nginx-pointer.js").read_text(encoding="utf-8").replace("Max-Age=60", f"Max-Age={PIN_SECONDS}")
    (tmp_path / "gallery.js").write_text(script, encoding="utf-8")
    config = config.replace("gallery.js", str(tmp_path / "gallery.js"))
    with nginx(tmp_path / "nginx", config, f"load_module {NJS};") as port:
        switched_under_way(scene, deploy, port)
