"""Whom connections trust."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from galleria_action.errors import ConfigInvalid
from galleria_action.net.trust import Authorities
from tests.s3.certificate import authority


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_file_replaces_the_systems(name: str) -> None:
    context = Authorities.of({name: str(authority())}).context()
    assert len(context.get_ca_certs()) == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_the_first_that_is_given_counts() -> None:
    found = Authorities.of({"SSL_CERT_FILE": "/b", "AWS_CA_BUNDLE": "/a"})
    assert (found.file, found.variable) == ("/a", "AWS_CA_BUNDLE")
    assert Authorities.of({}) == Authorities()


def test_a_folder(tmp_path: Path) -> None:
    assert Authorities.of({"SSL_CERT_DIR": str(tmp_path)}).folder == str(tmp_path)
    assert Authorities.of({"AWS_CA_BUNDLE": str(tmp_path)}).folder == str(tmp_path)
    Authorities.of({"SSL_CERT_DIR": str(tmp_path)}).context()


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\x00"])
def test_a_file_that_is_not_one_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=r"AWS_CA_BUNDLE names '.*ca\.pem'"):
        Authorities.of({"AWS_CA_BUNDLE": str(path)}).context()


def test_a_machine_without_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = ssl.get_default_verify_paths()._replace(cafile=None, capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: bare)
    assert len(Authorities().context().get_ca_certs()) > 50
