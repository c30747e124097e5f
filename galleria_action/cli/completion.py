"""Scripts by which a shell completes our command line: words that follow from the declarations, and nothing to run.

The shell does not start us for each key that is pressed. A script knows the commands and options of the version that
printed it, so it is best printed anew whenever a shell starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from galleria_action.cli.arguments import SWITCHES
from galleria_action.cli.at_once import PROGRAM
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.options import OPTIONS
from galleria_action.options.declaration import Option
from galleria_action.options.kinds import FLAG, PATH

#: what may stand in a command's place
_INSTEAD: Mapping[str, str] = {"--help": "show all commands", "--version": "show the version"}


def script(shell: str) -> str:
    """The script for ``shell``, one of ``arguments.SHELLS``."""
    lines = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return "\n".join(lines()) + "\n"


def _options(command: Command) -> list[Option]:
    return [it for it in OPTIONS if _has(command, it)]


def _has(command: Command, option: Option) -> bool:
    return command.shows(option) and not option.only_in_config


def _values(option: Option) -> tuple[str, ...]:
    return ("true", "false") if option.kind is FLAG else option.kind.choices


def _others() -> Mapping[str, str]:
    """What every command has besides its options."""
    return {**{f"--{name}": text for name, text in SWITCHES.items()}, "--help": "show this command's options"}


def _quoted(text: str) -> str:
    """``text`` as one word of any shell: all that it holds is our own."""
    return "'" + text.replace("'", "'\\''") + "'"


def _bash() -> Iterator[str]:
    """For bash 3.2 and later. Where nothing of ours fits, ``-o default`` offers files."""
    yield "_galleria_action() {"
    yield "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words="
    yield "    # --name=value is three words here"
    yield '    [ "$prev" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}'
    yield '    [ "$cur" = = ] && cur='
    yield '    if [ "$COMP_CWORD" -eq 1 ]; then'
    yield f"        words={_quoted(' '.join([*COMMANDS, *_INSTEAD]))}"
    yield "    else case $cur in"
    yield "        -*) case ${COMP_WORDS[1]} in"
    for command in COMMANDS.values():
        flags = (flag for option in _options(command) for flag in _flags(option))
        yield f"            {command.name}) words={_quoted(' '.join([*flags, *_others()]))};;"
    yield "        esac;;"
    yield "        *) case $prev in"
    for values, options in _by_values():
        yield f"            {'|'.join(f'--{it.name}' for it in options)}) words={_quoted(' '.join(values))};;"
    yield "        esac;;"
    yield "    esac; fi"
    yield '    COMPREPLY=($(compgen -W "$words" -- "$cur"))'
    yield "}"
    yield f"complete -o default -F _galleria_action {PROGRAM}"


def _flags(option: Option) -> Iterable[str]:
    return (f"-{option.short}", f"--{option.name}") if option.short else (f"--{option.name}",)


def _by_values() -> list[tuple[tuple[str, ...], list[Option]]]:
    chosen = sorted((it for it in OPTIONS if _values(it) and not it.only_in_config), key=_values)
    return [(values, list(options)) for values, options in groupby(chosen, _values)]


def _zsh() -> Iterator[str]:
    """To be evaluated, or kept as a file of its own (``_galleria-action``) in a folder of ``fpath``."""
    yield f"#compdef {PROGRAM}"
    yield "_galleria_action() {"
    yield "    if (( CURRENT == 2 )); then"
    told = [*((it.name, it.help) for it in COMMANDS.values()), *_INSTEAD.items()]
    yield "        local -a commands=("
    yield from (f"            {_quoted(f'{name}:{text}')}" for name, text in told)
    yield "        )"
    yield "        _describe command commands"
    yield "        return"
    yield "    fi"
    yield "    local command=$words[2]"
    yield "    shift words"
    yield "    (( CURRENT-- ))"
    yield "    case $command in"
    for command in COMMANDS.values():
        yield f"        {command.name}) _arguments \\"
        for option in _options(command):
            yield f"            {_zsh_option(option)} \\"
        yield from (f"            {_quoted(f'{flag}[{_zsh_text(text)}]')} \\" for flag, text in _others().items())
        yield f"            {_quoted('1:folder:_files -/') if command.argument else ''};;"
    yield "    esac"
    yield "}"
    yield 'if [ "$funcstack[1]" = _galleria_action ]; then _galleria_action "$@"'
    yield f"else compdef _galleria_action {PROGRAM}; fi"


def _zsh_option(option: Option) -> str:
    action = f"({' '.join(_values(option))})" if _values(option) else "_files" if option.kind is PATH else " "
    # two colons: the value may be missing
    value = f"{'::' if option.kind.bare else ':'}{option.name}:{action}"
    told = f"[{_zsh_text(option.help)}]{value}"
    return " ".join(_quoted(f"{flag}{'=' if flag.startswith('--') else '+'}{told}") for flag in _flags(option))


def _zsh_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def _fish() -> Iterator[str]:
    yield f"complete -c {PROGRAM} -f"
    first = _quoted("__fish_is_first_token")
    for command in COMMANDS.values():
        yield f"complete -c {PROGRAM} -n {first} -a {command.name} -d {_fish_quoted(command.help)}"
    for flag, text in _INSTEAD.items():
        yield f"complete -c {PROGRAM} -n {first} -l {flag[2:]} -d {_fish_quoted(text)}"
    for option in OPTIONS:
        if commands := [it.name for it in COMMANDS.values() if _has(it, option)]:
            yield f"complete -c {PROGRAM} -n {_seen(commands)} {_fish_option(option)} -d {_fish_quoted(option.help)}"
    for flag, text in _others().items():
        yield f"complete -c {PROGRAM} -n {_seen(COMMANDS)} -l {flag[2:]} -d {_fish_quoted(text)}"
    if with_folder := [it.name for it in COMMANDS.values() if it.argument]:
        yield f"complete -c {PROGRAM} -n {_seen(with_folder)} -a '(__fish_complete_directories)'"


def _seen(commands: Iterable[str]) -> str:
    return _quoted(f"__fish_seen_subcommand_from {' '.join(commands)}")


def _fish_option(option: Option) -> str:
    short = f"-s {option.short} " if option.short else ""
    if values := _values(option):
        needed = "-f" if option.kind.bare else "-x"
        return f"{short}-l {option.name} {needed} -a {_quoted(' '.join(values))}"
    return f"{short}-l {option.name} {'-r -F' if option.kind is PATH else '-x'}"


def _fish_quoted(text: str) -> str:
    """fish knows no quote that is closed and opened again inside of a word, but a backslash."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
