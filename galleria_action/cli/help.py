"""The pages of ``--help``, set by click."""

from __future__ import annotations

import re

import click

from galleria_action.cli.arguments import SHELLS, SWITCHES
from galleria_action.cli.at_once import PROGRAM
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.options import OPTIONS
from galleria_action.options.declaration import Option

_HELP = ["-h", "--help"]


class _InOrder(click.Group):
    """Its commands in the order in which they are declared: of a day's work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See ``click.Group``."""
        return list(self.commands)


def page(command: str = "") -> str:
    """The help of ``command``, or of all."""
    root = _InOrder(
        PROGRAM,
        help="Publish a photo gallery to S3-compatible storage: planned, verified, metadata last.",
        commands=[_command(it) for it in COMMANDS.values()],
        params=[
            click.Option(["--version"], is_flag=True, help="Show the version and exit."),
            click.Option(
                ["--completion"], metavar="SHELL", help=f"Print the completions for {', '.join(SHELLS)} and exit."
            ),
        ],
    )
    above = click.Context(root, info_name=PROGRAM, help_option_names=_HELP)
    if not command:
        return root.get_help(above)
    found = root.commands[command]
    return found.get_help(click.Context(found, above, info_name=command, help_option_names=_HELP))


def _command(command: Command) -> click.Command:
    switches = [click.Option([f"--{name}"], is_flag=True, help=text) for name, text in SWITCHES.items()]
    argument = [click.Argument([command.argument])] if command.argument else []
    options = (it for it in OPTIONS if command.shows(it) and not it.only_in_config and it.name != command.argument)
    text = f"{command.help[0].upper()}{command.help[1:]}."
    return click.Command(
        command.name,
        params=[*argument, *map(_parameter, options), *switches],
        help=text,
        short_help=text,  # the list of commands has all of it, too: click would cut it off at the margin
    )


def _parameter(option: Option) -> click.Option:
    default = f"  [default: {option.default}]" if option.default else ""
    unsaid = [it for it in option.kind.choices if not re.search(rf"(?<![\w-]){re.escape(it)}(?![\w-])", option.help)]
    one_of = f" ({', '.join(option.kind.choices)})" if unsaid else ""
    names = [f"-{option.short}"] if option.short else []
    return click.Option(
        [*names, f"--{option.name}", option.parameter],
        help=f"{option.help}{one_of}{default}",
        metavar=option.kind.word,
    )
