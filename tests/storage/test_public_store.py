"""The gallery as its visitors see it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace

import pytest

from galleria_action.ci.reviews.pictures import MOST, pictures_online
from galleria_action.errors import StorageUnavailable
from galleria_action.storage.public_store import PublicStore, public_address, public_target
from tests.report import examples
from tests.servers import folder_server, http_server
from tests.storage.scripted import Answer, scripted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    return tmp_path / "web"


@pytest.fixture
def url(folder: Path) -> Iterator[str]:
    with folder_server(folder) as served:
        yield served


def test_reads_what_is_there(folder: Path, url: str):
    (folder / "a b#?%.json").write_bytes(b"{}" * 100_000)
    stored = PublicStore(url).get("a b#?%.json")
    assert stored
    assert stored.body == b"{}" * 100_000
    head = PublicStore(f"{url}/").head("a b#?%.json")
    assert head
    assert (head.size, head.headers.content_type if head.headers else "") == (200_000, "application/json")


def test_what_is_not_there(url: str):
    assert PublicStore(url).get("x") is None
    assert PublicStore(url).head("x") is None


def test_it_lists_nothing(url: str):
    with pytest.raises(StorageUnavailable, match="cannot be listed"):
        PublicStore(url).list()


def test_out_of_reach():
    with pytest.raises(StorageUnavailable, match=r"gallery-metadata\.json at http:"):
        PublicStore("http://127.0.0.1:9").get("gallery-metadata.json")


@pytest.mark.parametrize(("cut", "expected"), [(1, b"page"), (2, b"page"), (3, None)])
def test_what_is_cut_is_asked_for_three_times(monkeypatch: pytest.MonkeyPatch, cut: int, expected: bytes | None):
    at_once = SimpleNamespace(sleep=lambda seconds: None, monotonic=time.monotonic)
    monkeypatch.setattr("galleria_action.storage.public_store.time", at_once)
    answer = Answer(200, b"page", {"ETag": '"e"'})
    with scripted(*([Answer(drop=True)] * cut), answer) as script:
        if expected is None:
            with pytest.raises(StorageUnavailable, match="x at http:"):
                PublicStore(script.url).get("x")
        else:
            stored = PublicStore(script.url).get("x")
            assert stored and stored.body == expected
    assert len(script.requests) == min(cut + 1, 3)


@pytest.mark.parametrize("behaviour", ["403", "500", "cut", "slow", "loop"])
def test_bad_answers(behaviour: str):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(302 if behaviour == "loop" else int(behaviour) if behaviour.isdecimal() else 200)
            self.send_header("Location", "/again")
            self.send_header("Content-Length", "100")
            self.end_headers()
            for _ in range(100 if behaviour == "slow" else 0):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
                time.sleep(0.05)

    begun = time.monotonic()
    with http_server(Handler) as served, pytest.raises(StorageUnavailable):
        PublicStore(served, 0.5).get("x")
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://photos.example.org", "https://photos.example.org/"),
        ("https://photos.example.org/a/b", "https://photos.example.org/a/b/"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
    ],
)
def test_a_public_target_is_shown_as_its_address(address: str, shown: str):
    assert str(public_target(address)) == shown


def test_addresses_hold_letters_only():
    address = public_address("https://x.example/a/", 'full/"><img src=x>\udcff é#?&.jpg')
    assert address == "https://x.example/a/full/%22%3E%3Cimg%20src%3Dx%3E%FF%20%C3%A9%23%3F%26.jpg"


def test_pictures_that_are_online(folder: Path, url: str):
    plan = examples.growing_plan(20)
    thumbs = [up.key for up in plan.uploads if up.file.variant == "thumb"]
    for key in (thumbs[0], thumbs[2], thumbs[15]):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(b"x")
    (folder / thumbs[3]).with_suffix(".html").write_bytes(b"x")
    found = pictures_online(plan, url, PublicStore(url, 3), deployed=True)
    assert [picture.photo for picture in found] == ["IMG_00000", "IMG_00002"], f"among the first {MOST}"
    assert found[0].version
    assert pictures_online(plan, url, PublicStore(url, 3), deployed=False) == [], "new photos cannot be online yet"


def test_a_page_for_everything_is_no_picture():
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

    with http_server(Handler) as served:
        assert pictures_online(examples.growing_plan(3), served, PublicStore(served, 3), deployed=True) == []
