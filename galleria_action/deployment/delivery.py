"""How files are delivered to browsers: the headers of each, by what it is and by the rules of the config file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from galleria_action.gallery.media import is_page
from galleria_action.storage.interface import Headers
from galleria_action.values import dataclass, replace

#: more than anybody writes by hand, each with few wildcards: matching must not take long for any key
MOST_RULES, _MOST_WILDCARDS = 100, 8
_ENCODINGS = ("gzip", "br", "zstd", "deflate", "identity")
_VALUE = r"[\x20-\x7e]{1,1000}"

#: a list of rules as the config file has it
RULES_SCHEMA: Mapping[str, Any] = {
    "type": "array",
    "maxItems": MOST_RULES,
    "items": {
        "type": "object",
        "required": ["match"],
        "minProperties": 2,
        "additionalProperties": False,
        "properties": {
            "match": {"type": "string", "minLength": 1, "maxLength": 1000},
            "content-type": {"type": "string", "pattern": r"^[\w.+-]+/[\w.+-]+(;[\x20-\x7e]*)?$"},
            "content-encoding": {"enum": list(_ENCODINGS)},
            "cache-control": {"type": "string", "pattern": f"^{_VALUE}$"},
        },
    },
}


def arrives_as_page(key: str, headers: Headers) -> bool:
    """Whether browsers show ``key`` as a page: by its type as well, because a page may have no extension."""
    return is_page(key) or headers.content_type.startswith("text/html")


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """For keys that ``match``: the headers that are given replace those that follow from the name.

    ``*`` and ``?`` stand for anything in one segment, ``**`` for any number of segments; a pattern without a slash
    names files in every folder, as in a ``.gitignore``.
    """

    match: str
    content_type: str | None = None
    content_encoding: str | None = None
    cache_control: str | None = None

    def fits(self, key: str) -> bool:
        """Whether the rule is for ``key``."""
        if "/" not in self.match.rstrip("/"):
            return fnmatchcase(key.rpartition("/")[2], self.match)
        return _fits(self.match.strip("/").split("/"), key.split("/"))

    def applied(self, headers: Headers) -> Headers:
        """``headers`` with those of the rule. The encoding ``identity`` is none."""
        encoding = headers.content_encoding if self.content_encoding is None else self.content_encoding
        return replace(
            headers,
            content_type=self.content_type or headers.content_type,
            cache_control=self.cache_control or headers.cache_control,
            content_encoding=None if encoding == "identity" else encoding,
        )


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """The rules of a gallery in their order: the first that fits a key counts, and no other."""

    rules: tuple[HeaderRule, ...] = ()

    @classmethod
    def parse(cls, text: str) -> HeaderRules:
        """The rules that ``text`` (JSON; empty: none) holds. Raises ``ValueError`` with a text for humans."""
        given = json.loads(text) if text else []
        if not isinstance(given, list) or len(given) > MOST_RULES:
            raise ValueError(f"not a list of at most {MOST_RULES} rules")
        return cls(tuple(_rule(number, one) for number, one in enumerate(given, 1)))

    def applied(self, key: str, headers: Headers) -> Headers:
        """``headers``, changed by the first rule that fits ``key``."""
        for rule in self.rules:
            if rule.fits(key):
                return _applied(rule, headers)
        return headers


@cache
def _applied(rule: HeaderRule, headers: Headers) -> Headers:
    """One for all files of a kind: there are hundreds of thousands of files and a handful of kinds."""
    return rule.applied(headers)


def _rule(number: int, given: Any) -> HeaderRule:
    known = RULES_SCHEMA["items"]["properties"]
    if not isinstance(given, dict) or not given.keys() <= known.keys() or len(given) < 2:
        raise ValueError(f"rule {number} needs match and one or more of {', '.join(list(known)[1:])}")
    for name, value in given.items():
        if not isinstance(value, str) or not re.fullmatch(_VALUE, value):
            raise ValueError(f"{name} of rule {number} is not printable ASCII")
    kind, encoding, match = (given.get(name) for name in ("content-type", "content-encoding", "match"))
    if not match or match.count("*") + match.count("?") + match.count("[") > _MOST_WILDCARDS:
        raise ValueError(f"match of rule {number} is empty or has more than {_MOST_WILDCARDS} wildcards")
    if kind and not re.fullmatch(known["content-type"]["pattern"], kind):
        raise ValueError(f"content-type of rule {number} is not one, such as text/html")
    if encoding and encoding not in _ENCODINGS:
        raise ValueError(f"content-encoding of rule {number} is not one of {', '.join(_ENCODINGS)}")
    return HeaderRule(match, kind, encoding, given.get("cache-control"))


def _fits(pattern: Sequence[str], key: Sequence[str]) -> bool:
    """Whether the segments of ``key`` are those of ``pattern``, whose ``**`` may be any number of them. Goes back to
    the last ``**`` only, so that the work is at most the product of both lengths."""
    at, here, back, tried = 0, 0, -1, 0
    while here < len(key):
        if at < len(pattern) and pattern[at] == "**":
            back, tried = at, here
            at += 1
        elif at < len(pattern) and fnmatchcase(key[here], pattern[at]):
            at, here = at + 1, here + 1
        elif back >= 0:
            tried += 1
            at, here = back + 1, tried
        else:
            return False
    return all(segment == "**" for segment in pattern[at:])
