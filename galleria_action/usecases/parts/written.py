"""The files that options have a run write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.fence.place import Place
from galleria_action.options import Options

#: every option that names one
WRITTEN_FILES: Mapping[str, Callable[[Options], Path | None]] = {
    "plan-file": lambda options: options.output.plan_file,
    "result-file": lambda options: options.output.result_file,
    "checkpoint-file": lambda options: options.upload.checkpoint_file,
    "report-file": lambda options: options.output.report_file,
    "metrics-file": lambda options: options.watch.metrics_file,
    "output": lambda options: options.lookalikes.output,
    "json-output": lambda options: options.lookalikes.json_output,
}

#: what a run writes to the workspace unasked where nobody watches it, or for a CI
UNASKED = (
    "galleria-plan.json", "galleria-result.json", "galleria-comment.md", "galleria-comment.json", "galleria.env",
    "galleria-pipeline.xml",
)  # fmt: skip


def all_written(options: Options) -> Iterator[Path]:
    """Where this run may write to the workspace, or another on the same checkout has: reports, not a part of a site."""
    yield from map(Path, UNASKED)
    yield from (path for of in WRITTEN_FILES.values() if (path := of(options)))


def check_written_files(options: Options, place: Place) -> None:
    """Raise ``ConfigInvalid`` with every option that names a file where nothing may be written, before anything is."""
    named = {name: path for name, of in WRITTEN_FILES.items() if (path := of(options))}
    refused = {name: why for name, path in named.items() if (why := place.refusal(path))}
    if refused:
        findings = [Finding(f"{name}: {why.message}") for name, why in refused.items()]
        hint = next(iter(refused.values())).hint
        raise ConfigInvalid("A file may not be written where it is to be", hint=hint, findings=findings)
