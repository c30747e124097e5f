"""CORS rules of a bucket: what a browser needs to read photos and metadata from another origin.

The functions with dicts are public (names, arguments and dicts of Galleria's own storage service); the two that
raise are for commands, which want to know why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from galleria_action.errors import GalleriaError
from galleria_action.storage.faults import Call, Fault, Operation, botocore_failures, failure, of_botocore
from galleria_action.storage.interface import Target
from galleria_action.storage.words import clean

Rule = Mapping[str, Any]

_FAILURES = botocore_failures()
#: The last two come from services that take the request for another one and would create the bucket.
_NO_API = frozenset((
    "NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented", "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
))  # fmt: skip


class CorsUnsupported(Exception):
    """The service has no CORS rules for single buckets."""


def read_cors_rules(client: Any, bucket: str) -> list[dict[str, Any]]:
    """The bucket's rules, empty if there are none.

    Raises ``CorsUnsupported`` or the storage errors of ``galleria_action.errors``.
    """
    try:
        answer = client.get_bucket_cors(Bucket=bucket)
    except _FAILURES as error:
        fault = of_botocore(error)
        if fault.code == "NoSuchCORSConfiguration":
            return []
        raise _problem(fault, "get cors", client, bucket) from error
    return list(answer.get("CORSRules", []))


def write_cors_rules(client: Any, bucket: str, rules: Sequence[Rule]) -> None:
    """Replace all rules of the bucket by ``rules``.

    Raises ``CorsUnsupported`` or the storage errors of ``galleria_action.errors``.
    """
    try:
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": list(rules)})
    except _FAILURES as error:
        raise _problem(of_botocore(error), "put cors", client, bucket) from error


def get_bucket_cors(client: Any, bucket: str) -> dict[str, Any]:
    """``{"success", "cors_rules", "error"}``: the bucket's rules (empty if there are none), or why they could not
    be read."""
    try:
        return {"success": True, "cors_rules": read_cors_rules(client, bucket), "error": None}
    except (GalleriaError, CorsUnsupported) as error:
        return {"success": False, "cors_rules": [], "error": str(error)}


def configure_bucket_cors(client: Any, bucket: str, cors_rules: Sequence[Rule]) -> dict[str, Any]:
    """Replace the bucket's rules by ``cors_rules``: ``{"success", "error"}``."""
    try:
        write_cors_rules(client, bucket, cors_rules)
    except (GalleriaError, CorsUnsupported) as error:
        return {"success": False, "error": str(error)}
    return {"success": True, "error": None}


def get_default_gallery_cors_rules() -> list[dict[str, Any]]:
    """The one rule that a gallery needs: anyone may read, scripts may see the ETag."""
    return [
        {
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedOrigins": ["*"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3600,
        }
    ]


def examine_bucket_cors(client: Any, bucket: str) -> dict[str, Any]:
    """``{"success", "configured", "current_rules", "expected_rules", "needs_update"}``, on failure also ``"error"``.

    ``configured`` says that there are rules, ``needs_update`` that they do not do what a gallery needs.
    """
    current, expected = get_bucket_cors(client, bucket), get_default_gallery_cors_rules()
    examined = {
        "success": current["success"],
        "configured": bool(current["cors_rules"]),
        "current_rules": current["cors_rules"],
        "expected_rules": expected,
        "needs_update": current["success"] and not cors_rules_match(current["cors_rules"], expected),
    }
    return examined if current["success"] else {**examined, "error": current["error"]}


def cors_rules_match(current_rules: Sequence[Rule], expected_rules: Sequence[Rule]) -> bool:
    """Whether ``current_rules`` permit everything that ``expected_rules`` do.

    They may permit more, in any order and in additional rules. S3 applies the first rule that fits a request
    (docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html), so a rule counts only if no earlier one that permits
    less takes its requests away. Header names are compared without regard to case; methods S3 knows in upper
    case only, but other services return them otherwise.
    """
    return all(_served(current_rules, rule) for rule in expected_rules)


def _served(rules: Sequence[Rule], expected: Rule) -> bool:
    for rule in rules:
        if _covers(rule, expected):
            return True
        if _methods(rule) & _methods(expected) and _permits(
            _values(rule, "AllowedOrigins"), expected, "AllowedOrigins"
        ):
            return False
    return False


def _covers(rule: Rule, expected: Rule) -> bool:
    age = expected.get("MaxAgeSeconds")
    return (
        _methods(expected) <= _methods(rule)
        and _permits(_values(rule, "AllowedOrigins"), expected, "AllowedOrigins")
        and _permits(_values(rule, "AllowedHeaders"), expected, "AllowedHeaders")
        and _values(expected, "ExposeHeaders") <= _values(rule, "ExposeHeaders")
        and (age is None or int(rule.get("MaxAgeSeconds") or 0) >= age)
    )


def _permits(permitted: frozenset[str], expected: Rule, field: str) -> bool:
    return "*" in permitted or _values(expected, field) <= permitted


def _methods(rule: Rule) -> frozenset[str]:
    return frozenset(str(method).upper() for method in rule.get("AllowedMethods") or ())


def _values(rule: Rule, field: str) -> frozenset[str]:
    return frozenset(str(value).lower() for value in rule.get(field) or ())


def _problem(fault: Fault, operation: Operation, client: Any, bucket: str) -> Exception:
    if fault.code in _NO_API or fault.status in (405, 501):
        return CorsUnsupported(f"The service has no CORS rules for buckets ({clean(fault.message or fault.code)}).")
    return failure(fault, Call(operation, Target(endpoint=client.meta.endpoint_url, bucket=bucket)))
