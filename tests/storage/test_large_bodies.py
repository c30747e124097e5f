"""Bodies that do not go out at once: from memory or from a file, to servers that listen, and that do not."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from galleria_action.errors import GalleriaError, StorageUnavailable
from galleria_action.net.network import Network
from galleria_action.net.waiting import run
from galleria_action.storage.interface import Body, Descriptor, Hashed, Stretch, pieces_of
from galleria_action.storage.s3.wire import Wire
from tests.s3 import FakeS3, certificate
from tests.storage.raw_servers import early_bird, head_of, listening
from tests.storage.stores import JPEG, open_s3
from tests.storage.test_s3_store import over


def in_memory(_: Path, size: int) -> Body:
    return bytes(size)


def in_a_file(folder: Path, size: int) -> Body:
    (folder / "large").write_bytes(bytes(size))
    stretch = Stretch(Descriptor(os.open(folder / "large", os.O_RDONLY)), 0, size, ValueError("short"))
    return Hashed((stretch,), hashlib.sha256(bytes(size)).hexdigest())


@pytest.mark.parametrize("large", [in_memory, in_a_file])
class TestRefusedWhileSending:
    """A server may answer before it has read all of a body; what it says counts."""

    @pytest.mark.parametrize("status", [413, 403, 503])
    def test_the_answer_is_heard(self, large: Callable[..., Body], tmp_path: Path, status: int) -> None:
        page = b"<html><title>413</title></html>"
        answer = b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n%s" % (status, len(page), page)
        with early_bird(answer) as url, pytest.raises(GalleriaError, match=str(status)):
            open_s3(url).put("large", large(tmp_path, 40 << 20), JPEG)

    def test_a_success_that_comes_too_early_is_none(self, large: Callable[..., Body], tmp_path: Path) -> None:
        with (
            early_bird(b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n') as url,
            pytest.raises(StorageUnavailable, match="was cut"),
        ):
            open_s3(url).put("large", large(tmp_path, 40 << 20), JPEG)

    def test_go_on_is_not_an_answer(self, large: Callable[..., Body], tmp_path: Path) -> None:
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        with early_bird(go_on, b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n', reads=4 << 20) as url:
            assert open_s3(url).put("large", large(tmp_path, 4 << 20), JPEG) == "e"


class TestFromFiles:
    """Large bodies are read when they are sent."""

    def test_over_tls(self, tmp_path: Path) -> None:
        with FakeS3("aws", tls=True) as s3:
            store = over({"SSL_CERT_FILE": str(s3.certificate)}, s3.settings())
            store.put("a", in_a_file(tmp_path, 3 << 20), JPEG)
            found = store.get("a")
            assert found is not None
            assert found.body == bytes(3 << 20)

    def test_over_tls_as_far_as_the_proxy(self, tmp_path: Path) -> None:
        """The service has none, but the line to the proxy has: nothing of a file is sent beside it."""
        seen: list[bytes] = []

        def serve(plain: socket.socket) -> None:
            with certificate.server_context().wrap_socket(plain, server_side=True) as line:
                head, _, body = head_of(line).partition(b"\r\n\r\n")
                while len(body) < 3 << 20:
                    body += line.recv(1 << 16)
                seen.extend((head, body))
                line.sendall(b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n')

        with listening(serve) as url:
            proxy = url.replace("http://", "https://")
            network = Network.of({"http_proxy": proxy, "SSL_CERT_FILE": str(certificate.authority())})
            wire = Wire("http://s3.example.invalid", network)
            body = in_a_file(tmp_path, 3 << 20)
            answer = run(wire.ask("PUT", "/a", {"host": "s3.example.invalid"}, body, most=1000))
        assert answer.status == 200
        assert seen[0].startswith(b"PUT http://s3.example.invalid/a ")
        assert seen[1] == bytes(3 << 20)

    @pytest.mark.parametrize("refused_at", [0, 1])
    def test_where_the_system_cannot_send_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused_at: int
    ) -> None:
        """Some file systems have no ``sendfile``; what went out before is not sent twice."""
        asked, sendfile = [], os.sendfile

        def some(out: int, file: int, offset: int, count: int) -> int:
            asked.append(offset)
            if len(asked) > refused_at:
                raise OSError(errno.EINVAL, "not here")
            return sendfile(out, file, offset, min(count, 1000))

        monkeypatch.setattr("os.sendfile", some)
        with FakeS3("aws") as s3:
            store = over({}, s3.settings())
            store.put("a", in_a_file(tmp_path, 3 << 20), JPEG)
            found = store.get("a")
            assert found is not None
            assert found.body == bytes(3 << 20)
        assert len(asked) == refused_at + 1

    def test_the_file_stays_open_for_who_still_reads_it(self, tmp_path: Path) -> None:
        body = in_a_file(tmp_path, 1 << 20)
        (tmp_path / "large").unlink()
        assert bytes(body) == bytes(1 << 20)
        stretch = pieces_of(body)[0]
        assert isinstance(stretch, Stretch)
        number = stretch.file.number
        del body, stretch
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(number)
