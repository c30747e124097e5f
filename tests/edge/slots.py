"""The edge in front of a gallery with slots, as ``schemas/live.schema.json`` describes it: what each visitor gets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from galleria_action.gallery.media import media_type
from tests.edge.web import Answer, served

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

    def answer(self, asked: str, cookies: str) -> Answer:
        """What a visitor with these ``cookies`` gets."""
        given = {name: it.value for name, it in SimpleCookie(cookies).items()}
        folder = self.folder(given.get("galleria-visitor", ""), given.get("galleria-page", "").partition(".")[0])
        key = asked.lstrip("/") or "index.html"
        if self.routing()["canary"]:
            self.on_trial()
        body = self.bucket().get(folder + key)
        control = "no-cache" if key.endswith((".json", ".html")) else "public, max-age=86400"
        headers = {"Content-Type": media_type(key), "Cache-Control": control}
        return (404, headers, b"") if body is None or self.blocked(body) else (200, headers, body)


#: so many people, each with an id of their own
VISITORS = tuple(hashlib.sha256(f"visitor {number}".encode()).hexdigest()[:32] for number in range(500))


@contextmanager
def edge(bucket: Bucket) -> Iterator[Edge]:
    """Serve ``bucket`` to visitors, told apart by their cookie."""
    made = Edge(bucket)
    with served(made.answer) as made.url:
        yield made
