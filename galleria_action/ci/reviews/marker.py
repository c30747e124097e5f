"""The hidden last line of a comment: whose it is, which run wrote it, and the plan that it shows.

It is an HTML comment with compact JSON in it. What could end the comment, or could mean something to Markdown, is
written as a JSON escape, so that a key in a bucket cannot break out of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any, cast

from galleria_action.deployment.fingerprint import Detail, Fingerprint, fingerprints
from galleria_action.deployment.model import Plan
from galleria_action.storage.interface import Target

_VERSION = 1
_NOTHING_SHOWN = Fingerprint("none", {})
_LINE = re.compile(r"<!-- galleria-action (\{.*\}) -->")
_LARGEST = 20_000


@dataclass(frozen=True, slots=True)
class Marker:
    """``identity`` tells one gallery's comment from another's; ``run`` is the run's id and attempt, which only grow.

    ``plan`` is the id of the plan that was shown for review, of the commit ``head``, and ``fingerprint`` what it
    does; all three are empty while no plan was shown.
    """

    identity: str
    run: tuple[int, int]
    plan: str = ""
    head: str = ""
    fingerprint: Fingerprint = _NOTHING_SHOWN

    def line(self) -> str:
        """The marker as one line."""
        document = {
            "v": _VERSION,
            "id": self.identity,
            "run": list(self.run),
            "plan": self.plan,
            "head": self.head,
            "detail": self.fingerprint.detail,
            "actions": dict(self.fingerprint.entries),
        }
        return f"<!-- galleria-action {_harmless(json.dumps(document, separators=(',', ':')))} -->"


def detailed(marker: Marker, plan: Plan, budget: int) -> Marker:
    """``marker`` with the fingerprint of ``plan``, as detailed as ``budget`` bytes for the whole line permit."""
    options = (replace(marker, fingerprint=shown) for shown in fingerprints(plan))
    return next((option for option in options if len(option.line()) <= budget), marker)


def identity_of(place: str, target: Target | None, label: str) -> str:
    """A digest of target and ``label``, salted with ``place`` (the pull request), so that a comment neither tells the
    target to somebody who has a list to try, nor serves on another pull request."""
    where = [target.endpoint, target.bucket, target.prefix] if target else []
    return hashlib.sha256(json.dumps([place, where, label]).encode()).hexdigest()[:32]


def read_marker(body: str) -> Marker | None:
    """The marker in the last line of a comment's ``body``, if there is one that we could have written."""
    last = body.rstrip().rpartition("\n")[2]
    match = _LINE.fullmatch(last) if len(last) <= _LARGEST else None
    if not match:
        return None
    try:
        document = json.loads(match[1])
        return _marker(document) if document["v"] == _VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _marker(document: dict[str, Any]) -> Marker:
    run, attempt = document["run"]
    entries = {str(key): str(digest) for key, digest in document["actions"].items()}
    detail = document["detail"] if document["detail"] in ("files", "folders") else "none"
    return Marker(
        str(document["id"]),
        (int(run), int(attempt)),
        str(document["plan"]),
        str(document["head"]),
        Fingerprint(cast(Detail, detail), entries),
    )


def _harmless(text: str) -> str:
    """JSON without hyphens in a row, tags, entities, mentions and references. In JSON they occur in strings only."""
    text = text.replace("--", "\\u002d\\u002d")
    return re.sub(r"[<>&@#]", lambda found: f"\\u{ord(found[0]):04x}", text)
