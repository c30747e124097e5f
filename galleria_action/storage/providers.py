"""What each storage service can do, as data: one profile for each.

A service is recognised by the host of the endpoint and can be named by hand. What a profile does not say is as for a
service that nobody knows (``generic``). In Python, because every run reads it: a reader of another format would take
longer than all the rest that is done before the first request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

from galleria_action.errors import ConfigInvalid
from galleria_action.storage.interface import IfMatch
from galleria_action.values import dataclass


class PrivateBy(StrEnum):
    """By what a part of a public bucket is kept from visitors: its policy, a rule of the domain before it, the web
    server; or by nothing, so that it has to lie elsewhere."""

    POLICY = "policy"
    EDGE = "edge"
    SERVER = "server"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Provider:
    """The profile of a storage service."""

    name: str
    #: endpoint hosts; a ``*`` at the beginning or the end stands for anything
    hosts: tuple[str, ...] = ()
    #: a regular expression; its group is the region when none is given
    region_from_host: str | None = None
    region: str = "us-east-1"
    #: https://host/bucket/key; otherwise https://bucket.host/key
    path_style: bool = True
    #: Additional checksum sent with an upload; without one the signed payload hash must do. Since boto3 1.36 checksums
    #: are on by default, which several services refuse or store as data.
    upload_checksum: Literal["SHA256"] | None = None
    #: "yes": an upload is refused where its bytes do not have the SHA-256 that it is signed with (400
    #: XAmzContentSHA256Mismatch); "probe": one that must be refused decides
    signed_hash: Literal["yes", "probe"] = "probe"
    #: "probe": the service is not known to refuse, answers decide
    conditional_put: Literal["yes", "no", "probe"] = "probe"
    #: without quotes, If-Match wants the bare ETag: radosgw 16 takes a quoted one for a mismatch
    quoted_if_match: bool = True
    #: DeleteObjects; "md5": wants Content-MD5, refuses newer checksums
    batch_delete: Literal["yes", "md5", "no"] = "md5"
    #: false where CopyObject is documented as unreliable
    copy: bool = True
    #: canned ACLs per object
    acl: bool = True
    #: PutBucketCors and GetBucketCors
    cors_api: bool = True
    private_by: PrivateBy = PrivateBy.POLICY
    #: of one object, which the service permits
    seconds_between_writes: float = 0
    #: or so many at once, in the time of as many
    writes_at_once: int = 1

    def if_match(self, condition: IfMatch) -> str:
        """The value of an If-Match header."""
        return f'"{condition.etag}"' if self.quoted_if_match and not condition.bare else condition.etag

    def region_in(self, endpoint: str | None) -> str | None:
        """The region that the endpoint's name tells, if it does."""
        match = self.region_from_host and re.search(self.region_from_host, _host(endpoint))
        return match.group(1) if match else None

    def region_of(self, endpoint: str | None) -> str:
        """The region to sign for when nobody says one."""
        return self.region_in(endpoint) or self.region


