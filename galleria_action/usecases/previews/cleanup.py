"""``cleanup``: previews go whose pull request is closed, or that nobody has deployed for ``preview-days``."""

from __future__ import annotations

from collections.abc import Iterator

from galleria_action.deployment.layout import PREVIEWS_FOLDER, whole
from galleria_action.deployment.previews.marks import MARKS, closing_in, why_it_goes
from galleria_action.errors import GalleriaError, PurgeFailed, VerifyFailed
from galleria_action.quantities import count
from galleria_action.storage.interface import ReadStore, WriteStore
from galleria_action.storage.wrappers import ReadOnlyStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.previews.holding import all_previews, strangers
from galleria_action.usecases.previews.lifecycle import safety_net
from galleria_action.usecases.previews.removal import read_mark, remove
from galleria_action.usecases.results import Answered


def cleanup(context: Context) -> Answered:
    """Remove the preview that the options name, or that of the closed pull request of this run; without one, all that
    are to go. What others could not finish is finished in any case.

    Raises ``VerifyFailed`` when something of a preview remains, after all the others were tried.
    """
    root = whole(context.store())
    store: ReadStore = ReadOnlyStore(root) if context.options.dry_run else root
    going = dict(_going(context, root, store))
    if context.options.dry_run:
        for name, why in going.items():
            context.say(f"{name} would be removed: {why}.")
        for name in strangers(context, root):
            context.say(f"{PREVIEWS_FOLDER}{name}/ has no mark of a preview; it would be left alone.")
        return Answered(f"{count(len(going), 'preview')} would be removed.")
    failed: list[GalleriaError] = []
    unpurged: PurgeFailed | None = None
    gone = 0
    for name, why in going.items():
        context.say(f"{name} is removed: {why}.")
        try:
            gone += remove(context, root, name, read_mark(store, name) if why.startswith("it was") else None)
        except PurgeFailed as error:
            gone, unpurged = gone + 1, error
        except GalleriaError as error:
            context.stop.check()
            context.warn(f"{name}: {error.message}")
            failed.append(error)
    others = strangers(context, root)
    for name in others:
        context.say(f"{PREVIEWS_FOLDER}{name}/ has no mark of a preview; it is left alone.")
    # a rule of the bucket knows no marks
    for line in (
        () if others else safety_net(context.settings, context.preview_target, context.options.previews.preview_days)
    ):
        context.say(line)
    if failed:
        raise VerifyFailed(
            f"{count(len(failed), 'preview')} could not be removed in whole; the next run of anything tries again.",
            hint=failed[0].hint,
            findings=[finding for error in failed for finding in error.findings],
        )
    if unpurged:
        raise unpurged
    return Answered(f"{count(gone, 'preview')} removed, and a listing proves it.")


def _going(context: Context, root: WriteStore, store: ReadStore) -> Iterator[tuple[str, str]]:
    """The names of the previews that are to go, with the reason."""
    with context.phase("Previews"):
        keys = [found.key for found in store.list(MARKS)]
        closing = closing_in(keys)
        yield from ((name, "an earlier run began to remove it") for name in sorted(closing))
        if context.preview:
            if context.preview == f"pr-{context.pull_request}" and not context.closed:
                context.say(f"Pull request {context.pull_request} is open; its preview stays.")
            elif context.preview not in closing:
                yield context.preview, "it is over"
            return
        for name in sorted(all_previews(context, root) - closing):
            mark = read_mark(store, name)
            if mark and not mark.lies_in(context.preview_target):
                context.warn(
                    f"{name} lies in {mark.bucket}/{mark.prefix}; it is left alone unless preview-bucket says the same."
                )
                continue
            is_open = context.is_open(mark.pull_request) if mark and mark.pull_request else None
            if why := why_it_goes(mark, context.now(), context.options.previews.preview_days, is_open):
                yield name, why
            else:
                context.say(f"{name} stays.")
