"""CORS rules of a bucket behind a boto3 client: public functions, by the names, arguments and dicts of Galleria's own
storage service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from galleria_action.errors import GalleriaError
from galleria_action.storage.faults import Call, Fault, Operation, failure
from galleria_action.storage.faults.botocore import botocore_failures, of_botocore
from galleria_action.storage.interface import Target
from galleria_action.storage.s3.cors_rules import (
    CorsUnsupported,
    Rule,
    cors_rules_match,
    get_default_gallery_cors_rules,
    unsupported,
)

_FAILURES = botocore_failures()

__all__ = (
    "configure_bucket_cors",
    "cors_rules_match",
    "examine_bucket_cors",
    "get_bucket_cors",
    "get_default_gallery_cors_rules",
)


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


def _problem(fault: Fault, operation: Operation, client: Any, bucket: str) -> Exception:
    call = Call(operation, Target(endpoint=client.meta.endpoint_url, bucket=bucket))
    return unsupported(fault) or failure(fault, call)
