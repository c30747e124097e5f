"""Writes what follows from the declarations of options, commands and outputs (``make generate``).

That is the inputs and outputs of ``action.yml``, the tables of ``docs/reference.md`` and the config file's schema. A
test proves the files in the repository fresh.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from galleria_action.cli.commands import COMMANDS
from galleria_action.cli.outputs import OUTPUTS
from galleria_action.options import GROUPS, OPTIONS, Options
from galleria_action.options.declaration import Option, options_of

ROOT = Path(__file__).parents[2]
_COMMAND_HELP = "; ".join(f"{it.name}: {it.help.replace(';', ',')}" for it in COMMANDS.values())


def action_yml(text: str) -> str:
    """``action.yml`` with its inputs and outputs written anew; head and ``runs`` stay."""
    head, tail = text[: text.index("inputs:\n")], text[text.index("runs:\n") :]
    inputs = [_input("command", f"{_COMMAND_HELP}. Default: deploy"), *map(_option_input, OPTIONS)]
    outputs = (f"  {name}:\n    description: {json.dumps(_capital(text))}\n" for name, text in OUTPUTS.items())
    return f"{head}inputs:\n{''.join(inputs)}\noutputs:\n{''.join(outputs)}\n{tail}"


def _option_input(option: Option) -> str:
    default = f". Default: {option.default}" if option.default else ""
    return _input(option.name, f"{_capital(_described(option))}{default}", option.action_default)


def _input(name: str, text: str, default: str = "") -> str:
    line = f"    default: {default}\n" if default else ""
    description = json.dumps(text, ensure_ascii=False)
    return f"  {name}:\n    description: {description}\n    required: false\n{line}"


def _described(option: Option) -> str:
    return f"{option.help} ({', '.join(option.kind.choices)})" if option.kind.choices else option.help


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def reference(text: str) -> str:
    """``docs/reference.md`` with the tables between its markers written anew."""
    text = _between(text, "commands", _table(("command", "what it does"), _commands()))
    for name, group in GROUPS.items():
        text = _between(text, name, _options_table(options_of(group)))
    text = _between(text, "run", _options_table(options_of(Options)))
    return _between(text, "outputs", _table(("output", "meaning"), ((f"`{n}`", text) for n, text in OUTPUTS.items())))


def _between(text: str, marker: str, body: str) -> str:
    begin, end = f"<!-- generated: {marker} -->\n", "<!-- end -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"docs/reference.md lacks {begin.strip()} or its end")
    return f"{before}{begin}{body}{rest[rest.index(end) :]}"


def _commands() -> Iterable[tuple[str, str]]:
    return ((f"`{command.name}`", command.help) for command in COMMANDS.values())


def _options_table(options: Iterable[Option]) -> str:
    return _table(("option", "default", "meaning"), map(_option_row, options))


def _option_row(option: Option) -> tuple[str, str, str]:
    choices = f" ({', '.join(f'`{value}`' for value in option.kind.choices)})" if option.kind.choices else ""
    return f"`{option.name}`", f"`{option.default}`" if option.default else "–", f"{option.help}{choices}"


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        escaped = (cell.replace("|", "\\|") for cell in cells)
        return f"| {' | '.join(escaped)} |\n"

    return "".join([line(heading), "|---" * len(heading) + "|\n", *map(line, rows)])


def config_schema(_: str) -> str:
    """``schemas/galleria-config.schema.json``."""
    allowed = {o.name: {"description": o.help, **o.kind.schema} for o in OPTIONS if o.in_config}
    section = {"type": "object", "$ref": "#/$defs/options"}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "galleria.yml",
        "description": "Options of Galleria Action for a whole repository. A section of `environments`, chosen by the "
        "option `environment`, replaces single options. Secrets are refused. (false stands beside off because YAML 1.1 "
        "reads a bare off as false.)",
        **section,
        "properties": {
            "environments": {
                "description": "Sections by name, each with the options that differ.",
                "type": "object",
                "additionalProperties": {**section, "unevaluatedProperties": False},
            }
        },
        "unevaluatedProperties": False,
        "$defs": {"options": {"properties": allowed}},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


#: each file with what makes its new text out of the old one
FILES: Mapping[str, Callable[[str], str]] = {
    "action.yml": action_yml,
    "docs/reference.md": reference,
    "schemas/galleria-config.schema.json": config_schema,
}


def main() -> None:
    """Write every file anew that is not fresh."""
    for name, make in FILES.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if (new := make(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(f"{name} written")


if __name__ == "__main__":
    main()
