"""Which environment a run is of, and what it takes over from another one."""

from __future__ import annotations

import re

from galleria_action.options.declaration import Group, Topic, optional
from galleria_action.options.kinds import RELEASE, TEXT, Kind, choice, shown
from galleria_action.options.origin import FREE, NEVER
from galleria_action.options.presets import Preset
from galleria_action.values import dataclass


def _pair(text: str) -> tuple[str, str]:
    names = [name for name in re.split(r"[\s,]+", text) if name]
    if len(names) != 2:
        raise ValueError(f"{shown(text)} is not two environments, such as staging production")
    return names[0], names[1]


def _run(text: str) -> str:
    if re.fullmatch(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}", text):
        return text
    raise ValueError(f"{shown(text)} is not the id of a run, such as 20260131T120000Z-0123abcd")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOptions(Group):
    """What an environment starts from, what it takes over from another, and how two are compared."""

    preset: Preset | None = optional(
        choice(Preset),
        "what the environment is for: defaults that fit it, each with its reason",
        Topic.ANY,
        config=FREE,
    )
    from_: str | None = optional(
        TEXT, "the environment whose release is taken over as it is, instead of files on disk", Topic.ONWARD
    )
    release: str | None = optional(RELEASE, "which release of it; the live one if empty", Topic.ONWARD, config=NEVER)
    only: str | None = optional(
        TEXT, "pipeline: only these stages or tasks, separated by commas", Topic.PIPELINE, config=NEVER
    )
    from_stage: str | None = optional(TEXT, "pipeline: the stage to begin at", Topic.PIPELINE, config=NEVER)
    continue_: str | None = optional(
        Kind("RUN", _run, {"type": "string"}),
        "pipeline: the run to go on with, past a stage that waited for a person",
        Topic.PIPELINE,
        config=NEVER,
    )
    diff: tuple[str, str] | None = optional(
        Kind("ENVIRONMENT ENVIRONMENT", _pair, {"type": "string"}, words=2),
        "environments: only what differs between two",
        Topic.ENVIRONMENTS,
        config=NEVER,
    )
