"""The CORS rules that a gallery needs, and whether others do as much: nothing here talks to a bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from galleria_action.storage.faults import Fault
from galleria_action.storage.words import clean

Rule = Mapping[str, Any]

#: Codes by which a service says that it has no CORS rules for buckets. The last two come from services that take the
#: request for another one and would create the bucket.
_NO_API = frozenset((
    "NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented", "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
))  # fmt: skip


class CorsUnsupported(Exception):
    """The service has no CORS rules for single buckets."""


def unsupported(fault: Fault) -> CorsUnsupported | None:
    """What is to be raised for ``fault`` where it says so, else ``None``."""
    if fault.code in _NO_API or fault.status in (405, 501):
        return CorsUnsupported(f"The service has no CORS rules for buckets ({clean(fault.message or fault.code)}).")
    return None


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
