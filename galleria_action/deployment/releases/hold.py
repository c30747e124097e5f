"""A hold on deploys: after a rollback the next push would bring back what was taken back."""

from __future__ import annotations

import json

from galleria_action.deployment.releases.record import RELEASES_FOLDER, Who
from galleria_action.errors import Held
from galleria_action.storage.interface import RECORD_HEADERS, ReadStore, WriteStore
from galleria_action.values import asdict

HOLD_KEY = f"{RELEASES_FOLDER}hold.json"


def put_hold(store: WriteStore, release: str, who: Who) -> None:
    """Refuse deploys from now on, because of a rollback to ``release``. Raises the store's errors."""
    body = json.dumps({"schema": 1, "release": release, "who": asdict(who)}).encode()
    store.put(HOLD_KEY, body, RECORD_HEADERS)


def held(store: ReadStore) -> Held:
    """The refusal, with what is known of the hold. Raises the store's errors."""
    found = store.get(HOLD_KEY, 1 << 16)
    try:
        told = json.loads(found.body) if found else {}
        release, actor = str(told["release"])[:40], str(told["who"]["actor"])[:80]
        since = f" since a rollback to {release}" + (f" by {actor}" if actor else "")
    except (ValueError, TypeError, KeyError, RecursionError):
        since = ""
    return Held(
        f"Deploys are held{since}, so that nobody brings back what was taken back. Nothing was written.",
        hint="When the gallery is mended, lift it with the command release-hold, and deploy again.",
    )
