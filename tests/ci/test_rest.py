"""A CI's own API: patience within a given time, and a token that goes nowhere else."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.net.rest import ApiError, Rest
from tests.servers import http_server

LIMIT = {"X-RateLimit-Remaining": "0"}


@dataclass
class Server:
    """Answers with ``(status, headers, body)`` one after the other, the last for ever; its clock moves by sleeping."""

    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    trickle: bool = False
    url: str = ""
    rest: Rest = field(default_factory=lambda: Rest("", {}))


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *args: object) -> None:
            pass

        def serve(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.requests.append((self.command, self.path, self.headers.get("Authorization")))
            status, headers, body = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            for byte in raw if made.trickle else ():
                try:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
            if not made.trickle:
                self.wfile.write(raw)

        do_GET = do_POST = do_PATCH = serve

    with http_server(Handler) as url:
        made.url = url
        made.rest = Rest(
            f"{url}/api/v3",
            {"Authorization": "Bearer x"},
            clock=lambda: time.monotonic() + sum(made.slept),
            sleep=made.slept.append,
        )
        made.rest.allow(100)
        yield made


def test_a_call_brings_its_answer(server: Server):
    server.answers = [(200, {}, {"a": 1})]
    assert server.rest.call("PATCH", "repos/o/r", {"b": 2}) == {"a": 1}
    assert server.requests == [("PATCH", "/api/v3/repos/o/r", "Bearer x")]
    server.answers = [(204, {}, b"")]
    assert server.rest.call("GET", "../graphql") is None
    assert server.requests[1][1] == "/api/graphql"


@pytest.mark.parametrize(
    ("status", "headers", "body", "waits"),
    [
        (500, {}, {}, [0.5, 1.0, 2.0]),
        (503, {"Retry-After": "7"}, {}, [7, 7, 7]),
        (429, {"Retry-After": "20"}, {}, [20, 20, 20]),
        (429, {}, {}, [60]),
        (403, {"Retry-After": "30"}, {"message": "You have exceeded a secondary rate limit"}, [30, 30, 30]),
        (403, {}, {"message": "You have exceeded a secondary rate limit"}, [60]),
        (403, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, [0.5, 1.0, 2.0]),
        (429, {"Retry-After": "3600"}, {}, []),
        (403, {}, {"message": "Resource not accessible by integration"}, []),
        (401, {}, {"message": "Bad credentials"}, []),
        (404, {}, {"message": "Not Found"}, []),
        (422, {}, {"message": "Validation Failed"}, []),
    ],
)
def test_waits_as_long_as_it_is_told_and_has_time(server: Server, status, headers, body, waits):
    server.answers = [(status, headers, body)]
    with pytest.raises(ApiError) as caught:
        server.rest.call("GET", "x")
    assert server.slept == waits
    assert caught.value.status == status
    assert caught.value.refused == (status in (401, 403, 404))


def test_waits_for_the_reset_of_the_limit(server: Server):
    server.answers = [(403, {**LIMIT, "X-RateLimit-Reset": str(int(time.time()) + 30)}, {}), (200, {}, [])]
    assert server.rest.call("GET", "x") == []
    assert 28 <= server.slept[0] <= 31


@pytest.mark.parametrize("method", ["GET", "PATCH", "POST"])
def test_only_what_may_be_repeated_is_repeated(server: Server, method: str):
    """A lost answer to a POST may hide a success: a second one would be a second comment."""
    server.answers = [(502, {}, b"<html>"), (200, {}, {})]
    if method == "POST":
        with pytest.raises(ApiError) as caught:
            server.rest.call(method, "x")
        assert caught.value.unsettled
    else:
        server.rest.call(method, "x")
    assert len(server.requests) == (1 if method == "POST" else 2)


def test_a_limit_that_refused_a_post_did_nothing(server: Server):
    server.answers = [(429, {"Retry-After": "1"}, {}), (201, {}, {"id": 1})]
    assert server.rest.call("POST", "x") == {"id": 1}


def test_pages(server: Server):
    following = {"Link": f'<{server.url}/api/v3/x?page=9>; rel="prev", <{server.url}/api/v3/x?page=2>; rel="next"'}
    server.answers = [(200, following, [1, 2]), (200, {}, [3])]
    assert list(server.rest.pages("x")) == [1, 2, 3]
    assert [path for _, path, _ in server.requests] == ["/api/v3/x?per_page=100", "/api/v3/x?page=2"]


def test_pages_that_never_end(server: Server):
    server.answers = [(200, {"Link": f'<{server.url}/api/v3/x?page=2>; rel="next"'}, [1])]
    with pytest.raises(ApiError, match="does not end"):
        list(server.rest.pages("x"))
    assert len(server.requests) == 100


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/x", "//evil.example/x", "http://127.0.0.1:1/x", "http://127.0.0.1/x", "https://127.0.0.1/x"],
)
def test_the_token_stays_at_home(server: Server, elsewhere: str):
    """A redirect from http to https is one to another port, and means that the address was written wrongly."""
    for answer in (307, {"Location": elsewhere}, {}), (200, {"Link": f"<{elsewhere}>; rel=next"}, []):
        server.answers = [answer]
        with pytest.raises(ApiError, match=r"another host|write https://127\.0\.0\.1"):
            list(server.rest.pages("x"))
    assert len(server.requests) == 2


def test_redirects_at_home_are_followed_a_few_times(server: Server):
    server.answers = [(301, {"Location": "/repositories/7/x"}, {}), (200, {}, {"a": 1})]
    assert server.rest.call("GET", "x") == {"a": 1}
    assert server.requests[1][1] == "/repositories/7/x"
    server.answers = [(302, {"Location": "/again"}, {})]
    with pytest.raises(ApiError):
        server.rest.call("GET", "x")
    assert len(server.requests) == 2 + 4


def test_no_answer_takes_longer_than_allowed(server: Server):
    server.trickle = True
    server.answers = [(200, {}, ["x" * 1000])]
    server.rest.allow(0.3)
    begun = time.monotonic()
    with pytest.raises(ApiError, match="does not end"):
        server.rest.call("GET", "x")
    assert time.monotonic() - begun < 2
    with pytest.raises(ApiError, match="no time is left"):
        server.rest.call("GET", "x")


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b'{"a":', b"[" * 100_000])
def test_what_is_no_json(server: Server, body: bytes):
    server.answers = [(200, {}, body)]
    with pytest.raises(ApiError, match="not JSON"):
        server.rest.call("GET", "x")


@given(said=st.text(max_size=2000))
def test_what_a_server_says_is_one_short_line(said: str):
    from galleria_action.net.rest import Answer, _failure

    text = str(_failure(Answer(422, {}, json.dumps({"message": said}).encode())))
    assert len(text) <= 304
    assert "\n" not in text


def test_the_headers_are_in_no_repr():
    assert "hidden" not in repr(Rest("https://api.github.com", {"Authorization": "hidden"}, {"http_proxy": "hidden"}))


@pytest.mark.parametrize(
    ("environ", "proxied"),
    [
        ({}, False),
        ({"HTTP_PROXY": "{}"}, True),
        ({"http_proxy": "{}", "NO_PROXY": "github.example"}, False),
        ({"http_proxy": "{}", "no_proxy": "other.example"}, True),
        ({"https_proxy": "{}"}, False),
    ],
)
def test_a_proxy_is_used_when_it_is_named(server: Server, environ: dict[str, str], proxied: bool):
    server.answers = [(200, {}, {})]
    named = {name: value.format(server.url) for name, value in environ.items()}
    rest = Rest("http://github.example", {}, named, sleep=lambda seconds: None)
    rest.allow(5)
    if proxied:
        rest.call("GET", "x")
        assert server.requests[0][1] == "http://github.example/x"
    else:
        with pytest.raises(ApiError):
            rest.call("GET", "x")
        assert server.requests == []


def test_a_long_refusal_ends_before_the_word_that_would_be_split(server: Server):
    """Half a token is not recognised by what hides secrets."""
    server.answers = [(422, {}, {"message": f"{'no ' * 95}{'T0k3n' * 60} {'no ' * 30}"})]
    with pytest.raises(ApiError) as caught:
        server.rest.call("GET", "x")
    assert str(caught.value).endswith("no …")
