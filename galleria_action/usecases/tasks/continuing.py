"""A run that is gone on with: what stays done, and what has to be done again to end as a run that nobody has ended."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from galleria_action.deployment.releases.record import Release
from galleria_action.deployment.remote.reading import read_remote
from galleria_action.errors import ConfigInvalid
from galleria_action.options.environments import EnvironmentOptions
from galleria_action.pipeline.model import Pipeline, Result, Run, State, Task
from galleria_action.pipeline.record import KEPT, MOST_BYTES, RunUnreadable, key_of, parse_run, run_id
from galleria_action.pipeline.schedule import after, in_order, started
from galleria_action.storage.interface import WriteStore
from galleria_action.usecases.context import Context
from galleria_action.usecases.parts.releasing import history_of
from galleria_action.values import asdict, replace

_MOST_FILES = 200_000


def begun(context: Context, store: WriteStore, chosen: Pipeline) -> Run:
    """A new run, or the one that is gone on with. Raises ``ConfigInvalid`` for one that is not there."""
    name, environment = context.options.environments.continue_, context.options.environment or ""
    if not name:
        return Run(run_id(context.now(), secrets.token_hex(4)), environment, chosen, started(chosen))
    found = store.get(key_of(name), MOST_BYTES)
    if found is None:
        raise ConfigInvalid(
            f"continue: there is no run {name} at {context.target}, or it is not kept any more ({KEPT} are).",
            hint="Its id is the output pipeline-id, and stands in the log. Is the environment the same?",
        )
    try:
        run = parse_run(found.body, name, chosen)
    except RunUnreadable as error:
        raise ConfigInvalid(f"continue: the record of {name} cannot be understood: {error}.") from error
    if run.environment != environment:
        raise ConfigInvalid(f"continue: {name} is a run of {run.environment or 'no environment'!r:.80}.")
    approved = (*run.approved, run.waiting) if run.waiting else run.approved
    return replace(run, results=_still_done(context, run), approved=approved, waiting="")


def _still_done(context: Context, run: Run) -> dict[str, Result]:
    """What was done and stays done, because all that decides it is the same. A release that is not live any more is
    made again; and what comes after a task that is done again is done again, for it was about what that one made."""
    made = any(it.outcome.release for it in run.results.values())
    live = live_release(context) if made else None
    results: dict[str, Result] = {}
    again: set[str] = set()
    for task in in_order(run.pipeline):
        before = run.results[task.name]
        done = before.state is State.SUCCEEDED
        gone = bool(before.outcome.release) and (live is None or live.id != before.outcome.release)
        same = done and not gone and task.name not in again and before.inputs == inputs_of(context, task, results)
        results[task.name] = before if same else Result()
        if done and not same:
            again |= after(run.pipeline, task.name)
    return results


def live_release(context: Context) -> Release | None:
    """The release that visitors see, where one was recorded. Raises the store's errors."""
    store = context.store()
    return history_of(store, read_remote(store, listing=True)).live


def made_by_run(context: Context, run: Run) -> str:
    """The live release, where ``run`` made it before it was ended: a run that died may not have written that down."""
    if not context.options.environments.continue_:
        return ""
    live = live_release(context)
    return live.id if live and live.who.pipeline == run.id else ""


def inputs_of(context: Context, task: Task, results: Mapping[str, Result]) -> str:
    """SHA-256 (hex) over all that decides what ``task`` does: itself, the options, the files, what it needs."""
    options = replace(
        context.options,
        environments=EnvironmentOptions(
            from_=context.options.environments.from_, release=context.options.environments.release
        ),
    )
    before = [results[need].inputs for need in task.needs if need in results]
    about = [asdict(task), repr(options), _files(context), before]
    return hashlib.sha256(json.dumps(about, sort_keys=True, default=str).encode()).hexdigest()


def _files(context: Context) -> str:
    """SHA-256 (hex) over names, sizes and times of the files on disk."""
    digest, number = hashlib.sha256(), 0
    gallery = context.options.gallery
    for root in filter(None, (gallery.source, gallery.site, gallery.metadata_file)):
        start = context.path(Path(root))
        for folder, folders, names in os.walk(start):
            folders.sort()
            for name in sorted(names):
                with suppress(OSError):
                    status = os.stat(f"{folder}/{name}")  # noqa: PTH116 - a hundred thousand paths cost time
                    digest.update(f"{folder}/{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="replace"))
                number += 1
                if number > _MOST_FILES:
                    return digest.hexdigest()
    return digest.hexdigest()
