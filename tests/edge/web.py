"""A web server in front of a folder, as visitors meet it, with rules of the edge that a test can bend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote, urlsplit

from galleria_action.gallery.media import media_type
from tests.servers import http_server

#: what is answered: status, headers, body
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Web:
    """``rule`` sees each answer before it goes out, and may make another of it; ``asked`` are the paths. ``leads`` says
    for a path and the visitor's cookies what is served."""

    folder: Path
    url: str = ""
    rule: Callable[[str, Answer], Answer] = lambda path, answer: answer
    asked: list[str] = field(default_factory=list)
    leads: Callable[[str, str], str] = lambda path, cookies: path

    def answer(self, asked: str, cookies: str = "") -> Answer:
        path = self.leads(asked, cookies)
        self.asked.append(path)
        file = self.folder / path.lstrip("/")
        if not file.is_file():
            return self.rule(path, (404, {}, b"nothing"))
        control = "no-cache" if file.suffix in (".json", ".html") else "public, max-age=86400"
        headers = {"Content-Type": media_type(path), "Cache-Control": control, "Age": "7"}
        return self.rule(path, (200, headers, file.read_bytes()))


@contextmanager
def web(folder: Path) -> Iterator[Web]:
    """Serve ``folder``."""
    made = Web(folder)
    with served(made.answer) as made.url:
        yield made


@contextmanager
def served(answer: Callable[[str, str], Answer]) -> Iterator[str]:
    """The address of a server that gives ``answer`` for a path and the visitor's cookies."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            status, headers, body = answer(unquote(urlsplit(self.path).path), self.headers.get("Cookie", ""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with http_server(Handler) as url:
        yield url
