"""Reads and writes the CORS rules of a bucket.

Source: GetBucketCors and PutBucketCors in the Amazon S3 API reference. Rules are dicts as the AWS tools give them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from galleria_action.storage.faults import Call, Fault, failure
from galleria_action.storage.interface import Target
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.s3.cors_rules import CorsUnsupported, Rule, unsupported
from galleria_action.storage.s3.documents import BadDocument, children, document, element, leaf, name_of, parsed, text
from galleria_action.storage.s3.server import LINE_FAILURES, BucketServer, Refused, Response, fault_of

#: at most 100 rules of 64 KB in all
_LONGEST = 1 << 18
#: name in the document → name in the dict, of what a rule may have several of
_LISTS = {
    "AllowedHeader": "AllowedHeaders",
    "AllowedMethod": "AllowedMethods",
    "AllowedOrigin": "AllowedOrigins",
    "ExposeHeader": "ExposeHeaders",
}


class BucketCors:
    """The rules of the bucket behind ``server``."""

    def __init__(self, server: BucketServer, target: Target, persist: Persistence) -> None:
        self._server = server
        self._target = target
        self._persist = persist

    def read(self) -> list[dict[str, Any]]:
        """The rules, none where the bucket has none. Raises ``CorsUnsupported`` and the storage's errors."""
        call = Call("get cors", self._target)

        def ask() -> list[dict[str, Any]]:
            try:
                return _rules(self._ask(call, "GET", most=_LONGEST), call)
            except Refused as refused:
                if refused.fault.code == "NoSuchCORSConfiguration":
                    return []
                raise (unsupported(refused.fault) or failure(refused.fault, call)) from None

        return self._persist(ask)

    def write(self, rules: Sequence[Rule]) -> None:
        """Replace all rules by ``rules``. Raises ``CorsUnsupported`` and the storage's errors."""
        call = Call("put cors", self._target)
        body = document("CORSConfiguration", *(_rule(rule) for rule in rules))
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        headers = {"content-md5": md5, "content-type": "application/xml"}

        def ask() -> None:
            try:
                self._ask(call, "PUT", headers=headers, body=body)
            except Refused as refused:
                raise (unsupported(refused.fault) or failure(refused.fault, call)) from None

        self._persist(ask)

    def _ask(self, call: Call, method: str, **request: Any) -> Response:
        try:
            return self._server.ask(method, query="cors=", **request)
        except LINE_FAILURES as error:
            raise failure(fault_of(error), call) from error


def _rules(answer: Response, call: Call) -> list[dict[str, Any]]:
    try:
        root = parsed(answer.body, "a list of CORS rules")
    except BadDocument as error:
        raise failure(Fault("malformed", message=str(error)), call) from None
    if name_of(root) == "ListBucketResult":
        raise CorsUnsupported("The service takes the question for one about the bucket's objects.")
    if name_of(root) != "CORSConfiguration":
        raise failure(Fault("malformed", message="an answer that is not a list of CORS rules"), call)
    return [_read(rule) for rule in children(root, "CORSRule")]


def _read(rule: Element) -> dict[str, Any]:
    found: dict[str, Any] = {"ID": text(rule, "ID")} if text(rule, "ID") else {}
    for name, many in _LISTS.items():
        values = [(child.text or "").strip() for child in children(rule, name)]
        if values:
            found[many] = values
    age = text(rule, "MaxAgeSeconds").strip()
    return {**found, "MaxAgeSeconds": int(age)} if age.isascii() and age.isdigit() and len(age) < 10 else found


def _rule(rule: Rule) -> str:
    named = [leaf("ID", str(rule["ID"]))] if rule.get("ID") else []
    lists = [leaf(name, str(value)) for name, many in _LISTS.items() for value in rule.get(many) or ()]
    age = [leaf("MaxAgeSeconds", str(rule["MaxAgeSeconds"]))] if rule.get("MaxAgeSeconds") is not None else []
    return element("CORSRule", *named, *lists, *age)
