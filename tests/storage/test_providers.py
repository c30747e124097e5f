"""Provider profiles: recognised by host, overridable by name, complete as data."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from galleria_action.errors import ConfigInvalid
from galleria_action.storage.providers import Provider, profiles, provider_of


@pytest.mark.parametrize(
    ("endpoint", "name", "region"),
    [
        (None, "aws", "us-east-1"),
        ("https://s3.amazonaws.com", "aws", "us-east-1"),
        ("https://s3.eu-central-1.amazonaws.com", "aws", "eu-central-1"),
        ("https://s3.dualstack.ap-southeast-2.amazonaws.com", "aws", "ap-southeast-2"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "aws", "cn-north-1"),
        ("https://0123abc.r2.cloudflarestorage.com", "r2", "auto"),
        ("https://0123abc.eu.r2.cloudflarestorage.com", "r2", "auto"),
        ("https://s3.us-west-004.backblazeb2.com", "b2", "us-west-004"),
        ("https://storage.googleapis.com", "gcs", "auto"),
        ("https://fsn1.your-objectstorage.com", "hetzner", "fsn1"),
        ("https://fra1.digitaloceanspaces.com", "digitalocean", "fra1"),
        ("http://minio:9000", "minio", "us-east-1"),
        ("https://play.min.io", "minio", "us-east-1"),
        ("http://minio", "minio", "us-east-1"),
        ("http://minio.lan:9000", "minio", "us-east-1"),
        ("http://s3.minio", "minio", "us-east-1"),
        ("http://minios:9000", "generic", "us-east-1"),
        ("https://storage.googleapis.com.evil.example", "generic", "us-east-1"),
        ("https://s3.eu-central-2.wasabisys.com", "wasabi", "eu-central-2"),
        ("https://s3.wasabisys.com", "wasabi", "us-east-1"),
        ("https://s3.gra.io.cloud.ovh.net", "ovh", "gra"),
        ("https://s3.sbg.perf.cloud.ovh.net", "ovh", "sbg"),
        ("http://localhost:9000", "generic", "us-east-1"),
        ("https://amazonaws.com.evil.example", "generic", "us-east-1"),
    ],
)
def test_recognised_by_host(endpoint: str | None, name: str, region: str) -> None:
    provider = provider_of(endpoint)
    assert (provider.name, provider.region_of(endpoint)) == (name, region)


def test_a_name_wins_over_the_host() -> None:
    assert provider_of("https://s3.amazonaws.com", "ceph").name == "ceph"
    assert provider_of(None, "generic").name == "generic"


def test_unknown_name() -> None:
    with pytest.raises(ConfigInvalid, match="no profile 'azure'") as caught:
        provider_of(None, "azure")
    assert "generic" in (caught.value.hint or "")


def test_profiles_hold_what_the_fields_permit() -> None:
    assert set(profiles()) == {
        "aws", "r2", "b2", "gcs", "hetzner", "digitalocean", "minio", "wasabi", "ovh", "scaleway", "linode", "oss",
        "cos", "supabase", "ceph", "generic",
    }  # fmt: skip
    kinds = {"region": str, "path_style": bool, "copy": bool, "acl": bool, "cors_api": bool}
    for provider in profiles().values():
        assert all(isinstance(getattr(provider, name), kind) for name, kind in kinds.items())
        assert provider.upload_checksum in ("SHA256", None)
        assert provider.conditional_put in ("yes", "no", "probe")
        assert provider.batch_delete in ("yes", "md5", "no")
        assert provider.region_from_host is None or re.compile(provider.region_from_host).groups == 1
    assert {field.name for field in fields(Provider)} == set(Provider.__slots__)


def test_hosts_have_a_star_at_one_end_or_none() -> None:
    for pattern in (host for provider in profiles().values() for host in provider.hosts):
        assert pattern.strip("*"), pattern
        assert "*" not in pattern[1:-1] and not {"[", "?"} & set(pattern), pattern
        assert not (pattern[0] == pattern[-1] == "*"), pattern


def test_only_aws_gets_checksums_and_few_the_bucket_in_the_host() -> None:
    """boto3 issues 4392, 4400, 4401, 4435: the newer defaults break the others, one silently."""
    assert [name for name, provider in profiles().items() if provider.upload_checksum] == ["aws"]
    assert [name for name, provider in profiles().items() if not provider.path_style] == ["aws", "oss", "cos"]
    assert [name for name, provider in profiles().items() if provider.batch_delete == "yes"] == ["aws"]
