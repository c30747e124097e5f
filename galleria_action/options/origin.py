"""Where an option's text comes from, and what a config file may say of an option."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Any

from galleria_action.values import dataclass


class Origin(StrEnum):
    """Where a text was found, in order of precedence. All but the config file are the workflow's, or the user's."""

    FLAG = "flag"
    ENVIRONMENT = "input or environment variable"
    CONFIG = "config file"
    AWS = "AWS's own variable"


@dataclass(frozen=True, slots=True)
class Given:
    """An option's text, and where it comes from; ``place`` is where exactly: a flag, a variable, a line of a file.
    ``note`` says why it is not what one would expect from there."""

    text: str
    origin: Origin
    place: str = ""
    note: str = ""


def texts(given: Mapping[str, Given]) -> dict[str, str]:
    """The texts alone, by option."""
    return {name: it.text for name, it in given.items()}


class Trust(Enum):
    """How far a config file is followed, whose author may be anybody who opens a pull request."""

    NEVER = "never from a config file, whoever wrote it"
    REVIEWED = "only from a config file that was reviewed"
    TIGHTEN = "from any config file, but never looser than the default"
    FREE = "from any config file"


@dataclass(frozen=True, slots=True)
class ConfigRule:
    """What a config file may say of an option. ``tightens`` tells of a value whether it is as strict as the default,
    or stricter: both are handed to it in this order. ``scale`` says the same in words."""

    trust: Trust
    tightens: Callable[[Any, Any], bool] = lambda value, default: False
    scale: str = ""


NEVER = ConfigRule(Trust.NEVER)
REVIEWED = ConfigRule(Trust.REVIEWED)
FREE = ConfigRule(Trust.FREE)


def tighten(*loosest_first: Any) -> ConfigRule:
    """Values from the loosest to the strictest."""

    def tightens(value: Any, default: Any) -> bool:
        return loosest_first.index(value) >= loosest_first.index(default)

    return ConfigRule(Trust.TIGHTEN, tightens, " < ".join(str(value).lower() for value in loosest_first))
