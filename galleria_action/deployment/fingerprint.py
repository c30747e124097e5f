"""A plan in few bytes: enough to say, later and elsewhere, what another plan does differently."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from galleria_action.deployment.model import Plan
from galleria_action.values import dataclass

Detail = Literal["files", "folders", "none"]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Digests of what a plan does, by key or, where those are too many, by folder (ending in a slash)."""

    detail: Detail
    entries: Mapping[str, str]

    def covers(self, plan: Plan) -> bool:
        """Whether it is certain that ``plan`` does nothing but what this one does, though perhaps not all of it.

        So it is when a deploy of this plan was interrupted: what remains to be done is a part of it.
        """
        return self.detail == "files" and _entries(plan, "files").items() <= self.entries.items()

    def differences(self, plan: Plan) -> list[str]:
        """The keys, or folders, for which ``plan`` does something else, sorted; empty when none are known."""
        if self.detail == "none":
            return []
        proposed = _entries(plan, self.detail)
        return sorted({name for name, _ in self.entries.items() ^ proposed.items()})


def fingerprints(plan: Plan) -> Iterator[Fingerprint]:
    """Those of ``plan``, the most detailed first."""
    details: tuple[Detail, ...] = ("files", "folders")
    for detail in details:
        yield Fingerprint(detail, _entries(plan, detail))


def _entries(plan: Plan, detail: Detail) -> dict[str, str]:
    if detail == "files":
        return {action.key: _digest([action.canonical()]) for action in plan.actions()}
    folders: dict[str, list[str]] = {}
    for action in plan.actions():
        folders.setdefault(f"{action.key.rpartition('/')[0]}/", []).append(action.canonical())
    return {folder: _digest(sorted(inside)) for folder, inside in folders.items()}


def _digest(actions: Iterable[str]) -> str:
    """SHA-256, all of it, in base64: an approval is worth no more than its shortest digest."""
    whole = hashlib.sha256("\n".join(actions).encode()).digest()
    return base64.b64encode(whole).decode().rstrip("=")
