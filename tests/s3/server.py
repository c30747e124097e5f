"""A threaded socket server, in the clear or with TLS: a thread per connection, many requests each."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable

from tests.s3.certificate import server_context
from tests.s3.wire import BadRequest, Request, Response, encode_head, read_request, reset


class Reset(Exception):
    """Ends a connection by a reset instead of an answer."""


class Server:
    """Serves ``answer`` on a free port of the loopback interface. ``answer`` may raise ``Reset``."""

    def __init__(self, answer: Callable[[Request, Connection], Response], *, tls: bool, continues: bool) -> None:
        self._answer = answer
        self._context = server_context() if tls else None
        self._go_on = b"HTTP/1.1 100 Continue\r\n\r\n" if continues else b""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.stopping = threading.Event()
        self.bytes_per_second: float | None = None
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(target=self._accept, daemon=True, name="fake-s3")
        self._thread.start()

    def stop(self) -> None:
        """End everything and wait until it has ended."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        with self._lock:
            open_now = dict(self._connections)
        for connection in open_now.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in open_now:
            thread.join()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(raw,), daemon=True, name="fake-s3-connection")
            with self._lock:
                self._connections[thread] = raw
            thread.start()

    def _serve(self, raw: socket.socket) -> None:
        connection = raw
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context:
                connection = self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
                with self._lock:  # the raw socket is an empty shell from here on
                    self._connections[threading.current_thread()] = connection
                connection.do_handshake()
            with connection.makefile("rb", 1 << 16) as stream:
                while not self.stopping.is_set() and (
                    request := read_request(stream, self._go_on, connection, self.bytes_per_second, self.stopping)
                ):
                    client = Connection(connection, self.stopping)
                    self._reply(request, client)
                    if client.ended:
                        return
        except BadRequest as error:
            with contextlib.suppress(OSError):
                connection.sendall(encode_head(Response(400, headers={"x-problem": str(error), "Connection": "close"})))
        except Reset:
            with contextlib.suppress(OSError):
                reset(raw if connection is raw else connection)
        except (OSError, ValueError):
            pass  # the client went away, or never spoke TLS
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(threading.current_thread(), None)

    def _reply(self, request: Request, client: Connection) -> None:
        response = self._answer(request, client)
        body = b"" if request.method == "HEAD" else response.body
        client.send(encode_head(response) + body if response.status != 304 else encode_head(response))


class Connection:
    """The client's side as the answerer sees it: to send by hand, to wait with, to end."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._socket = connection
        self._stopping = stopping
        self.ended = False

    def send(self, data: bytes) -> None:
        """Send unless the answer was ended by hand."""
        if not self.ended:
            self._socket.sendall(data)

    def wait(self, seconds: float | None) -> bool:
        """Wait, at most until the client gives up (then ``False``) or the server stops."""
        ends = None if seconds is None else time.monotonic() + seconds
        while not self._stopping.is_set():
            left = 0.05 if ends is None else min(0.05, ends - time.monotonic())
            if left <= 0:
                return True
            if select.select([self._socket], [], [], left)[0]:
                return False
        return False
