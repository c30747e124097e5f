"""``environments``: every setting of every environment with where it comes from, or what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from galleria_action.deployment.events import Setting, Settled
from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.options import OPTIONS
from galleria_action.options.declaration import Option
from galleria_action.options.origin import Given
from galleria_action.quantities import count
from galleria_action.usecases.context import Context
from galleria_action.usecases.results import Answered

#: what is said of a secret, whatever it is
HIDDEN = "(secret)"
#: they choose what is shown, or are what an environment is called by
_NOT_SHOWN = ("config", "environment", "diff")


def environments(context: Context) -> Answered:
    """Show the environments. Raises ``ConfigInvalid`` for one that is not there, and with every wrong value."""
    options = context.options
    known = context.environments
    if pair := options.environments.diff:
        return _differences(context, *pair)
    names = (options.environment,) if options.environment else known.names
    if not names:
        raise ConfigInvalid(
            "There are no environments: they are sections of galleria.yml, and it has none.",
            hint="Write environments: {staging: {preset: staging, bucket: …}, production: {…}} there; see "
            "docs/pipeline.md.",
        )
    found = {name: settings_in(known.given(name)) for name in names}
    context.tell(Settled(found))
    for name, settings in found.items():
        with context.phase(name):
            for line in _lines(settings):
                context.say(line)
    _check(context, names)
    return Answered(f"{count(len(found), 'environment')}: {', '.join(found)}.")


def settings_in(given: Mapping[str, Given]) -> tuple[Setting, ...]:
    """Every option's value under ``given``, and where it comes from."""
    return tuple(_setting(option, given.get(option.name)) for option in OPTIONS if option.name not in _NOT_SHOWN)


def _setting(option: Option, given: Given | None) -> Setting:
    if given is None:
        return Setting(option.name, option.default, "default")
    text = HIDDEN if option.kind.secret else given.text
    return Setting(option.name, text, given.place or given.origin.value, given.note)


def _lines(settings: tuple[Setting, ...]) -> Iterator[str]:
    """As ``git config --show-origin`` has it: the place, then what it says."""
    width = max(len(it.place) for it in settings)
    for it in settings:
        yield f"{it.place:{width}}  {it.option}={' / '.join(it.value.splitlines())}{_note(it)}"


def _note(it: Setting) -> str:
    return f"  ({it.note})" if it.note else ""


def _differences(context: Context, one: str, other: str) -> Answered:
    known = context.environments
    if missing := [name for name in (one, other) if name not in known.names]:
        there = f"there are {', '.join(known.names)}" if known.names else "the config file has none"
        raise ConfigInvalid(f"diff: {missing[0]!r:.80} is not an environment; {there}.")
    given = {name: known.given(name) for name in (one, other)}
    found = {name: settings_in(texts) for name, texts in given.items()}
    differing = [
        (mine, others)
        for mine, others in zip(found[one], found[other], strict=True)
        if mine.value != others.value or _secret_differs(mine.option, given[one], given[other])
    ]
    context.tell(Settled({one: tuple(it for it, _ in differing), other: tuple(it for _, it in differing)}))
    for mine, others in differing:
        context.say(f"{mine.option}:")
        for name, it in ((one, mine), (other, others)):
            origin = ", ".join(filter(None, (it.place, it.note)))
            context.say(f"  {name}: {' / '.join(it.value.splitlines()) or '(nothing)'}  ({origin})")
    _check(context, (one, other))
    return Answered(f"{one} and {other} differ in {count(len(differing), 'setting')}.")


def _secret_differs(option: str, one: Mapping[str, Given], other: Mapping[str, Given]) -> bool:
    """Secrets all look alike here, but two may be two."""
    return option in one and option in other and one[option].text != other[option].text


def _check(context: Context, names: tuple[str, ...]) -> None:
    """Raise ``ConfigInvalid`` with everything that a run in one of these would be refused for."""
    findings: list[Finding] = []
    for name in names:
        try:
            context.environments.options(name)
        except ConfigInvalid as error:
            told = error.findings or (Finding(error.message),)
            findings += (Finding(f"{name}: {it.message}", it.file, it.line) for it in told)
    if findings:
        raise ConfigInvalid(f"{count(len(findings), 'setting')} of these environments cannot be", findings=findings)
