"""Which environment a run is of, and what it takes over from another one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from galleria_action.errors import ConfigInvalid
from galleria_action.options.declaration import Group, Topic, optional
from galleria_action.options.kinds import Kind, choice, shown
from galleria_action.options.origin import FREE, NEVER, Given
from galleria_action.options.presets import Preset
from galleria_action.values import dataclass

if TYPE_CHECKING:
    from galleria_action.options.model import Options


def _pair(text: str) -> tuple[str, str]:
    names = [name for name in re.split(r"[\s,]+", text) if name]
    if len(names) != 2:
        raise ValueError(f"{shown(text)} is not two environments, such as staging production")
    return names[0], names[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentOptions(Group):
    """What an environment starts from, and how environments are compared."""

    preset: Preset | None = optional(
        choice(Preset),
        "what the environment is for: defaults that fit it, each with its reason",
        Topic.ANY,
        config=FREE,
    )
    diff: tuple[str, str] | None = optional(
        Kind("ENVIRONMENT ENVIRONMENT", _pair, {"type": "string"}, words=2),
        "environments: only what differs between two",
        Topic.ENVIRONMENTS,
        config=NEVER,
    )


@dataclass(frozen=True, slots=True)
class Environments:
    """The environments that the config file knows, by ``names``.

    ``given`` is what holds in one of them besides the defaults, each text with its place. ``options`` is all of it,
    for a run of its own there; it raises ``ConfigInvalid``.
    """

    names: tuple[str, ...] = ()
    given: Callable[[str], Mapping[str, Given]] = lambda name: {}
    options: Callable[[str], Options] = lambda name: _unknown(name)


def _unknown(name: str) -> Options:
    raise ConfigInvalid(f"environment: {shown(name)} is not known here; environments are sections of galleria.yml.")
