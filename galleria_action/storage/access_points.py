"""S3 access points by their ARN, as AWS's own tools take them instead of a bucket's name.

Source: "Referencing an access point" and "ARN format" in the Amazon S3 user guide
(docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html). An access point's alias looks like a
bucket's name and needs nothing.
"""

from __future__ import annotations

import re

from galleria_action.expressions import expression
from galleria_action.values import dataclass

#: an access point's name, as far as it may become part of a host's
_NAME = r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?"
_ARN = expression(
    rf"arn:(?P<partition>aws(?:-[a-z-]+)?):s3:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{{12}})"
    rf":accesspoint[/:](?P<name>{_NAME})"
)
_DOMAINS = {"aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """One access point; ``arn`` as it was given."""

    arn: str
    partition: str
    region: str
    account: str
    name: str

    @property
    def host(self) -> str:
        """The host that stands for it."""
        domain = _DOMAINS.get(self.partition, "amazonaws.com")
        return f"{self.name}-{self.account}.s3-accesspoint.{self.region}.{domain}"


def is_arn(bucket: str) -> bool:
    """Whether ``bucket`` is an ARN of whatever kind."""
    return bucket.startswith("arn:")


def split_arn(text: str) -> tuple[str, str]:
    """The ARN that ``text`` begins with, and the prefix behind it. Raises ``ValueError`` for the ARN of anything else
    than an access point; the text says what to give instead."""
    match = _ARN.match(text)
    rest = text[match.end() :] if match else ""
    if match and (not rest or rest.startswith("/")):
        return match[0], rest[1:]
    plain = re.fullmatch(r"arn:aws[a-z-]*:s3:::([A-Za-z0-9._-]+)", text)
    instead = f"write {plain[1]!r}" if plain else "give the bucket's name, or the alias of the access point"
    raise ValueError(f"bucket {text[:120]!r} is an ARN, but not that of an access point; {instead}")


def access_point(bucket: str) -> AccessPoint | None:
    """The access point whose ARN ``bucket`` is, ``None`` for a bucket's name or an ARN that is not an access point's.

    Those of Outposts, of Object Lambda and of several regions are others: they want other signatures.
    """
    match = _ARN.fullmatch(bucket) if is_arn(bucket) else None
    return AccessPoint(bucket, **match.groupdict()) if match else None
