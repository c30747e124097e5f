"""Servers for tests and the demo, on free ports of the loopback interface."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: What moto accepts as credentials: anything.
ACCESS_KEY, SECRET_KEY = "test-access-key", "test-secret-key"


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
