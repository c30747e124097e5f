"""What storage services say when they refuse, what it means and what helps: one table.

Rows are tried from top to bottom, first those whose code (and words, where a row names some) fit, then those whose
status fits; so a row with words stands above one without. Sources: AWS "Error responses" (docs.aws.amazon.com/AmazonS3/
latest/API/ErrorResponses.html), the services' own documentation, and servers that were tried. ``docs/messages.md`` is
made from this table.

Texts may use ``{bucket}``, ``{permission}`` (what the call needs), ``{size}`` (of the body that was sent) and
``{region}``.
"""

from __future__ import annotations

import re

from galleria_action.errors import (
    BucketMissing,
    ConfigInvalid,
    CredentialsError,
    GalleriaError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One row. ``cause`` ends a sentence that names the call; ``remedy`` is what to do. ``words`` is a regular
    expression for the server's own words. ``passes``: the same may be answered differently in a moment; ``doubtful``:
    but it need not. ``overload``: less should be asked of the service. ``page``: the answer is a web page."""

    cause: str
    remedy: str
    error: type[GalleriaError] = StorageUnavailable
    codes: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()
    words: str = ""
    passes: bool = False
    doubtful: bool = False
    overload: bool = False
    page: bool = False


_PASSES = "Run again; what was uploaded is kept and not sent a second time."
_CAP = r"\bcap exceeded|quota|storage (?:is )?full|out of space|insufficient storage"

TABLE: tuple[Meaning, ...] = (
    # --- who asks ---
    Meaning(
        codes=("InvalidArgument", "InvalidRequest", "Unauthorized"),
        words=r"credential access key has length",
        error=CredentialsError,
        cause="the access key is not one of this service",
        remedy="Cloudflare R2 has keys of its own (R2, Manage API tokens): 32 characters, not those of AWS.",
    ),
    Meaning(
        codes=("InvalidAccessKeyId", "InvalidAccessKey", "InvalidClientTokenId", "UnrecognizedClientException"),
        error=CredentialsError,
        cause="the access key is unknown there",
        remedy="Check access-key, and that endpoint belongs to it.",
    ),
    Meaning(
        codes=("SignatureDoesNotMatch", "InvalidSignature"),
        error=CredentialsError,
        cause="the secret key does not belong to the access key",
        remedy="Copy secret-key again, without spaces or line ends; a wrong region can look the same.",
    ),
    Meaning(
        codes=("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
        error=CredentialsError,
        cause="the credentials have expired",
        remedy="Get new ones and run again; with OIDC raise role-duration-seconds. What is uploaded is kept.",
    ),
    Meaning(
        codes=("InvalidToken",),
        error=CredentialsError,
        cause="the session token is wrong",
        remedy="Give session-token together with the keys it was issued with.",
    ),
    Meaning(
        codes=("RequestTimeTooSkewed",),
        error=CredentialsError,
        cause="the clock of this machine and that of the service differ by more than 15 minutes",
        remedy="Set the clock of this machine (or restart its time service) and run again.",
    ),
    Meaning(
        codes=("AccountProblem", "AllAccessDisabled", "AccountSuspended", "UserSuspended", "UserDisabled",
               "NotSignedUp"),
        statuses=(402,),
        error=CredentialsError,
        cause="there is a problem with the account",
        remedy="Ask the provider; often it is the billing.",
    ),
    Meaning(
        codes=("Unauthorized",),
        error=CredentialsError,
        cause="the service did not accept the signed request",
        remedy="Check the keys. Cloudflare R2 answers this also to checksums it does not know: set provider to r2.",
    ),
    # --- room ---
    Meaning(
        codes=("QuotaExceeded", "StorageQuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded",
               "XMinioDiskFull", "InsufficientStorage", "InsufficientCapacity", "StorageFull"),
        statuses=(507,),
        cause="the storage is full, or the quota of the account or bucket is used up",
        remedy="Make room or raise the quota at the provider, then run again; what is uploaded is kept.",
    ),
    Meaning(
        codes=("AccessDenied", "Forbidden", "InvalidRequest", "ServiceUnavailable"),
        statuses=(403,),
        words=_CAP,
        cause="a cap or quota of the account is reached",
        remedy="Raise the cap or quota at the provider (Backblaze: Caps & Alerts), or make room, then run again.",
    ),
    Meaning(
        codes=("EntityTooLarge", "MaxMessageLengthExceeded", "RequestEntityTooLarge"),
        statuses=(413,),
        cause="the file ({size}) is larger than the service, or a gateway in front of it, takes in one upload",
        remedy="Make the file smaller, or raise the limit of what lies in front of the storage (nginx: "
        "client_max_body_size; Cloudflare's proxy: 100 MB on small plans), or go past it with endpoint.",
    ),
    Meaning(
        codes=("KeyTooLongError", "KeyTooLong", "XMinioInvalidObjectName"),
        cause="the service does not take a key that is so long or so named",
        remedy="Give the file a shorter or plainer name, or use a shorter prefix.",
    ),
    Meaning(
        codes=("XMinioObjectExistsAsDirectory", "XMinioParentIsObject", "ParentIsObject"),
        cause="the service cannot hold a file and a folder of the same name",
        remedy="Rename the file or the folder.",
    ),
    # --- what the options ask for ---
    Meaning(
        codes=("AccessControlListNotSupported", "InvalidBucketAclWithObjectOwnership"),
        error=ConfigInvalid,
        cause="the bucket permits no ACLs, as AWS has it for every new bucket",
        remedy="Leave acl out, and let a bucket policy say who may read.",
    ),
    Meaning(
        codes=("SecondLevelDomainForbidden", "PathStyleDomainForbidden"),
        error=ConfigInvalid,
        cause="the service wants the bucket's name in front of the host",
        remedy="Set address-style: virtual.",
    ),
    Meaning(
        codes=("InvalidRequest", "AccessDenied", "InvalidArgument"),
        words=r"virtual[- ]host",
        error=ConfigInvalid,
        cause="the service wants the bucket's name in front of the host",
        remedy="Set address-style: virtual.",
    ),
    Meaning(
        codes=("InvalidStorageClass",),
        error=ConfigInvalid,
        cause="the service has no such storage class",
        remedy="Leave storage-class out, or name one that the service has.",
    ),
    Meaning(
        codes=("KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException", "KMS.InvalidKeyUsage",
               "KMSDisabledException", "KMSNotFoundException", "KMSNotConfigured", "InvalidEncryptionAlgorithmError"),
        error=ConfigInvalid,
        cause="the objects cannot be encrypted in this way",
        remedy="Check encryption: the key must exist in the bucket's region and be enabled.",
    ),
    Meaning(
        codes=("AccessDenied", "KMS.AccessDeniedException"),
        words=r"\bkms:",
        error=PermissionRefused,
        cause="the credentials are not allowed to use the key that the objects are encrypted with",
        remedy="Allow kms:GenerateDataKey and kms:Decrypt on the key in the policy of these credentials.",
    ),
    Meaning(
        codes=("InvalidArgument", "InvalidRequest", "NotImplemented"),
        words=r"encryption|x-amz-server-side",
        error=ConfigInvalid,
        cause="the service does not encrypt in the way that was asked for",
        remedy="Leave encryption out, or set it to what the service offers.",
    ),
    Meaning(
        codes=("InvalidRequest", "MissingContentMD5"),
        words=r"content-md5",
        cause="the service wants a checksum with each upload that it was not given",
        remedy="Set provider to the service's profile.",
    ),
    # --- what is kept ---
    Meaning(
        codes=("InvalidObjectState", "ObjectArchived"),
        cause="the object was moved to an archive class, from which it cannot be read",
        remedy="Restore it at the provider, or delete it there and deploy again; a lifecycle rule should spare the "
        "gallery.",
    ),
    Meaning(
        codes=("AccessDenied", "ObjectLocked", "InvalidRequest"),
        words=r"object lock|worm|retention|legal hold|immutable",
        error=PermissionRefused,
        cause="Object Lock keeps the object as it is",
        remedy="It can be removed when its retention is over. For a gallery a bucket without default retention is "
        "better.",
    ),
    # --- where the bucket is ---
    Meaning(
        codes=("PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException", "BucketRegionError"),
        error=BucketMissing,
        cause="the bucket is in another region or at another endpoint",
        remedy="Set region (and endpoint) to the bucket's.",
    ),
    Meaning(
        codes=("NoSuchBucket", "InvalidBucketName", "NoSuchAccessPoint"),
        error=BucketMissing,
        cause="there is no bucket {bucket!r} there",
        remedy="Create the bucket, or check bucket, endpoint and region for a typing error.",
    ),
    Meaning(
        codes=("NoSuchKey",),
        cause="the object is not there any more",
        remedy="Run again: the next run looks anew at what is there.",
    ),
    # --- who may ---
    Meaning(
        codes=("AccessDenied",),
        words=r"explicit deny",
        error=PermissionRefused,
        cause="a policy denies it, which outweighs every permission",
        remedy="Look for a Deny in the policies of the bucket and the organisation. Many want each upload encrypted: "
        "set encryption to AES256 or aws:kms. Others permit certain networks or accounts only.",
    ),
    Meaning(
        codes=("AccessDenied", "Forbidden"),
        error=PermissionRefused,
        cause="the credentials are not allowed to do this",
        remedy="Allow {permission} for bucket {bucket!r} in the policy of these credentials, and check that the bucket "
        "is theirs.",
    ),
    # --- what passes ---
    Meaning(
        codes=("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch",
               "IncompleteBody"),
        passes=True,
        doubtful=True,
        cause="the data arrived damaged, as the service sees it",
        remedy="Run again; if it stays, the service may not know the checksum: set provider to its profile or generic.",
    ),
    Meaning(
        codes=("SlowDown", "SlowDownRead", "SlowDownWrite", "RequestLimitExceeded", "Throttling", "ThrottlingException",
               "TooManyRequests", "BandwidthLimitExceeded"),
        statuses=(429, 503),
        passes=True,
        overload=True,
        cause="the service is overloaded, after all retries",
        remedy="Run again later; lower concurrency if it happens often. What was uploaded is kept.",
    ),
    Meaning(
        codes=("ConditionalRequestConflict", "InternalError", "OperationAborted", "RequestTimeout",
               "ServiceUnavailable"),
        statuses=(408, 500, 502, 504, 520, 521, 522, 523, 524, 529),
        passes=True,
        cause="the service is disturbed, after all retries",
        remedy=_PASSES,
    ),
    # --- statuses, where no code says more ---
    Meaning(
        statuses=(403, 406, 451),
        page=True,
        cause="something in front of the storage refuses it with a web page",
        remedy="A firewall, a CDN or a proxy lies in between. Check endpoint: it must be the address of the S3 API; "
        "else have this machine's requests permitted there.",
    ),
    Meaning(
        statuses=(401,),
        codes=("AuthorizationHeaderMalformed",),
        error=CredentialsError,
        cause="the credentials were not accepted",
        remedy="Check access-key, secret-key, session-token and region.",
    ),
    Meaning(
        statuses=(404, 405),
        page=True,
        cause="there is a web page, and no S3",
        remedy="Check endpoint: it must be the S3 address, not that of a website, console or proxy.",
    ),
    Meaning(
        statuses=(404,),
        error=BucketMissing,
        cause="there is no bucket {bucket!r} there",
        remedy="Create the bucket, or check bucket, endpoint and region for a typing error.",
    ),
    Meaning(
        codes=("NotImplemented", "XNotImplemented", "MethodNotAllowed", "UnsupportedOperation"),
        statuses=(405, 501),
        cause="the service does not offer this",
        remedy="Set provider to its profile or to generic, and leave out options that it does not offer (acl, "
        "encryption, storage-class).",
    ),
    Meaning(
        statuses=(407,),
        cause="the proxy wants a password, or other ones",
        remedy="Put user and password into the proxy's address: http://user:password@host:3128.",
    ),
)  # fmt: skip

#: for a 403 without a code that any row knows: services have codes of their own
FORBIDDEN = Meaning(
    statuses=(403,),
    error=PermissionRefused,
    cause="the service refuses it",
    remedy="Read the service's own words above. If it is about rights: {permission} for bucket {bucket!r} is needed.",
)
UNKNOWN_PASSING = Meaning(
    passes=True,
    cause="the service is disturbed, after all retries",
    remedy=_PASSES,
)
UNKNOWN = Meaning(
    cause="the service does not accept the request",
    remedy="If the service is S3-compatible but not AWS, set provider to its profile or to generic.",
)


def meaning_of(status: int | None, code: str, words: str, *, page: bool) -> Meaning:
    """The row for a refusal. ``page`` says that it came as a web page."""
    fitting = [row for row in TABLE if not row.words or re.search(row.words, words, re.IGNORECASE)]
    of_pages = [row for row in fitting if row.page and page]
    others = [row for row in fitting if not row.page]
    by_code = (row for row in others if code and code in row.codes)
    by_status = (row for row in [*of_pages, *others] if status in row.statuses)
    return next(by_code, None) or next(by_status, None) or _unknown(status)


def _unknown(status: int | None) -> Meaning:
    if status == 403:
        return FORBIDDEN
    return UNKNOWN_PASSING if status is None or status >= 500 else UNKNOWN
