"""Commands and options as click sees them, built from the declarations in ``galleria_action.options``.

A value comes, in this order, from the flag, ``INPUT_*`` or ``PLUGIN_*``, ``GALLERIA_*``, the chosen environment of the
config file, the file's defaults, AWS's own variables, the default. Click finds the value; what it means is decided in
``options.resolve``, so that all mistakes come in one report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from galleria_action import __version__
from galleria_action.ci.woodpecker import is_plugin
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.cli.config import read_config
from galleria_action.errors import Finding
from galleria_action.options import OPTIONS
from galleria_action.options.declaration import Option

#: AWS's own variables that stand in for an option which was given nowhere else
_AWS = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION"), "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")}


@dataclass(slots=True)
class Invocation:
    """What was asked for: the command, the text of every option that was given somewhere, and mistakes so far.

    ``from_config`` names the options whose text the config file gave.
    """

    environ: Mapping[str, str]
    workspace: Path
    command: str = ""
    values: dict[str, str] = field(default_factory=dict)
    from_config: frozenset[str] = frozenset()
    problems: list[Finding] = field(default_factory=list)
    as_json: bool = False


class _FromEverywhere(click.Option):
    """A click option that reads the environment it was handed, and takes an empty value as not given.

    GitHub sets every declared input, the ones left out as an empty string.
    """

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        environ = ctx.find_object(Invocation).environ  # type: ignore[union-attr]
        return next((value for name in self.envvar or () if (value := environ.get(name, "").strip())), None)


class _Command(click.Command):
    """Looks into the command line for ``config`` and ``environment`` first: the file gives the other defaults."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        invocation = ctx.ensure_object(Invocation)
        first_look = click.Context(self, ctx.parent, ctx.info_name, invocation, **self.context_settings)
        super().parse_args(first_look, list(args))
        config = read_config(invocation.workspace, first_look.params["config"], first_look.params["environment"])
        invocation.problems.extend(config.problems)
        ctx.default_map = {name.replace("-", "_"): value for name, value in config.values.items()}
        return super().parse_args(ctx, args)


def parse(args: Sequence[str], environ: Mapping[str, str], workspace: Path) -> Invocation:
    """Read the command line.

    Raises ``click.exceptions.Exit`` after ``--help`` and ``--version``; every mistake lands in ``problems``.
    """
    invocation = Invocation(environ, workspace)
    arguments = list(args)
    names_none = not arguments or (arguments[0].startswith("--") and arguments[0] not in ("--help", "--version"))
    if names_none and (command := _chosen_by_environment(environ)):
        arguments.insert(0, command)
    try:
        # without its standalone mode click returns the exit code of --help and --version instead of raising it
        ended = _root().main(arguments, prog_name="galleria-action", obj=invocation, standalone_mode=False)
        if ended is not None:
            raise click.exceptions.Exit(ended)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        raise click.exceptions.Exit(2) from error
    except click.UsageError as error:
        invocation.problems.append(Finding(error.format_message()))
    return invocation


def _chosen_by_environment(environ: Mapping[str, str]) -> str | None:
    """The input or setting ``command``. Its default, deploy, counts only where an action or a plugin runs, never in a
    shell."""
    texts = (environ.get(f"{prefix}_COMMAND", "").strip() for prefix in ("INPUT", "PLUGIN", "GALLERIA"))
    by_ci = "INPUT_COMMAND" in environ or environ.get("GITHUB_ACTIONS") == "true" or is_plugin(environ)
    return next(filter(None, texts), "deploy" if by_ci else None)


def _root() -> click.Group:
    @click.group(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(__version__, message="galleria-action %(version)s")
    def root() -> None:
        """Publish a photo gallery to S3-compatible storage: planned, verified, metadata last."""

    for command in COMMANDS.values():
        root.add_command(_command(command))
    return root


def _command(command: Command) -> click.Command:
    def note(**values: str | None) -> None:
        ctx = click.get_current_context()
        invocation = ctx.ensure_object(Invocation)
        invocation.command = command.name
        invocation.as_json = values.pop("json", None) is not None
        invocation.values = {key.replace("_", "-"): value.strip() for key, value in values.items() if value}
        invocation.from_config = frozenset(
            name for name in invocation.values
            if ctx.get_parameter_source(name.replace("-", "_")) is ParameterSource.DEFAULT_MAP
        )  # fmt: skip
        leftover = list(ctx.args)
        if command.argument and leftover and not leftover[0].startswith("-"):
            invocation.values[command.argument] = leftover.pop(0)
        invocation.problems.extend(_leftover(argument) for argument in leftover)
        _fill_from_aws(invocation)

    as_json = click.Option(
        ["--json"], is_flag=True, flag_value="true", default=None, help="the result as JSON on standard output"
    )
    return _Command(
        command.name,
        callback=note,
        params=[*(_parameter(option, command) for option in OPTIONS), as_json],
        help=command.help[0].upper() + command.help[1:] + ".",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


def _parameter(option: Option, command: Command) -> click.Option:
    """Every command takes every option, so that one set of inputs serves all; help shows those that matter."""
    default = f"  [default: {option.default}]" if option.default else ""
    one_of = f" ({', '.join(option.kind.choices)})" if option.kind.choices else ""
    # on the command line a boolean's value may be left out
    bare: dict[str, Any] = {"is_flag": False, "flag_value": option.kind.bare} if option.kind.bare else {}
    return _FromEverywhere(
        [f"--{option.name}", option.parameter],
        envvar=option.environment_names,
        help=f"{option.help}{one_of}{default}",
        metavar=option.kind.word,
        hidden=not command.shows(option),
        **bare,
    )


def _leftover(argument: str) -> Finding:
    if not argument.startswith("-"):
        return Finding(f"{argument[:80]!r}: this argument is not expected")
    name = argument.partition("=")[0]
    close = get_close_matches(name, [f"--{option.name}" for option in OPTIONS], 1)
    return Finding(f"{name[:80]}: no such option{f'; is {close[0]} meant?' if close else ''}")


def _fill_from_aws(invocation: Invocation) -> None:
    """Whole credentials only: a key of ours is never completed by a session token of somebody else's."""
    environ, values = invocation.environ, invocation.values
    if values.get("bucket", "").startswith("file:"):
        return
    for name, variables in _AWS.items():
        if name not in values and (value := next(filter(None, map(environ.get, variables)), None)):
            values[name] = value
    if "access-key" not in values and "secret-key" not in values and environ.get("AWS_ACCESS_KEY_ID"):
        values["access-key"] = environ["AWS_ACCESS_KEY_ID"]
        values["secret-key"] = environ.get("AWS_SECRET_ACCESS_KEY", "")
        values["session-token"] = values.get("session-token") or environ.get("AWS_SESSION_TOKEN", "")
