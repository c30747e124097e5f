"""The runner's side of the protocol, for tests: what it would understand of our log and of our files.

Written from the runner's behaviour (actions/runner: ``ActionCommand``, ``FileCommandManager``): commands of the
newer form after leading white space, of the older form anywhere in a line; names in any case; newer first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

COMMANDS = frozenset({
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path",
    "notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
})  # fmt: skip
SUMMARY_LIMIT = 1024 * 1024

#: What .NET trims (``char.IsWhiteSpace``)
_SPACE = re.compile(r"^[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_DATA = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
_PROPERTY = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_OLD = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


@dataclass(frozen=True)
class Command:
    """One understood workflow command."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def read_log(log: str) -> list[Command | str]:
    """Each line of ``log`` as the command that the runner takes it for, or as the text that it shows."""
    lines = re.split(r"\r\n|\r|\n", log)
    assert lines.pop() == "", "the last line has to end"
    return [read_line(line) or line for line in lines]


def commands(log: str) -> list[Command]:
    """The commands in ``log``."""
    return [entry for entry in read_log(log) if isinstance(entry, Command)]


def read_line(line: str) -> Command | None:
    """The command in ``line``, if the runner sees one."""
    return _newer(_SPACE.sub("", line)) or _older(line)


def _newer(line: str) -> Command | None:
    if not line.startswith("::"):
        return None
    head, end, data = line[2:].partition("::")
    return _command(head, ",", _PROPERTY, _unescape(data, _DATA)) if end else None


def _older(line: str) -> Command | None:
    _, start, rest = line.partition("##[")
    head, end, data = rest.partition("]")
    return _command(head, ";", _OLD, _unescape(data, _OLD)) if start and end else None


def _command(head: str, separator: str, escapes: tuple[tuple[str, str], ...], data: str) -> Command | None:
    name, _, pairs = head.partition(" ")
    if name.lower() not in COMMANDS:
        return None
    split = (pair.partition("=") for pair in pairs.strip().split(separator))
    return Command(name.lower(), data, {key: _unescape(value, escapes) for key, _, value in split if key and value})


def _unescape(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for escaped, char in escapes:
        text = text.replace(escaped, char)
    return text


class FileCommandError(Exception):
    """The runner would fail the step."""


def read_outputs(raw: bytes) -> dict[str, str]:
    """What the runner reads from the file of ``GITHUB_OUTPUT``."""
    outputs: dict[str, str] = {}
    lines = iter(raw.decode("utf-8").split("\n"))
    for line in lines:
        if not line:
            continue
        equals, fence = line.find("="), line.find("<<")
        if equals >= 0 and (fence < 0 or equals < fence):
            name, _, outputs[line[:equals]] = line.partition("=")
        elif fence >= 0:
            name, _, delimiter = line.partition("<<")
            if not name or not delimiter:
                raise FileCommandError(f"invalid format {line!r}")
            outputs[name] = "\n".join(_until(delimiter, lines))
        else:
            raise FileCommandError(f"invalid format {line!r}")
    return outputs


def _until(delimiter: str, lines):  # type: ignore[no-untyped-def]
    for line in lines:
        if line == delimiter:
            return
        yield line
    raise FileCommandError(f"matching delimiter not found {delimiter!r}")
