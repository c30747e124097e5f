"""The edge in front of a gallery with slots, as ``schemas/live.schema.json`` describes it: what each visitor gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from galleria_action.gallery.media import media_type
from tests.servers import http_server

#: what lies in the bucket, by key
Bucket = Callable[[], dict[str, bytes]]


@dataclass
class Edge:
    """``bucket`` is read anew for each request. What is ``blocked`` is refused, as by a rule of a web server that
    nobody has thought of; ``on_trial`` is called when somebody asks while there is a trial."""

    bucket: Bucket
    url: str = ""
    blocked: Callable[[bytes], bool] = lambda body: False
    on_trial: Callable[[], None] = lambda: None

    def routing(self) -> dict[str, Any]:
        """What the router has said last."""
        document = self.bucket().get("live.json")
        found: dict[str, Any] = json.loads(document) if document else {"live": "", "canary": None}
        return found

    def folder(self, visitor: str, page: str = "") -> str:
        """Where the visitor with this id is sent, or who has a ``page`` of a slot (its letter)."""
        if page:
            return f"slots/{page}/"
        routing = self.routing()
        trial = routing["canary"]
        if visitor and trial:
            share = int(hashlib.sha256((trial["salt"] + visitor).encode()).hexdigest()[:8], 16) / 2**32
            if share < trial["percent"] / 100:
                return str(trial["folder"])
        return str(routing["live"])

    def lies_there(self, visitor: str, key: str = "index.html") -> bytes | None:
        """What a visitor would get, were nothing blocked."""
        return self.bucket().get(self.folder(visitor) + key)

    def sees(self, visitor: str, key: str = "index.html") -> bytes | None:
        """What a visitor gets; ``None`` for nothing."""
        body = self.lies_there(visitor, key)
        return None if body is None or self.blocked(body) else body

    def shown(self, visitor: str = "") -> dict[str, bytes]:
        """The whole gallery that a visitor gets."""
        folder, found = self.folder(visitor), self.bucket()
        inside = {key.removeprefix(folder): body for key, body in found.items() if key.startswith(folder)}
        ours = (".galleria/", "slots/", "previews/", "live.json")
        return {key: body for key, body in inside.items() if not key.startswith(ours)}


#: so many people, each with an id of their own
VISITORS = tuple(hashlib.sha256(f"visitor {number}".encode()).hexdigest()[:32] for number in range(500))


@contextmanager
def edge(bucket: Bucket) -> Iterator[Edge]:
    """Serve ``bucket`` to visitors, told apart by their cookie."""
    made = Edge(bucket)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            cookies = {name: it.value for name, it in SimpleCookie(self.headers.get("Cookie", "")).items()}
            folder = made.folder(
                cookies.get("galleria-visitor", ""), cookies.get("galleria-page", "").partition(".")[0]
            )
            key = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
            if made.routing()["canary"]:
                made.on_trial()
            body = made.bucket().get(folder + key)
            body = None if body is None or made.blocked(body) else body
            control = "no-cache" if key.endswith((".json", ".html")) else "public, max-age=86400"
            self.send_response(404 if body is None else 200)
            headers = {"Content-Type": media_type(key), "Cache-Control": control}
            for name, value in {**headers, "Content-Length": str(len(body or b""))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body or b"")

    with http_server(Handler) as url:
        made.url = url
        yield made
