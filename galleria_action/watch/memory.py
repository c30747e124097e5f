"""What is remembered from run to run of commands that fail: ``.galleria/alerts.json``.

It spares people the same alert every hour and lets the recovery be told. Losing it costs an alert too many, so whatever
goes wrong with it, nothing is remembered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from galleria_action.errors import GalleriaError
from galleria_action.storage.interface import RECORD_HEADERS, RECORDS, ReadStore, WriteStore
from galleria_action.watch.alerts import Failing

MEMORY_KEY = f"{RECORDS}alerts.json"
_MOST_BYTES, _MOST_COMMANDS, _LONGEST_WORD = 1 << 16, 50, 40
_SCHEMA = 1


def recall(store: ReadStore) -> dict[str, Failing]:
    """What is remembered, by command; nothing where that cannot be read or understood."""
    try:
        found = store.get(MEMORY_KEY, _MOST_BYTES)
        return memory_of(found.body) if found else {}
    except GalleriaError:
        return {}


def keep(store: WriteStore, failing: Mapping[str, Failing]) -> None:
    """Remember ``failing`` from now on. Raises the store's errors."""
    if not failing:
        store.delete([MEMORY_KEY])
        return
    told = {
        command: {"reason": it.reason, "since": it.since.isoformat(), "told": it.told.isoformat()}
        for command, it in failing.items()
    }
    store.put(MEMORY_KEY, json.dumps({"schema": _SCHEMA, "failing": told}).encode(), RECORD_HEADERS)


def memory_of(body: bytes) -> dict[str, Failing]:
    """What ``body`` remembers. What is not understood is left out: anybody who writes to the bucket may write here."""
    try:
        document = json.loads(body)
        if document["schema"] != _SCHEMA:
            return {}
        told = list(dict(document["failing"]).items())
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return {command: it for command, entry in told[:_MOST_COMMANDS] if (it := _failing(entry))}


def _failing(entry: Any) -> Failing | None:
    try:
        reason = str(entry["reason"])[:_LONGEST_WORD]
        return Failing(reason, _time(entry["since"]), _time(entry["told"]))
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
