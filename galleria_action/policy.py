"""Who may decide: what a run may do on which occasion, and what a config file may say there.

One table, and for whatever does not stand in it: no. It is pure; ``run`` asks it, and the tables of
``docs/security.md`` are made from it.

A gallery is deployed where somebody who may write to the repository has decided so: on a push, tag, release, schedule
or dispatch of this repository, after a run that such an event has started, and where no CI is at work, or none that
says more than that it is one: people give our container ``CI=true``, and it sees nothing else of the CI around it. A
pull request of this repository is planned, and may go online as a preview beside the gallery. Everywhere else the
workspace, with the config file in it, may be the work of anybody, while the run may have the repository's secrets;
there only the workflow's own inputs say where to, with which credentials and how strictly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from itertools import product

from galleria_action.ci.occasion import Cause, Occasion, Whose
from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.options import BY_NAME
from galleria_action.options.declaration import Option
from galleria_action.options.kinds import shown
from galleria_action.options.origin import Given, Origin, Trust
from galleria_action.values import dataclass


class Writes(IntEnum):
    """What is written to the bucket; what permits one permits those before it."""

    NOTHING = 0
    PREVIEWS = 1
    GALLERY = 2


@dataclass(frozen=True, slots=True)
class Permission:
    """What an occasion permits: what commands may write to the bucket, and whether the config file is followed in
    whatever it may say at all, because nobody wrote it who could not change the workflow as well."""

    writes: Writes
    trusts_config: bool


DEPLOY = Permission(Writes.GALLERY, trusts_config=True)
#: Whoever wrote the job says what is to be done, and nothing says whose files these are.
BY_THE_JOB = Permission(Writes.GALLERY, trusts_config=False)
#: Its author may push to this repository; on this event the workflow itself comes from the same branch as the file.
PREVIEW = Permission(Writes.PREVIEWS, trusts_config=True)
READ = Permission(Writes.NOTHING, trusts_config=False)

_DEPLOYED = (Cause.PUSH, Cause.TAG, Cause.RELEASE, Cause.SCHEDULE, Cause.DISPATCH, Cause.COMMAND_LINE)
TABLE: Mapping[tuple[Cause, Whose], Permission] = {
    **{(cause, Whose.OURS): DEPLOY for cause in _DEPLOYED},
    (Cause.UNTOLD, Whose.UNKNOWN): BY_THE_JOB,
    (Cause.PULL_REQUEST, Whose.OURS): PREVIEW,
}


def permission(cause: Cause, whose: Whose) -> Permission:
    """What stands in the table, else ``READ``."""
    return TABLE.get((cause, whose), READ)


def may_run_commands(occasion: Occasion) -> bool:
    """Whether commands of a config file are run: where its author could have changed the workflow as well, and the run
    may write to the gallery. Anywhere else the file may be anybody's."""
    found = permission(occasion.cause, occasion.whose)
    return found.writes is Writes.GALLERY and found.trusts_config


def goes_without(occasion: Occasion, given: Mapping[str, Given]) -> bool:
    """Whether a run that can do without keys has to: it is somebody's who gets none, and the workflow gave it none."""
    return bool(occasion.without_secrets) and "access-key" not in given


def refusal(occasion: Occasion, *, writes: Writes) -> ConfigInvalid | None:
    """Why a run that ``writes`` to the bucket is not begun; ``None`` where it may."""
    if writes <= permission(occasion.cause, occasion.whose).writes:
        return None
    return ConfigInvalid(
        f"Nothing is deployed here: this run was started by {occasion.told}. Galleries are deployed on pushes, tags, "
        "releases, schedules and dispatches of the repository itself; whoever opens a pull request could publish "
        "anything.",
        hint=_HINT,
    )


_HINT = (
    "Plan on pull_request (command: plan, or deploy with preview: auto), deploy on push, and comment on forks' pull "
    "requests by workflow_run: see docs/security.md for every occasion."
)


@dataclass(frozen=True, slots=True)
class Heeded:
    """Which texts are followed, what is refused, and what was left aside with a word of warning."""

    given: Mapping[str, Given]
    refused: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()


def heed(
    occasion: Occasion, given: Mapping[str, Given], matters: Callable[[Option], bool], *, publicly: bool = False
) -> Heeded:
    """Sift what was given by where it came from.

    What would loosen is left aside, and the default holds. Another option whose word does not count here is refused,
    because nobody knows what to do instead; a run that is made ``publicly``, without keys, does without it. ``matters``
    says which options the command knows at all.
    """
    trusted = permission(occasion.cause, occasion.whose).trusts_config
    followed, refused, warnings = dict(given), list[Finding](), list[str]()
    for name, it in given.items():
        option = BY_NAME.get(name)
        if it.origin is not Origin.CONFIG or (option and _follows(option, it.text, trusted=trusted)):
            continue
        del followed[name]
        if option and not matters(option):
            continue
        if option and option.config.trust is Trust.TIGHTEN:
            loosens = f"{name}: {shown(it.text)} in the config file would loosen the default, {option.default}"
            warnings.append(f"{loosens}, which holds. {_why(occasion)}")
        elif option and publicly:
            warnings.append(f"{name}: left aside where the config file says it. {_why(occasion)}")
        else:
            refused.append(Finding(f"{name}: not from the config file. {_why(occasion)}"))
    return Heeded(followed, tuple(refused), tuple(warnings))


def _follows(option: Option, text: str, *, trusted: bool) -> bool:
    """Whether the config file's ``text`` counts."""
    rule = option.config
    if rule.trust is Trust.FREE or (trusted and rule.trust is not Trust.NEVER):
        return True
    if rule.trust is not Trust.TIGHTEN:
        return False
    try:
        return rule.tightens(option.kind.parse(text), option.kind.parse(option.default))
    except ValueError:
        return False


def _why(occasion: Occasion) -> str:
    return (
        f"This run was started by {occasion.told}, and the file may be anybody's; give it as an input in the workflow."
    )


def occasions() -> tuple[tuple[Cause, Whose, Permission], ...]:
    """Every occasion there is, with what it permits."""
    return tuple((cause, whose, permission(cause, whose)) for cause, whose in product(Cause, Whose))
