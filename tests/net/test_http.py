"""The one client: bounds, redirects, proxies, certificates."""

from __future__ import annotations

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from galleria_action.errors import ConfigInvalid
from galleria_action.net.encoding import TooLong
from galleria_action.net.http import Astray, Http, NoAnswer
from galleria_action.net.network import Network
from galleria_action.net.trust import Authorities
from tests.s3 import FakeS3
from tests.storage.scripted import Answer, scripted


def client(*, loyal: bool = False, **environ: str) -> Http:
    return Http(Network.of(environ), loyal=loyal)


def ask(http: Http, url: str, *, seconds: float = 5.0, most: int = 1000) -> tuple[int, bytes]:
    answer = http.ask("GET", url, headers={"X-Token": "t"}, seconds=seconds, most=most)
    return answer.status, answer.body


def test_an_answer_whatever_its_status() -> None:
    with scripted(Answer(404, b"gone", {"X-Odd": "1"})) as script:
        answer = client().ask("GET", script.url, headers={}, seconds=5, most=4)
    assert (answer.status, answer.body, answer.headers["x-odd"]) == (404, b"gone", "1")


def test_no_more_bytes_than_asked_for() -> None:
    with scripted(Answer(200, b"12345")) as script:
        assert ask(client(), script.url, most=5) == (200, b"12345")
        with pytest.raises(TooLong):
            ask(client(), script.url, most=4)


def test_nothing_compressed_is_asked_for_or_unpacked_unseen() -> None:
    with scripted(Answer(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})) as script:
        assert ask(client(), script.url) == (200, b"\x1f\x8b")
    assert script.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("loyal", [True, False])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_at_home_are_followed(status: int, loyal: bool) -> None:
    with scripted(Answer(status, headers={"Location": "/there"}), Answer(200, b"ok")) as script:
        assert ask(client(loyal=loyal), script.url) == (200, b"ok")
    assert [request.path for request in script.requests] == ["/", "/there"]


def test_whom_to_trust_is_read_once_however_many_ask_at_once() -> None:
    class Counted(Authorities):
        __slots__ = ()
        read = 0

        def context(self) -> ssl.SSLContext:
            Counted.read += 1
            time.sleep(0.02)
            return super().context()

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url, http = f"https://127.0.0.1:{nobody.getsockname()[1]}", Http(Network(trust=Counted()), loyal=False)
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(ask, http, url) for _ in range(4)]
    assert [type(it.exception()) for it in asked] == [NoAnswer] * 4
    assert Counted.read == 1


def test_redirects_end() -> None:
    with scripted(Answer(302, headers={"Location": "/again"})) as script:
        assert ask(client(), script.url) == (302, b"")
    assert len(script.requests) == 4


def test_a_secret_goes_to_no_other_host() -> None:
    with (
        scripted(Answer(200, b"ok")) as other,
        scripted(Answer(307, headers={"Location": f"{other.url}/x"})) as script,
    ):
        with pytest.raises(Astray, match="another host"):
            ask(client(loyal=True), script.url)
        assert other.requests == []
        assert ask(client(), script.url) == (200, b"ok")


@pytest.mark.parametrize("loyal", [True, False])
def test_from_http_to_https_is_named_where_a_secret_is_sent(loyal: bool) -> None:
    http = client(loyal=loyal)
    if loyal:
        with pytest.raises(Astray, match=r"write https://s3\.example\.com"):
            http.follow("http://s3.example.com/a", "https://s3.example.com/a", "a redirect")
    else:
        assert http.follow("http://x.org/a", "https://x.org/a", "a redirect") == "https://x.org/a"


def test_never_from_https_to_http() -> None:
    with pytest.raises(Astray, match="not secure"):
        client().follow("https://x.org/a", "http://x.org/a", "a redirect")


def test_time_is_for_the_whole_answer() -> None:
    with FakeS3("aws") as s3:
        s3.seed({"slow": b"x" * 200})
        s3.script("trickle@0.02", key="slow")
        began = time.monotonic()
        with pytest.raises(NoAnswer, match="does not end") as caught:
            ask(client(), f"{s3.url}/gallery/slow", seconds=0.3)
        assert caught.value.unsettled
        assert time.monotonic() - began < 2
    with pytest.raises(NoAnswer, match="no time"):
        ask(client(), "http://127.0.0.1:9", seconds=0)


def test_nobody_there() -> None:
    with pytest.raises(NoAnswer, match=r"cannot be reached \(it takes no connection\)") as caught:
        ask(client(), "http://127.0.0.1:9")
    assert not caught.value.unsettled


def test_a_proxy_and_its_password() -> None:
    with scripted(Answer(200, b"ok")) as script:
        proxy = script.url.replace("//", "//me:pw@")
        assert ask(client(ALL_PROXY=proxy), "http://s3.example.invalid/a") == (200, b"ok")
        assert ask(client(ALL_PROXY="http://127.0.0.1:9", NO_PROXY="127.0.0.0/8"), script.url) == (200, b"ok")
    assert script.requests[0].path == "http://s3.example.invalid/a"
    assert script.requests[0].headers["proxy-authorization"] == "Basic bWU6cHc="


def test_certificates(tmp_path: Path) -> None:
    with FakeS3("aws", tls=True) as s3:
        assert ask(client(SSL_CERT_FILE=str(s3.certificate)), s3.url)[0] == 403
        with pytest.raises(NoAnswer, match="SSLError"):
            ask(client(), s3.url)


def test_certificates_are_read_where_a_connection_is_secure_and_nowhere_else(tmp_path: Path) -> None:
    environ = {"SSL_CERT_FILE": str(tmp_path / "missing.pem")}
    with scripted(Answer(200, b"ok")) as script:
        assert ask(client(**environ), script.url) == (200, b"ok")
    for url, proxy in (("https://127.0.0.1:9", {}), ("http://example.invalid", {"ALL_PROXY": "https://127.0.0.1:9"})):
        with pytest.raises(ConfigInvalid, match="SSL_CERT_FILE names"):
            ask(client(**environ, **proxy), url)
