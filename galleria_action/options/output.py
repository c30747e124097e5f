"""What is told about a run, and where."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from galleria_action.options.declaration import Group, Topic, option, optional
from galleria_action.options.kinds import PATH, choice
from galleria_action.options.origin import FREE
from galleria_action.values import dataclass


class ProgressStyle(StrEnum):
    """Whether uploads are counted while they happen."""

    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOptions(Group):
    """Reports and progress."""

    plan_file: Path | None = optional(
        PATH, "where to write the plan; in CI galleria-plan.json, on a terminal nowhere", Topic.PLAN
    )
    result_file: Path | None = optional(
        PATH, "where to write the result; in CI galleria-result.json, on a terminal nowhere", Topic.ANY
    )
    report_file: Path | None = optional(
        PATH, "where to write a report to look at: one HTML file with small pictures of what changes", Topic.ANY
    )
    progress: ProgressStyle = option(
        choice(ProgressStyle, bare="auto"),
        "auto",
        "bar on a terminal, a line every 10 s elsewhere; off for none",
        Topic.APPLY | Topic.VERIFY | Topic.ORIGINALS,
        config=FREE,
    )
