"""Workflow commands: how to say one to the runner, and how to keep text from being taken for one.

The runner reads every line of both output streams (actions/runner, ``ActionCommand.cs``). After leading white space,
``::name key=value,key=value::data`` is a command; so is the older ``##[name]data``, anywhere in a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from galleria_action.report.escape import visible, visible_lines


def command(name: str, data: str, properties: Mapping[str, str | int] | None = None) -> str:
    """The line that tells the runner ``name`` with ``data``; ``properties`` keep their order."""
    pairs = ",".join(f"{key}={escape_property(str(value))}" for key, value in (properties or {}).items())
    return f"::{name}{' ' + pairs if pairs else ''}::{escape_data(data)}"


def escape_data(text: str) -> str:
    """``text`` as data of a command, escaped as the runner unescapes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """``text`` as the value of a property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def plain_line(text: str) -> str:
    """Untrusted ``text`` as one line that is no command, by a visible space in whatever looks like one."""
    shown = _without_old_commands(visible(text))
    return re.sub(r"^(\s*:)(?=:)", r"\1 ", shown)


def message(text: str) -> str:
    """Untrusted ``text`` as the data of an annotation or group: it may have lines, but nothing that looks like an
    older command, since the runner prints it again when it has read the newer one."""
    return _without_old_commands(visible_lines(text))


def _without_old_commands(text: str) -> str:
    return text.replace("##[", "## [")
