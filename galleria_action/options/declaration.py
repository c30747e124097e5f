"""How an option is declared: once, on the field of its group. Everything else about it is derived from there.

A group is a frozen dataclass whose fields are made by ``option`` and ``optional``; the field's name, with hyphens, is
the option's. The command line, ``action.yml``, ``docs/reference.md`` and the config file's schema follow from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Flag, auto
from keyword import iskeyword
from typing import Any, TypeVar, cast

from galleria_action.options.kinds import Kind
from galleria_action.options.origin import NEVER, REVIEWED, ConfigRule, Trust
from galleria_action.values import dataclass, field, fields, replace

T = TypeVar("T")


class Topic(Flag):
    """What an option is about. A command's help shows the options of its topics."""

    ANY = auto()
    LOCAL = auto()  #: the gallery on disk
    BUCKET = auto()
    PLAN = auto()  #: comparing the two
    APPLY = auto()  #: writing what differs
    VERIFY = auto()
    CORS = auto()
    SHARE = auto()  #: one job's part of a divided plan
    SHARES = auto()  #: all parts of it
    RELEASES = auto()  #: which release is meant
    SLOTS = auto()  #: what becomes of a gallery that waits in a slot
    PHOTO = auto()  #: which photo is meant
    PREVIEW = auto()  #: which preview is meant
    PREVIEWS = auto()  #: where all of them lie
    ORIGINALS = auto()  #: the folder of photos that a gallery is made of
    NAMES = auto()  #: how they are called and dated
    STUDIO = auto()  #: what is made of them
    LOOKALIKES = auto()  #: which of them show the same
    ONWARD = auto()  #: what is taken over from another environment
    PIPELINE = auto()  #: which tasks of a pipeline
    ENVIRONMENTS = auto()  #: how environments are compared


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    ``default`` is its text as people write it, empty for none. ``topics`` are what it is about. ``also`` are further
    environment names, in order of precedence after ``GALLERIA_<NAME>``. ``config`` says what a config file may say of
    it: what does not declare itself harmless, only where the file was reviewed. ``action_default`` is what
    ``action.yml`` gives where the workflow does not, ``short`` the letter of a short flag. ``only_in_config``: it is
    too much for a line, and no flag, input or variable gives it.
    """

    name: str
    help: str
    kind: Kind[Any]
    default: str
    topics: Topic
    also: tuple[str, ...] = ()
    config: ConfigRule = REVIEWED
    action_default: str = ""
    short: str = ""
    only_in_config: bool = False

    @property
    def in_config(self) -> bool:
        """Whether the config file may give it at all."""
        return self.config.trust is not Trust.NEVER

    @property
    def parameter(self) -> str:
        """The option's name as a Python identifier: the field of its group."""
        name = self.name.replace("-", "_")
        return f"{name}_" if iskeyword(name) else name

    @property
    def environment_names(self) -> tuple[str, ...]:
        """As CIs set it: ``INPUT_*`` of an action (upper case, hyphens kept), ``PLUGIN_*`` of a plugin (Drone keeps
        hyphens, Woodpecker does not); then ``GALLERIA_*``, then the others."""
        upper, plain = self.name.upper(), self.name.upper().replace("-", "_")
        by_ci = dict.fromkeys((f"INPUT_{upper}", f"PLUGIN_{upper}", f"PLUGIN_{plain}"))
        return (*by_ci, f"GALLERIA_{plain}", *self.also)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with an option, and which others it is about: where one of them is wrong itself, this one says
    nothing new."""

    option: str
    text: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.option}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Options that belong together."""

    def mistakes(self) -> Iterator[Mistake]:
        """What does not go together in it."""
        yield from ()


def option(
    kind: Kind[T],
    default: str,
    text: str,
    topics: Topic,
    *,
    also: tuple[str, ...] = (),
    config: ConfigRule = REVIEWED,
    short: str = "",
) -> T:
    """The field of an option that always has a value. ``default`` is written as users write it."""
    return cast(T, _declare(Option("", text, kind, default, topics, also, config, "", short), kind.parse(default)))


def optional(
    kind: Kind[T],
    text: str,
    topics: Topic,
    *,
    shown: str = "",
    also: tuple[str, ...] = (),
    config: ConfigRule = REVIEWED,
    action_default: str = "",
    only_in_config: bool = False,
) -> T | None:
    """The field of an option that may be left out. ``shown`` says what holds then, where that can be said in a word."""
    rule = NEVER if kind.secret else config
    declared = Option("", text, kind, shown, topics, also, rule, action_default, only_in_config=only_in_config)
    return cast(T | None, _declare(declared, None))


def _declare(declared: Option, default: Any) -> Any:
    return field(default=default, repr=not declared.kind.secret, metadata={Option: declared})


def options_of(group: type[Any]) -> tuple[Option, ...]:
    """The options that the fields of ``group`` declare, in their order."""
    return tuple(
        replace(it.metadata[Option], name=it.name.rstrip("_").replace("_", "-"))
        for it in fields(group)
        if Option in it.metadata
    )
