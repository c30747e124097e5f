"""The servers that the benchmark starts: our own that discards photos, and rclone's real one on a folder."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.programs import ROOT
from tests.s3 import certificate


@dataclass(slots=True)
class Server:
    """A running server. ``folder`` is where a real one keeps its objects."""

    url: str
    folder: Path | None = None

    def empty(self) -> None:
        """Forget all objects and all requests."""
        if self.folder is None:
            self._ask("empty")
        else:
            shutil.rmtree(self.folder / "bucket", ignore_errors=True)
            (self.folder / "bucket").mkdir(parents=True)

    def forget_requests(self) -> None:
        """Count anew."""
        if self.folder is None:
            self._ask("reset")

    def narrow(self, megabits: float) -> None:
        """From now on all bodies share a line of so many megabits a second; 0: an unlimited one."""
        self._ask(f"width-{megabits}")

    def requests(self) -> dict[str, int]:
        """Requests by operation since the last time they were forgotten; a real server does not tell."""
        return dict(self._ask("state")["requests"]) if self.folder is None else {}

    def received(self) -> dict[str, int]:
        """Bytes of all bodies that were put since then, by folder; a real server does not tell."""
        return dict(self._ask("state")["received"]) if self.folder is None else {}

    def size(self, key: str) -> int:
        """Bytes of the object under ``key`` in our own server."""
        connection = http.client.HTTPConnection(self.url.partition("://")[2], timeout=30)
        connection.request("HEAD", f"/bucket/{key}")
        size = int(connection.getresponse().headers["content-length"])
        connection.close()
        return size

    def _ask(self, what: str) -> dict[str, Any]:
        scheme, _, host = self.url.partition("://")
        connection: http.client.HTTPConnection = http.client.HTTPConnection(host, timeout=30)
        if scheme == "https":
            trusted = ssl.create_default_context(cafile=certificate.authority())
            connection = http.client.HTTPSConnection(host, timeout=30, context=trusted)
        connection.request("GET", f"/-/{what}", headers={"x-benchmark": "1"})
        state: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return state


@contextmanager
def sink(
    rtt_milliseconds: float, *, md5: bool = False, checks: bool = False, tls: bool = False, before: Sequence[str] = ()
) -> Iterator[Server]:
    """Our own server, ``benchmarks.sink``; with ``tls`` behind a certificate of ``certificate.authority()``. ``before``
    is a program that starts it, and what that is told."""
    kind = [*(["--md5"] if md5 else []), *(["--checks"] if checks else [])]
    kind += ["--tls", str(certificate.server())] if tls else []
    command = [*before, sys.executable, "-m", "benchmarks.sink", "--rtt", str(rtt_milliseconds), *kind]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        yield Server(process.stdout.readline().strip())
        process.stdin.close()


#: a kind of our own server → what is said to start it
SINKS: Mapping[str, Mapping[str, bool]] = {
    "sink": {},
    "md5-sink": {"md5": True},
    "checking-md5-sink": {"md5": True, "checks": True},
    "tls-sink": {"tls": True},
}


def trusting() -> dict[str, str]:
    """The environment in which every program believes a server with TLS."""
    authority = str(certificate.authority())
    return {"SSL_CERT_FILE": authority, "AWS_CA_BUNDLE": authority}


@contextmanager
def rclone_server(program: str, folder: Path) -> Iterator[Server]:
    """``rclone serve s3`` on ``folder``: real requests, signatures, MD5 sums and files."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "bucket").mkdir(parents=True, exist_ok=True)
    # nothing is cached between two requests, and times are not kept in extended attributes
    command = [program, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--no-modtime", "--quiet"]
    keys = ["--auth-key", "benchmark,benchmark-secret", "--vfs-cache-mode", "off", "--dir-cache-time", "0s"]
    process = subprocess.Popen([*command, *keys], stdin=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Server(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait()
