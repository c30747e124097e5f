"""Reads the words of a command line: pure, and never at a loss. Whatever is wrong with them comes back as a mistake.

``--name value``, ``--name=value``, and ``--name`` alone where that has a meaning. A value begins with two hyphens
only behind ``=``: an empty variable of a shell must not make an option swallow the next one. The one option that a
command is about may stand without its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from galleria_action.cli.commands import COMMANDS
from galleria_action.options import BY_NAME
from galleria_action.options.declaration import Mistake, Option
from galleria_action.options.kinds import FLAG, shown
from galleria_action.values import dataclass, field

#: what only a command line has, because it is about what is printed there
SWITCHES: Mapping[str, str] = {
    "json": "the result as JSON on standard output, all else on standard error",
    "quiet": "say nothing but how it ended, and what is wrong",
}
#: the shells for which there is a script that completes words
SHELLS = ("bash", "zsh", "fish")
_SHORT = {f"-{option.short}": option.name for option in BY_NAME.values() if option.short}
_HELP = ("--help", "-h")


@dataclass(slots=True)
class Arguments:
    """What a command line says.

    ``flags`` are texts by option. ``help`` is the command whose help was asked for, ``""`` for that of all;
    ``completion`` the shell whose script was.
    """

    command: str = ""
    flags: dict[str, str] = field(default_factory=dict)
    switches: set[str] = field(default_factory=set)
    help: str | None = None
    completion: str = ""
    mistakes: list[Mistake] = field(default_factory=list)


def read_arguments(words: Sequence[str], default: str | None = None) -> Arguments:
    """The meaning of ``words``; ``default`` is the command where they name none."""
    found, left = Arguments(), list(words)
    if (not left and not default) or (left and left[0] in (*_HELP, "help")):
        found.help = next((it for it in left[1:2] if it in COMMANDS), "")
        return found
    if left and left[0].partition("=")[0] == "--completion":
        return _completion(found, left)
    command = left.pop(0) if left and not left[0].startswith("-") else default or ""
    if command in COMMANDS:
        found.command = command
    else:
        found.mistakes.append(_no_command(command))
    while left:
        _read_word(found, left.pop(0), left)
    if not found.command:
        del found.mistakes[1:]  # what the options of an unknown command mean is unknown, too
    return found


def _completion(found: Arguments, left: Sequence[str]) -> Arguments:
    """``--completion SHELL``, which is a word of its own: no command, and nothing of a run."""
    _, equals, text = left[0].partition("=")
    shell = text if equals else "".join(left[1:2])
    if shell in SHELLS:
        found.completion = shell
    else:
        told = f"{shown(shell)} is not a shell it is made for" if shell else "needs the name of a shell"
        found.mistakes.append(Mistake("--completion", f"{told}; there are {', '.join(SHELLS)}"))
    return found


def _no_command(command: str) -> Mistake:
    from difflib import get_close_matches

    if not command:
        return Mistake("command", f"not given; the first word is one of {', '.join(COMMANDS)}")
    close = get_close_matches(command, COMMANDS, 1)
    meant = f"; is {close[0]} meant?" if close else f"; there are {', '.join(COMMANDS)}"
    return Mistake("command", f"{shown(command)} is not a command{meant}")


def _read_word(found: Arguments, word: str, left: list[str]) -> None:
    """Take ``word`` and, where the next one is its value, that one out of ``left``."""
    flag, equals, text = word.partition("=")
    name = _SHORT.get(flag) or flag.removeprefix("--")
    if word in _HELP:
        found.help = found.command
    elif flag.startswith("--") and name in SWITCHES:
        _switch(found, name, text if equals else "true")
    elif flag in _SHORT or (flag.startswith("--") and name in BY_NAME):
        value = text if equals else _next_value(BY_NAME[name], left)
        if value is None:
            found.mistakes.append(Mistake(name, f"{flag} needs a value"))
        else:
            found.flags[name] = value
    elif word.startswith("-") and word != "-":
        unknown = _unknown(flag, name)
        found.mistakes.append(unknown)
        if not equals and unknown.about and BY_NAME[unknown.about[0]].kind.bare is None:
            _next_value(BY_NAME[unknown.about[0]], left)  # what was meant has a value, and this is it
    elif found.command and COMMANDS[found.command].argument not in ("", *found.flags):
        found.flags[COMMANDS[found.command].argument] = word
    else:
        found.mistakes.append(Mistake(shown(word), "this argument is not expected"))


def _next_value(option: Option, left: list[str]) -> str | None:
    """The value of ``option`` behind its flag; ``None`` where one is needed and missing."""
    another = not left or left[0].startswith("--") or left[0] in (*_SHORT, *_HELP)
    if another or (option.kind.bare and left[0].startswith("-")):
        return option.kind.bare
    words = [left.pop(0)]
    while len(words) < option.kind.words and left and not left[0].startswith("-"):
        words.append(left.pop(0))
    return " ".join(words)


def _switch(found: Arguments, name: str, text: str) -> None:
    try:
        (found.switches.add if FLAG.parse(text) else found.switches.discard)(name)
    except ValueError as error:
        found.switches.add(name)
        found.mistakes.append(Mistake(name, str(error)))


def _unknown(flag: str, name: str) -> Mistake:
    from difflib import get_close_matches

    told = f"{flag[:80]}"
    close = get_close_matches(name, BY_NAME, 1)
    if not close:
        return Mistake(told, "no such option")
    return Mistake(told, f"no such option; is --{close[0]} meant?", (close[0],))
