"""How services differ, as far as a client can see it. Strict unless a profile says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Profile:
    """What a service does.

    ``conditions``: If-Match and If-None-Match on writes are enforced, ignored, or refused by 501. ``unquoted_if_match``
    says that only an ETag without its quotes matches. ``chunked``: aws-chunked bodies are decoded, refused by 411, or
    stored with their framing. ``batch_delete`` ``md5`` wants Content-MD5. ``normalise`` is the Unicode form that keys
    are turned into. ``stale_lists`` is the number of listings after a write that do not yet show it, ``page`` how many
    keys a listing has at most.
    """

    name: str
    conditions: Literal["enforced", "ignored", "refused"] = "enforced"
    unquoted_if_match: bool = False
    chunked: Literal["decoded", "refused", "stored"] = "decoded"
    checks_checksums: bool = True
    checks_payload: bool = True
    checks_signature: bool = True
    checks_region: bool = False
    batch_delete: Literal["yes", "md5", "no"] = "yes"
    copies: bool = True
    acl: bool = True
    cors: bool = True
    continues: bool = True
    md5_etags: bool = True
    normalise: Literal["NFC"] | None = None
    stale_lists: int = 0
    page: int = 1000
    longest_key: int = 1024
    largest_metadata: int = 2048


_AWS = Profile("aws", checks_region=True)

#: Facts: the services' own documentation, and servers that were tried (docs/reliability.md).
PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        _AWS,
        Profile("r2", normalise="NFC", acl=False),
        Profile("b2", conditions="refused", chunked="refused", batch_delete="md5", acl=False),
        Profile("gcs", conditions="ignored", chunked="refused", checks_checksums=False, batch_delete="no", cors=False),
        Profile(
            "hetzner",
            unquoted_if_match=True,
            chunked="refused",
            checks_checksums=False,
            batch_delete="md5",
            copies=False,
        ),
        Profile("ceph", unquoted_if_match=True, chunked="refused", checks_checksums=False, batch_delete="md5"),
        Profile("minio", acl=False, cors=False),
        Profile("rejects-conditions", conditions="refused"),
        Profile("ignores-conditions", conditions="ignored", checks_checksums=False),
        Profile("ignores-hashes", checks_checksums=False, checks_payload=False),
        Profile("stale-lists", stale_lists=2),
        Profile("stores-framing", chunked="stored", conditions="ignored", checks_checksums=False),
        Profile("opaque-etags", md5_etags=False),
    )
}


def profile_of(name: str, **changes: object) -> Profile:
    """The profile called ``name``, with single fields changed."""
    return replace(PROFILES[name], **changes)  # type: ignore[arg-type]
