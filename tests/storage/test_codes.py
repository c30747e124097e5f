"""What services say when they refuse: cause, remedy, and whether it passes."""

from __future__ import annotations

import pytest

from galleria_action.errors import (
    BucketMissing,
    ConfigInvalid,
    CredentialsError,
    GalleriaError,
    PermissionRefused,
    StorageUnavailable,
)
from galleria_action.storage.faults import Call, Fault, Passing, failure, of_answer
from galleria_action.storage.faults.codes import FORBIDDEN, TABLE, UNKNOWN, UNKNOWN_PASSING
from galleria_action.storage.interface import Target

CALL = Call("put", Target("https://s3.example.com", "bucket"), "photos/a.jpg", 12_300_000)
EVERY = (*TABLE, FORBIDDEN, UNKNOWN, UNKNOWN_PASSING)


def error_of(status: int, code: str = "", words: str = "", body: str | None = None) -> GalleriaError:
    document = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>" if code else ""
    error = failure(of_answer(status, document if body is None else body), CALL)
    assert isinstance(error, GalleriaError)
    assert error.hint
    return error


@pytest.mark.parametrize(
    ("answer", "kind", "cause", "remedy"),
    [
        ((403, "QuotaExceeded"), StorageUnavailable, "full", "quota"),
        ((507, "XMinioStorageFull", "minimum free drive threshold"), StorageUnavailable, "full", "Make room"),
        ((507,), StorageUnavailable, "full", "Make room"),
        ((403, "AccessDenied", "Cannot upload files, storage cap exceeded."), StorageUnavailable, "cap", "Caps"),
        ((403, "AccessDenied", "Transaction cap exceeded"), StorageUnavailable, "cap", "Caps"),
        ((400, "EntityTooLarge"), StorageUnavailable, "12.3 MB", "limit"),
        ((413, "", "", "<html><title>413</title></html>"), StorageUnavailable, "12.3 MB", "client_max_body_size"),
        ((400, "AccessControlListNotSupported", "The bucket does not allow ACLs"), ConfigInvalid, "ACLs", "acl"),
        ((403, "SecondLevelDomainForbidden"), ConfigInvalid, "in front of the host", "address-style: virtual"),
        ((403, "PathStyleDomainForbidden"), ConfigInvalid, "in front of the host", "address-style: virtual"),
        ((400, "InvalidRequest", "Please use virtual hosted style"), ConfigInvalid, "in front", "address-style"),
        ((403, "InvalidObjectState", "not valid for the storage class"), StorageUnavailable, "archive", "Restore"),
        ((403, "AccessDenied", "object protected by object lock."), PermissionRefused, "Object Lock",
         "retention"),
        ((403, "AccessDenied", "with an explicit deny in a resource-based policy"), PermissionRefused, "denies",
         "encryption"),
        ((403, "AccessDenied", "not authorized to perform: kms:GenerateDataKey"), PermissionRefused, "key", "kms:Gen"),
        ((400, "KMS.NotFoundException"), ConfigInvalid, "encrypted", "encryption"),
        ((400, "InvalidStorageClass"), ConfigInvalid, "storage class", "storage-class"),
        ((501, "NotImplemented", "x-amz-server-side-encryption"), ConfigInvalid, "encrypt", "encryption"),
        ((400, "InvalidArgument", "Credential access key has length 20, should be 32"), CredentialsError, "not one of",
         "R2"),
        ((403, "AccessDenied", "Access Denied"), PermissionRefused, "not allowed", "Allow s3:PutObject"),
        ((403, "SomethingNew", "who knows"), PermissionRefused, "refuses", "own words"),
        ((403, "", "", "<html><title>Attention Required! | Cloudflare</title></html>"), StorageUnavailable, "web page",
         "firewall"),
        ((406, "", "", "<html>Not Acceptable</html>"), StorageUnavailable, "web page", "firewall"),
        ((404, "", "", "<html>Not found</html>"), StorageUnavailable, "web page", "endpoint"),
        ((405, "", "", "<html>nginx</html>"), StorageUnavailable, "web page", "endpoint"),
        ((404, "NoSuchBucket"), BucketMissing, "no bucket", "Create"),
        ((402,), CredentialsError, "account", "billing"),
        ((403, "UserSuspended"), CredentialsError, "account", "billing"),
        ((501, "NotImplemented"), StorageUnavailable, "does not offer", "provider"),
        ((400, "KeyTooLongError"), StorageUnavailable, "key", "shorter"),
        ((407,), StorageUnavailable, "proxy", "user:password"),
        ((418, "Teapot"), StorageUnavailable, "does not accept", "provider"),
    ],
)  # fmt: skip
def test_what_does_not_pass(answer: tuple, kind: type, cause: str, remedy: str) -> None:  # type: ignore[type-arg]
    error = error_of(*answer)
    assert type(error) is kind
    assert not isinstance(error, Passing)
    assert cause in error.message
    assert remedy in (error.hint or "")
    assert not (error.hint or "").startswith("Run again")


@pytest.mark.parametrize("answer", [
    (500,), (502,), (503,), (504,), (520,), (599,), (408,), (429,), (429, "Foreign"), (500, "InternalError"),
    (503, "SlowDown"), (503, "", "", "<html>503</html>"), (400, "RequestTimeout"), (409, "OperationAborted"),
    (400, "BadDigest"), (503, "SlowDownWrite"),
])  # fmt: skip
def test_what_passes(answer: tuple) -> None:  # type: ignore[type-arg]
    error = error_of(*answer)
    assert isinstance(error, Passing)
    assert "Run again" in (error.hint or "")
    assert error.overload == (answer[0] in (429, 503))


def test_only_a_missing_permission_advises_to_allow_it() -> None:
    advising = [row for row in EVERY if "Allow {permission}" in row.remedy]
    assert [set(row.codes) for row in advising] == [{"AccessDenied", "Forbidden"}]


def test_only_what_may_pass_advises_to_run_again() -> None:
    eager = [row for row in EVERY if row.remedy.startswith("Run again") and not row.passes]
    assert [row.codes for row in eager] == [("NoSuchKey",)], "it is planned anew"
    assert all(row.passes for row in EVERY if row.overload or row.doubtful)


def test_every_row_can_be_met() -> None:
    """None is hidden behind one above it."""
    for number, row in enumerate(TABLE):
        for code in row.codes:
            hidden = [it for it in TABLE[:number] if code in it.codes and not it.words and not it.page]
            assert not hidden, code
        assert row.codes or row.statuses


def test_every_text_can_be_filled() -> None:
    for row in EVERY:
        for code in row.codes or ("",):
            for status in row.statuses or (400,):
                made = failure(Fault("answer", status, code, "words"), CALL)
                assert "{" not in f"{made} {getattr(made, 'hint', '')}"
