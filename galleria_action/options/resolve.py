"""Turns the texts that arrived into one typed value, with all mistakes together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from galleria_action.errors import ConfigInvalid, Finding
from galleria_action.options.declaration import Mistake, options_of
from galleria_action.options.model import GROUPS, SECRETS, Options

#: what Galleria prints when the storage is not configured; its users know these words
MISSING_S3 = "Error: Missing S3 configuration"
_NO_BUCKET = Mistake(
    "bucket", "not given. A gallery needs a place to go: a bucket name, s3://bucket/prefix or file:///folder"
)


def resolve(
    command: str,
    values: Mapping[str, str],
    problems: Sequence[Finding],
    *,
    uses_bucket: bool = True,
    needs_bucket: bool = True,
) -> Options:
    """Turn ``values`` (option name → text; absent or empty means not given) into ``Options``.

    ``problems`` are the mistakes found so far, in flags or in the config file. A command that does not use the bucket
    is not told of one. Raises ``ConfigInvalid`` with all of them and all that are found here.
    """
    mistakes: list[Mistake] = []
    used = {name: group for name, group in GROUPS.items() if uses_bucket or name != "target"}
    groups = {name: _build(group, values, mistakes) for name, group in used.items()}
    options: Options = _build(Options, values, mistakes, command=command, **groups)
    if uses_bucket and needs_bucket and not options.target.bucket:
        mistakes.append(_NO_BUCKET)
    wrong = {mistake.option for mistake in mistakes}
    mistakes += (it for it in options.mistakes() if wrong.isdisjoint({it.option, *it.about}))
    findings = [*problems, *(Finding(str(mistake)) for mistake in mistakes), *_unusable(options)]
    if findings:
        raise ConfigInvalid(
            _headline(findings, mistakes),
            hint="Every option, its default and the places it can come from: see docs/reference.md.",
            findings=findings,
        )
    return options


def _build(group: type[Any], values: Mapping[str, str], mistakes: list[Mistake], **given: Any) -> Any:
    """``group`` with what ``values`` say; an option whose text is wrong keeps its default and is a mistake."""
    for option in options_of(group):
        if text := values.get(option.name):
            try:
                given[option.parameter] = option.kind.parse(text)
            except ValueError as error:
                mistakes.append(Mistake(option.name, str(error)))
    return group(**given)


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


def secrets_in(values: Mapping[str, str]) -> Iterator[str]:
    """The secret values among ``values``, to be masked before anything else happens."""
    return (values[name] for name in SECRETS if values.get(name))
