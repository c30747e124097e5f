"""``release-hold``: deploys may go on after a rollback that held them."""

from __future__ import annotations

from galleria_action.deployment.releases.hold import HOLD_KEY
from galleria_action.errors import StorageUnavailable
from galleria_action.usecases.context import Context
from galleria_action.usecases.results import Answered


def release_hold(context: Context) -> Answered:
    """Lift the hold, if there is one. Raises the store's errors."""
    store = context.reading_store() if context.options.dry_run else context.store()
    if store.head(HOLD_KEY) is None:
        return Answered("Deploys are not held.")
    if context.options.dry_run:
        return Answered("Deploys are held; without dry-run the hold would be lifted.")
    context.stop.check()
    for problem in context.store().delete([HOLD_KEY]).values():
        raise StorageUnavailable(f"The hold could not be lifted: {problem}", hint="May the key s3:DeleteObject?")
    return Answered("The hold is lifted: the next deploy goes through.")
