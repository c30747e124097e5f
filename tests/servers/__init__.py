"""Servers for tests and the demo, on free ports of the loopback interface."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: What moto accepts as credentials: anything.
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"


class Unavailable(Exception):
    """A server cannot be installed or started here; the text says why."""


@contextmanager
def moto_server(before: Callable[[str, str], object] = lambda method, path: None) -> Iterator[str]:
    """moto's S3 server in this process; the URL. It keeps its objects in memory, per process.

    ``before`` is called with method and path of each request before it is answered, and may take its time.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    app = DomainDispatcherApplication(create_backend_app)

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        before(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        return app(environ, start_response)

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="moto")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def http_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server that answers by ``handler``; the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True, name="http")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def folder_server(folder: Path) -> Iterator[str]:
    """``folder`` as visitors would see it; the URL."""
    with http_server(functools.partial(_Quiet, directory=str(folder))) as url:  # type: ignore[arg-type]
        yield url
