"""A server with the notes or comments of one merge or pull request, over HTTP, in pages of two."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Forge:
    """What it holds and what it was asked. ``failures`` are answered first, one by one: (status, body).

    ``people`` gives a token's user, by the token; somebody else may not even read.
    """

    people: dict[str, str]
    author_key: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    merged_pull: dict[str, Any] | None = None
    may_ask_who: bool = True
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, author: str, body: str) -> dict[str, Any]:
        number = 1 + max((one["id"] for one in self.comments), default=100)
        key = "author" if self.author_key == "username" else "user"
        self.comments.append({"id": number, "body": body, key: {self.author_key: author}})
        return self.comments[-1]

    def answer(self, method: str, path: str, query: str, user: str | None, body: Any) -> tuple[int, Any, str]:
        """Status, document, and the ``Link`` header."""
        if self.failures:
            status, text = self.failures.pop(0)
            return status, {"message": text}, ""
        if user is None:
            return 401, {"message": "401 Unauthorized"}, ""
        if path.endswith("/user"):
            return (200, {self.author_key: user}, "") if self.may_ask_who else (403, {"message": "no"}, "")
        if path.endswith("/pull"):
            return (200, self.merged_pull, "") if self.merged_pull else (404, {}, "")
        if method == "GET":
            page = int((re.search(r"\bpage=(\d+)", query) or [0, 1])[1])
            newest = sorted(self.comments, key=lambda one: -one["id"])
            following = f'<{self.url}{path}?page={page + 1}>; rel="next"' if len(newest) > 2 * page else ""
            return 200, newest[2 * page - 2 : 2 * page], following
        if method == "POST":
            return 201, self.add(user, body["body"]), ""
        wanted = int(path.rpartition("/")[2])
        if method in ("PUT", "PATCH"):
            next(one for one in self.comments if one["id"] == wanted)["body"] = body["body"]
            return 200, {}, ""
        self.comments = [one for one in self.comments if one["id"] != wanted]
        return 204, None, ""


@contextmanager
def serving(forge: Forge) -> Iterator[Forge]:
    """Serve ``forge`` on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization", "").partition(" ")[2]
            with forge.lock:
                forge.asked.append(f"{self.command} {path}")
                user = forge.people.get(token)
                status, document, link = forge.answer(self.command, path, query, user, json.loads(sent or "null"))
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if link:
                self.send_header("Link", link)
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
