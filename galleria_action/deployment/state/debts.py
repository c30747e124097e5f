"""What a cache may still hold of an earlier gallery: ``.galleria/purges/``, a document for each run that owes.

It is written before a live object is touched and goes when the cache has been purged. So whatever becomes of a run,
the next one knows which addresses are stale. Each run writes a document of its own and removes only what it has read:
two at once can owe too much, never too little.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from galleria_action.expressions import expression
from galleria_action.storage.interface import RECORDS
from galleria_action.values import dataclass

DEBTS_FOLDER = f"{RECORDS}purges/"
#: more than any of ours; whoever can write here must not have us ask a cache for ever
LARGEST_DEBT = 8 << 20
_MOST_PATHS = 20_000
_LONGEST_PATH = 8 << 10
_SCHEMA = 1
_ID = expression(r"[0-9A-Za-z-]{1,64}")


class DebtUnreadable(ValueError):
    """What lies there is not a debt that this version understands."""


@dataclass(frozen=True, slots=True)
class Owed:
    """Addresses of one cache: ``cache`` by its name, ``site`` as ``https://host`` (empty: not known), ``paths``
    percent-encoded from the root on. A ``*`` at the end stands for everything that begins so."""

    cache: str
    site: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Debt:
    """What one run owes since ``at``; no two have the same ``id``."""

    id: str
    at: datetime
    owed: tuple[Owed, ...]

    @property
    def key(self) -> str:
        """Where it lies."""
        return f"{DEBTS_FOLDER}{self.id}.json"

    @property
    def size(self) -> int:
        """How many addresses are owed, to all caches together."""
        return sum(len(it.paths) for it in self.owed)

    def to_bytes(self) -> bytes:
        """The document that is stored."""
        owed = [{"cache": it.cache, "site": it.site, "paths": it.paths} for it in self.owed]
        document = {"schema": _SCHEMA, "at": self.at.astimezone(UTC).isoformat(timespec="seconds"), "owed": owed}
        return json.dumps(document, separators=(",", ":")).encode()


def debt_keys(keys: Iterable[str]) -> list[str]:
    """The keys of debts among ``keys``, the oldest first."""
    return sorted(key for key in keys if key.startswith(DEBTS_FOLDER) and _id_of(key))


def parse_debt(key: str, raw: bytes) -> Debt:
    """Read what is stored under ``key``. Raises ``DebtUnreadable`` for anything else, also for a newer version's."""
    try:
        document = json.loads(raw)
        if document["schema"] != _SCHEMA:
            raise DebtUnreadable(f"it has schema {str(document['schema'])[:20]}, this version reads {_SCHEMA}")
        debt = Debt(_id_of(key), datetime.fromisoformat(document["at"]), tuple(map(_owed, document["owed"])))
    except DebtUnreadable:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DebtUnreadable(str(error)) from error
    if not debt.id or debt.size > _MOST_PATHS or debt.at.tzinfo is None:
        raise DebtUnreadable("it is not one of ours")
    return debt


def merged(debts: Iterable[Debt]) -> dict[tuple[str, str], list[str]]:
    """The paths that ``debts`` owe together, by the name of the cache and its site."""
    together: dict[tuple[str, str], dict[str, None]] = {}
    for debt in debts:
        for it in debt.owed:
            together.setdefault((it.cache, it.site), {}).update(dict.fromkeys(it.paths))
    return {of: list(paths) for of, paths in together.items()}


def _id_of(key: str) -> str:
    name = key.removeprefix(DEBTS_FOLDER).removesuffix(".json")
    return name if _ID.fullmatch(name) else ""


def _owed(value: Mapping[str, Any]) -> Owed:
    cache, site, paths = value["cache"], value["site"], value["paths"]
    if not (isinstance(cache, str) and isinstance(site, str) and isinstance(paths, list)):
        raise DebtUnreadable("something in it has a wrong type")
    if not re.fullmatch(r"(https?://[^\s/?#@]{1,300})?", site):
        raise DebtUnreadable("it names a site that is not one")
    if not all(isinstance(path, str) and _is_path(path) for path in paths):
        raise DebtUnreadable("it names an address that is not one")
    return Owed(cache, site, tuple(paths))


def _is_path(path: str) -> bool:
    return len(path) <= _LONGEST_PATH and re.fullmatch(r"/[!-)+->@-~]*\*?", path) is not None and "#" not in path
