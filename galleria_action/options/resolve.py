"""Turns the texts that arrived into one typed value, with all mistakes together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.expressions import expression
from galleria_action.options.declaration import Mistake
from galleria_action.options.kinds import Kind, shown
from galleria_action.options.model import BY_GROUP, GROUPS, Options
from galleria_action.values import replace

_CONTROL = expression(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HINT = "See {help}; docs/reference.md has every option, its default and the places it can come from."

#: what Galleria prints when the storage is not configured; its users know these words
MISSING_S3 = "Error: Missing S3 configuration"
NO_BUCKET = "not given. A gallery needs a place to go: a bucket name, s3://bucket/prefix or file:///folder"


def resolve(
    command: str,
    values: Mapping[str, str],
    problems: Sequence[Finding] = (),
    *,
    mistakes: Sequence[Mistake] = (),
    uses_bucket: bool = True,
    needs_bucket: bool = True,
    no_bucket: str = NO_BUCKET,
) -> Options:
    """Turn ``values`` (option name → text; absent or empty means not given) into ``Options``.

    ``mistakes`` are those of the command line, ``problems`` those of the config file. A command that does not use the
    bucket is not told of one; ``no_bucket`` is said where one is missing that it needs. Raises ``ConfigInvalid`` with
    all of them and all that are found here; what is only missing because of another mistake is not told.
    """
    usage, mistakes = mistakes, list(mistakes)
    used = {name: group for name, group in GROUPS.items() if uses_bucket or name != "target"}
    groups = {name: _build(group, values, mistakes) for name, group in used.items()}
    options: Options = _build(Options, values, mistakes, command=command, **groups)
    wrong = {name for it in mistakes for name in (it.option, *it.about)}
    missing = uses_bucket and needs_bucket and not options.target.bucket
    lacking = [Mistake("bucket", no_bucket)] if missing else []
    mistakes += (it for it in (*lacking, *options.mistakes()) if wrong.isdisjoint({it.option, *it.about}))
    findings = [*problems, *(Finding(str(mistake)) for mistake in mistakes), *_unusable(options)]
    if findings:
        raise ConfigInvalid(
            _headline(findings, mistakes),
            hint=f"See {_help(command)}." if usage else _HINT.format(help=_help(command)),
            findings=findings,
        )
    return options


def _build(group: type[Any], values: Mapping[str, str], mistakes: list[Mistake], **given: Any) -> Any:
    """``group`` with what ``values`` say; an option whose text is wrong keeps its default and is a mistake."""
    for option in BY_GROUP[group]:
        if text := values.get(option.name):
            try:
                given[option.parameter] = option.kind.parse(_printable(text, option.kind))
            except ValueError as error:
                mistakes.append(Mistake(option.name, str(error)))
    return group(**given)


def _printable(text: str, kind: Kind[Any]) -> str:
    """``text`` without anything that a terminal would obey, a log would break at, or no file and no header can hold."""
    looked_at = re.sub(r"\r?\n", "", text) if kind.multiline else text
    if not looked_at.isprintable() and (found := _CONTROL.search(looked_at)) and not kind.secret:
        if found[0] >= "\ud800":  # what Python makes of bytes that it cannot read
            raise ValueError(f"{shown(text)} is not text in this machine's locale; set PYTHONUTF8=1 or LC_ALL=C.UTF-8")
        raise ValueError(f"{shown(text)} holds a control character")
    return text


def _unusable(options: Options) -> Iterator[Finding]:
    """What is wrong with the target, besides its keys, of which its group tells."""
    try:
        replace(options.target, access_key=None, secret_key=None).settings(options.upload.concurrency)
    except ValueError as error:
        yield Finding(str(error))


def _headline(findings: Sequence[Finding], mistakes: Sequence[Mistake]) -> str:
    if any(it.option in ("bucket", "access-key", "secret-key") and it.text.startswith("not given") for it in mistakes):
        return MISSING_S3
    return f"{len(findings)} options are wrong" if len(findings) > 1 else "An option is wrong"


def usage_problem(command: str, mistakes: Sequence[Mistake]) -> ConfigInvalid:
    """The error about a command line that cannot be followed far enough to look at its options."""
    findings = [Finding(str(it)) for it in mistakes]
    return ConfigInvalid("The command line is wrong", hint=f"See {_help(command)}.", findings=findings)


def _help(command: str) -> str:
    return f"`{' '.join(filter(None, ['galleria-action', command]))} --help`"
