"""The hidden last line of a comment: whose it is, which run wrote it, and the plan that it shows.

It is an HTML comment with compact JSON in it. What could end the comment, or could mean something to Markdown, is
written as a JSON escape, so that a key in a bucket cannot break out of it.

Reviewers approve what they see. So the line is a seal of the text above it: a comment whose text is another one than
the line was written for, or does not show the plan that the line claims, tells of no plan.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, cast

from galleria_action.deployment.fingerprint import Detail, Fingerprint, fingerprints
from galleria_action.deployment.model import Plan
from galleria_action.storage.interface import Target
from galleria_action.values import dataclass, replace

_VERSION = 2
#: comments of these are ours to be kept up to date; what they claim was not sealed, and is not believed
_UNSEALED = (1,)
_NOTHING_SHOWN = Fingerprint("none", {})
_LINE = re.compile(r"<!-- galleria-action (\{.*\}) -->")
_LARGEST = 40_000


@dataclass(frozen=True, slots=True)
class Marker:
    """``identity`` tells one gallery's comment from another's; ``run`` is the run's id and attempt, which only grow.

    ``plan`` is the id of the plan that was shown for review, of the commit ``head``, and ``fingerprint`` what it
    does; all three are empty while no plan was shown. ``broken`` tells that there was one, but the seal is broken.
    """

    identity: str
    run: tuple[int, int]
    plan: str = ""
    head: str = ""
    fingerprint: Fingerprint = _NOTHING_SHOWN
    broken: bool = False

    def without_plan(self, *, broken: bool = False) -> Marker:
        """The same, telling of no plan."""
        return Marker(self.identity, self.run, broken=broken)

    def line(self, text: str) -> str:
        """The marker as one line, to stand as the last one below ``text``."""
        document = {
            "v": _VERSION,
            "id": self.identity,
            "run": list(self.run),
            "text": _digest(text),
            "plan": self.plan,
            "head": self.head,
            "detail": self.fingerprint.detail,
            "actions": dict(self.fingerprint.entries),
        }
        return f"<!-- galleria-action {_harmless(json.dumps(document, separators=(',', ':')))} -->"


def detailed(marker: Marker, plan: Plan, budget: int) -> Marker:
    """``marker`` with the fingerprint of ``plan``, as detailed as ``budget`` bytes for the whole line permit."""
    options = (replace(marker, fingerprint=shown) for shown in fingerprints(plan))
    return next((option for option in options if len(option.line("")) <= budget), marker)


def sealed(text: str, marker: Marker) -> str:
    """The body of a comment that shows ``text``."""
    return f"{text}\n\n{marker.line(text)}"


def shown_text(body: str) -> str:
    """What a sealed ``body`` shows: all but its last line."""
    return body.rstrip().rpartition("\n")[0].rstrip()


def identity_of(place: str, target: Target | None, label: str) -> str:
    """A digest of target and ``label``, salted with ``place`` (the pull request), so that a comment neither tells the
    target to somebody who has a list to try, nor serves on another pull request."""
    where = [target.endpoint, target.bucket, target.prefix] if target else []
    return hashlib.sha256(json.dumps([place, where, label]).encode()).hexdigest()[:32]


def read_marker(body: str) -> Marker | None:
    """The marker in the last line of a comment's ``body``, if there is one that we could have written.

    It tells of a plan only if the text above is the one that it was written for, and shows that plan's whole id.
    """
    last = body.rstrip().rpartition("\n")[2]
    match = _LINE.fullmatch(last) if len(last) <= _LARGEST else None
    if not match:
        return None
    try:
        document = json.loads(match[1])
        if document["v"] in _UNSEALED:
            return _marker(document).without_plan(broken=bool(document["plan"]))
        return _believed(_marker(document), document["text"], shown_text(body)) if document["v"] == _VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _believed(marker: Marker, digest: object, text: str) -> Marker:
    if digest == _digest(text) and marker.plan in text:
        return marker
    return marker.without_plan(broken=bool(marker.plan))


def _digest(text: str) -> str:
    """SHA-256 (hex) of a text, in whatever way a server keeps its line ends."""
    lines = (line.rstrip() for line in text.strip().splitlines())
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()


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