_PROFILES = (
    Provider("generic"),
    Provider(
        "aws",
        hosts=("*.amazonaws.com", "*.amazonaws.com.cn"),
        # s3.REGION, s3-REGION, s3-fips.REGION, s3.dualstack.REGION, bucket.vpce-ID.s3.REGION.vpce
        region_from_host=r"\b([a-z]{2}(?:-[a-z]+)+-\d{1,2})\.(?:vpce\.)?amazonaws\.com",
        path_style=False,
        upload_checksum="SHA256",
        signed_hash="yes",
        conditional_put="yes",  # If-None-Match since August 2024, If-Match since November 2024
        batch_delete="yes",
    ),
    Provider(
        "r2",
        hosts=("*.r2.cloudflarestorage.com",),
        region="auto",
        conditional_put="yes",
        acl=False,  # x-amz-acl is documented as not implemented
        private_by=PrivateBy.EDGE,  # no bucket policies; public by a domain of one's own, or r2.dev
        seconds_between_writes=1,  # "Concurrent writes to the same object name (key)": one a second, else 429
    ),
    Provider(
        "b2",
        hosts=("*.backblazeb2.com",),
        region_from_host=r"^s3\.([a-z0-9-]+)\.backblazeb2\.com$",
        acl=False,  # only for whole buckets; other values are errors
        private_by=PrivateBy.ELSEWHERE,  # a bucket is public or private
    ),
    Provider(
        "gcs",
        hosts=("storage.googleapis.com",),
        region="auto",
        conditional_put="no",  # generation headers instead of ETags
        batch_delete="no",
        cors_api=False,  # another XML dialect
        # deny policies know neither buckets nor folders (managed folders can be made public instead)
        private_by=PrivateBy.ELSEWHERE,
    ),
    Provider(
        "hetzner",
        hosts=("*.your-objectstorage.com",),  # Ceph
        quoted_if_match=False,
        region_from_host=r"^([a-z0-9]+)\.your-objectstorage\.com$",
        copy=False,  # documented: "may fail, even if the Buckets are in the same location"
    ),
    Provider(
        "digitalocean",
        hosts=("*.digitaloceanspaces.com",),  # Ceph
        quoted_if_match=False,
        region_from_host=r"^([a-z0-9]+)\.digitaloceanspaces\.com$",
        seconds_between_writes=60,  # five PUTs or COPYs of one object in five minutes
        writes_at_once=5,
    ),
    Provider(
        "minio",
        hosts=("minio", "minio.*", "*.minio", "*.min.io"),
        conditional_put="yes",
        acl=False,
        cors_api=False,  # set for the whole server: MINIO_API_CORS_ALLOW_ORIGIN
    ),
    Provider("wasabi", hosts=("*.wasabisys.com",), region_from_host=r"^s3\.([a-z0-9-]+)\.wasabisys\.com$"),
    Provider(
        "ovh",
        hosts=("*.cloud.ovh.net", "*.cloud.ovh.us"),
        region_from_host=r"^s3\.([a-z0-9-]+)\.(?:io\.|perf\.)?cloud\.ovh\.(?:net|us)$",
        conditional_put="yes",
        private_by=PrivateBy.ELSEWHERE,  # no bucket policies; an object is public by its ACL, and our records get none
    ),
    Provider("scaleway", hosts=("*.scw.cloud",), region_from_host=r"^s3\.([a-z0-9-]+)\.scw\.cloud$"),
    Provider(
        "linode",
        hosts=("*.linodeobjects.com",),  # Ceph
        quoted_if_match=False,
        region_from_host=r"^([a-z0-9-]+)\.linodeobjects\.com$",
    ),
    Provider(
        "oss",
        hosts=("*.aliyuncs.com",),  # Alibaba Cloud
        region_from_host=r"^(?:s3\.)?oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$",
        path_style=False,  # 403 SecondLevelDomainForbidden otherwise
        conditional_put="no",  # 501; x-oss-forbid-overwrite instead
    ),
    Provider(
        "cos",
        hosts=("*.myqcloud.com", "*.tencentcos.cn"),  # Tencent Cloud
        region_from_host=r"^cos\.([a-z0-9-]+)\.(?:myqcloud\.com|tencentcos\.cn)$",
        path_style=False,  # 403 PathStyleDomainForbidden otherwise
    ),
    Provider(
        "supabase",
        hosts=("*.supabase.co", "*.supabase.in", "*.supabase.red"),  # below /storage/v1/s3
        private_by=PrivateBy.ELSEWHERE,  # a bucket is public or private
        acl=False,
        cors_api=False,
    ),
    Provider("ceph", quoted_if_match=False),  # self-hosted under any name
)
_BY_NAME: Mapping[str, Provider] = {provider.name: provider for provider in _PROFILES}


def profiles() -> Mapping[str, Provider]:
    """All profiles by name."""
    return _BY_NAME


def provider_of(endpoint: str | None, name: str = "auto") -> Provider:
    """The profile called ``name``, or for ``"auto"`` the one whose hosts match ``endpoint`` (``None``: AWS).

    Raises ``ConfigInvalid`` when there is no profile of that name.
    """
    if name == "auto":
        return _recognise(_host(endpoint)) if endpoint else _BY_NAME["aws"]
    try:
        return _BY_NAME[name]
    except KeyError:
        known = ", ".join(sorted(_BY_NAME))
        raise ConfigInvalid(f"provider: there is no profile {name!r}", hint=f"Use auto or one of {known}.") from None


def _recognise(host: str) -> Provider:
    for provider in _PROFILES:
        if any(_matches(host, pattern) for pattern in provider.hosts):
            return provider
    return _BY_NAME["generic"]


def _matches(host: str, pattern: str) -> bool:
    begin, star, end = pattern.partition("*")
    return host.startswith(begin) and host.endswith(end) and (bool(star) or host == begin)


def _host(endpoint: str | None) -> str:
    return (urlsplit(endpoint).hostname or "") if endpoint else ""
