"""Where the gallery goes, and with which credentials."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.options.declaration import Group, Mistake, Topic, option, optional
from galleria_action.options.kinds import SECRET, TEXT, choice, parsed
from galleria_action.storage.settings import (
    AddressStyle,
    StoreSettings,
    parse_encryption,
    parse_state,
    parse_storage_class,
    parse_target,
)
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOptions(Group):
    """The bucket and the way to it."""

    bucket: str | None = optional(
        TEXT, "bucket, or s3://bucket/prefix, or file:///folder", Topic.BUCKET, also=("GALLERIA_S3_PUBLIC_BUCKET",)
    )
    prefix: str | None = optional(TEXT, "key prefix inside the bucket", Topic.BUCKET)
    endpoint: str | None = optional(
        TEXT,
        "URL or bare host of an S3-compatible service; empty for AWS",
        Topic.BUCKET,
        also=("GALLERIA_S3_PUBLIC_ENDPOINT",),
    )
    region: str | None = optional(TEXT, "region", Topic.BUCKET, shown="us-east-1", also=("GALLERIA_S3_PUBLIC_REGION",))
    access_key: str | None = optional(
        SECRET,
        "access key; without it AWS's own credential chain",
        Topic.BUCKET,
        also=("GALLERIA_S3_PUBLIC_ACCESS_KEY",),
    )
    secret_key: str | None = optional(SECRET, "secret key", Topic.BUCKET, also=("GALLERIA_S3_PUBLIC_SECRET_KEY",))
    session_token: str | None = optional(SECRET, "session token of temporary credentials", Topic.BUCKET)
    provider: str = option(TEXT, "auto", "provider profile; auto recognises it by the endpoint", Topic.BUCKET)
    address_style: AddressStyle = option(
        choice(AddressStyle),
        "auto",
        "where the bucket's name goes: path, or in front of the host",
        Topic.BUCKET,
    )
    acl: str | None = optional(TEXT, "canned ACL sent with each object", Topic.APPLY)
    encryption: str | None = optional(
        parsed("TEXT", parse_encryption),
        "server-side encryption of each object: AES256, aws:kms or aws:kms:<key>",
        Topic.APPLY,
    )
    storage_class: str | None = optional(
        parsed("TEXT", parse_storage_class), "storage class of each object, such as STANDARD_IA", Topic.APPLY
    )

    state: str | None = optional(
        TEXT,
        "where our own records lie: s3://bucket/prefix (same endpoint and credentials) or file:///folder; if empty, "
        ".galleria/ under the target",
        Topic.BUCKET,
    )

    def settings(self, concurrency: int) -> StoreSettings | None:
        """What a store is opened with, for ``concurrency`` requests in flight; ``None`` without a bucket.

        Raises ``ValueError`` whose text begins with the option that is wrong.
        """
        if self.bucket is None:
            return None
        target = parse_target(self.bucket, self.prefix, self.endpoint)
        return StoreSettings(
            target=target,
            state=parse_state(self.state, target),
            region=self.region,
            access_key=self.access_key,
            secret_key=self.secret_key,
            session_token=self.session_token,
            provider=self.provider,
            address_style=self.address_style,
            acl=self.acl,
            encryption=self.encryption,
            storage_class=self.storage_class,
            concurrency=concurrency,
        )

    def mistakes(self) -> Iterator[Mistake]:
        """See ``Group.mistakes``."""
        if bool(self.access_key) != bool(self.secret_key):
            given, lacking = ("access-key", "secret-key") if self.access_key else ("secret-key", "access-key")
            yield Mistake(
                lacking,
                f"not given, but {given} is; they belong together. In a workflow: is the secret missing, or misspelt?",
                (given,),
            )
