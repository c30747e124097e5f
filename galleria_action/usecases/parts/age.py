"""Does an older commit replace a newer one? Asked before anything is written, unless ``allow-older`` permits it."""

from __future__ import annotations

from galleria_action.deployment.galleries import Wanted
from galleria_action.deployment.made_by import Age, MadeBy, age
from galleria_action.deployment.state.manifest import Manifest
from galleria_action.errors import Older
from galleria_action.usecases.context import Context


def check_age(context: Context, local: Wanted, recorded: Manifest) -> None:
    """Raise ``Older`` when the commit of ``local`` is an ancestor of the one that made what is live.

    Only the parts that are deployed count: photos and site may come from different commits. Where nobody can tell, the
    run goes on with a warning, because most such runs are as they should be.
    """
    mine = local.made_by
    if mine is None or context.options.guards.allow_older:
        return
    live = {it for kind, it in recorded.made_by.items() if local.keys_of(kind) is not None}
    for other in sorted(live, key=lambda it: (it.time, it.commit)):
        _compare(context, mine, other)


def _compare(context: Context, mine: MadeBy, live: MadeBy) -> None:
    found = age(mine, live, context.is_ancestor)
    if found is Age.OLDER:
        raise Older(
            f"The live gallery is newer: it was deployed from commit {live}, of which this one, {mine.commit[:12]}, "
            "is an ancestor. Nothing was written.",
            hint="Usually an older run was started again: run the newest one. To go back on purpose, revert the "
            "commit, or set allow-older: true for one run.",
        )
    if found is Age.UNKNOWN:
        context.warn(
            f"Whether commit {mine.commit[:12]} is older than that of the live gallery, {live}, could not be learnt. "
            "Check out with fetch-depth: 0, or give github-token, so that an older commit does not replace a newer one."
        )
