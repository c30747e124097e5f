"""Writes what follows from the declarations of options, commands and outputs (``make generate``).

That is the inputs and outputs of ``action.yml``, the tables of ``docs/reference.md`` and ``docs/security.md``, and the
config file's schema. A test proves the files in the repository fresh.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from galleria_action import policy
from galleria_action.ci import gitlab, woodpecker
from galleria_action.ci.github import event as github
from galleria_action.ci.occasion import Cause, Whose
from galleria_action.cli.commands import COMMANDS, Command
from galleria_action.cli.outputs import OUTPUTS
from galleria_action.options import GROUPS, OPTIONS, Options
from galleria_action.options.declaration import Option, options_of
from galleria_action.options.origin import Trust
from galleria_action.options.presets import PRESETS
from galleria_action.pipeline.reading import SCHEMA as PIPELINE_SCHEMA
from galleria_action.policy import Writes
from galleria_action.storage.faults.codes import FORBIDDEN, TABLE, Meaning
from galleria_action.storage.faults.errors import ON_THE_WAY
from galleria_action.storage.providers import Provider, profiles
from galleria_action.watch.metrics import NAMES as METRICS

ROOT = Path(__file__).parents[2]
_YES_NO = {True: "yes", False: "no"}
#: what the action process/ is for, and what it tells later steps
STUDIO_COMMANDS = ("process", "init", "duplicates")
STUDIO_OUTPUTS = (
    "success", "dry-run", "changed", "result-file", "report-file", "duplicates", "failure-reason", "message",
)  # fmt: skip


def action_yml(text: str) -> str:
    """``action.yml`` with its inputs and outputs written anew; head and ``runs`` stay."""
    return _action(text, _input("command", f"{_help_of(COMMANDS.values())}. Default: deploy"), OPTIONS, OUTPUTS)


def process_action_yml(text: str) -> str:
    """``process/action.yml``, the same for the commands that make a gallery."""
    commands = [COMMANDS[name] for name in STUDIO_COMMANDS]
    options = [option for option in OPTIONS if any(command.shows(option) for command in commands)]
    # written out as a default, because the image's arguments are made of it
    command = _input("command", f"{_help_of(commands)}. Default: process", "process")
    return _action(text, command, options, {name: OUTPUTS[name] for name in STUDIO_OUTPUTS})


def _action(text: str, command: str, options: Iterable[Option], outputs: Mapping[str, str]) -> str:
    head, tail = text[: text.index("inputs:\n")], text[text.index("runs:\n") :]
    inputs = [command, *(_option_input(it) for it in options if not it.only_in_config)]
    told = (f"  {name}:\n    description: {json.dumps(_capital(meaning))}\n" for name, meaning in outputs.items())
    return f"{head}inputs:\n{''.join(inputs)}\noutputs:\n{''.join(told)}\n{tail}"


def _help_of(commands: Iterable[Command]) -> str:
    return "; ".join(f"{it.name}: {it.help.replace(';', ',')}" for it in commands)


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


def watch(text: str) -> str:
    """``docs/watch.md`` with its table of metrics written anew."""
    rows = ((f"`{name}`", f"{meaning}{_by(own)}") for name, (meaning, own) in METRICS.items())
    return _between(text, "metrics", _table(("metric", "meaning"), rows))


def _by(labels: Iterable[str]) -> str:
    return "".join(f" (label `{label}`)" for label in labels)


def _between(text: str, marker: str, body: str) -> str:
    begin, end = f"<!-- generated: {marker} -->\n", "<!-- end -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"the page lacks {begin.strip()} or its end")
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


def security(text: str) -> str:
    """``docs/security.md`` with the tables of occasions and origins written anew."""
    headings = (
        "started by",
        "code of",
        _named(_writing),
        _named(_reading),
        "from the workflow",
        "from the config file",
    )
    text = _between(text, "occasions", _table(headings, _occasions()))
    text = _between(text, "words", _table(("CI", "its word", "is"), _words()))
    return _between(text, "origins", _table(("from the config file", "options"), _origins()))


def _occasions() -> Iterator[tuple[str, ...]]:
    """Each row of the policy; where everybody's code is treated alike, one row for all."""
    for cause in Cause:
        by_whose = {whose: it for of, whose, it in policy.occasions() if of is cause}
        alike = Counter(by_whose.values()).most_common(1)[0][0]
        others = [whose for whose, it in by_whose.items() if it == alike]
        for whose, it in by_whose.items():
            if it != alike:
                yield cause, whose, *_permits(it)
        yield cause, "anybody" if len(others) == len(Whose) else ", ".join(others), *_permits(alike)


_MAY_WRITE = {Writes.NOTHING: "no", Writes.PREVIEWS: "`cleanup`; `deploy` as a preview", Writes.GALLERY: "**yes**"}


def _permits(it: policy.Permission) -> tuple[str, str, str, str]:
    return _MAY_WRITE[it.writes], "yes", "all", "all it may say" if it.trusts_config else "what is harmless"


def _named(chosen: Callable[[Command], str]) -> str:
    return ", ".join(filter(None, map(chosen, COMMANDS.values())))


def _writing(command: Command) -> str:
    condition = f" with `{command.only_with}`" if command.only_with else ""
    return f"`{command.name}`{condition}" if command.writes else ""


def _reading(command: Command) -> str:
    return f"`{command.name}`" if command.only_with or not command.writes else f"`{command.name}` with `dry-run`"


def _words() -> Iterator[tuple[str, str, str]]:
    tables = {"GitHub, Forgejo, Gitea": github.CAUSES, "GitLab": gitlab.CAUSES, "Woodpecker, Drone": woodpecker.CAUSES}
    return ((ci, f"`{word}`", cause) for ci, words in tables.items() for word, cause in words.items())


def _origins() -> Iterator[tuple[str, str]]:
    for trust in Trust:
        named = (
            f"`{o.name}`{f' ({o.config.scale})' if o.config.scale else ''}" for o in OPTIONS if o.config.trust is trust
        )
        yield trust.value, ", ".join(named)


def messages(text: str) -> str:
    """``docs/messages.md`` with its tables written anew."""

    def row(meaning: Meaning) -> tuple[str, ...]:
        said = ", ".join([*(f"`{code}`" for code in meaning.codes), *map(str, meaning.statuses)])
        about = ", with words that say so" if meaning.words else ", as a web page" if meaning.page else ""
        cause, remedy = map(_filled, (meaning.cause, meaning.remedy))
        return f"{said}{about}", cause, remedy, f"`{meaning.error.reason}`", "yes" if meaning.passes else "no"

    columns = ("the service says", "it means", "what to do", "reason", "asked again")
    text = _between(text, "refusals", _table(columns, map(row, (*TABLE, FORBIDDEN))))
    way = ((kind, meaning.format(host="the service"), remedy) for kind, (meaning, remedy) in ON_THE_WAY.items())
    return _between(text, "on the way", _table(("what happened", "it means", "what to do"), way))


def providers(text: str) -> str:
    """``docs/providers.md`` with its table of profiles written anew."""

    def row(it: Provider) -> tuple[str, ...]:
        hosts = ", ".join(f"`{host}`" for host in it.hosts) or "by name only"
        region = f"from the host, else `{it.region}`" if it.region_from_host else f"`{it.region}`"
        address = "in the path" if it.path_style else "in front of the host"
        deletes = "each" if it.batch_delete == "no" else "many"
        yes_no = (_YES_NO[value] for value in (it.copy, it.acl, it.cors_api))
        return f"`{it.name}`", hosts, region, address, it.conditional_put, it.signed_hash, deletes, *yes_no

    columns = (
        "profile", "hosts", "region", "bucket", "conditional writes", "signed hash", "deletes", "copies", "ACLs",
        "CORS rules",
    )  # fmt: skip
    return _between(text, "providers", _table(columns, map(row, profiles().values())))


def pipeline(text: str) -> str:
    """``docs/pipeline.md`` with its tables of presets written anew."""
    for preset, settings in PRESETS.items():
        rows = ((f"`{it.option}`{_only_with(it.needs)}", f"`{it.text}`", it.why) for it in settings)
        text = _between(text, f"preset {preset}", _table(("option", "setting", "because"), rows))
    return text


def _only_with(option: str) -> str:
    return f" (with `{option}`)" if option else ""


def _filled(text: str) -> str:
    """``text`` with words where a message has facts."""
    facts = {"bucket": "*bucket*", "permission": "*what the call needs*", "size": "*size*"}
    return re.sub(r"\{(\w+)(?:!r)?\}", lambda place: facts[place[1]], text)


def config_schema(_: str) -> str:
    """``schemas/galleria-config.schema.json``."""
    allowed: dict[str, object] = {o.name: {"description": o.help, **o.kind.schema} for o in OPTIONS if o.in_config}
    allowed["pipeline"] = PIPELINE_SCHEMA
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
    "process/action.yml": process_action_yml,
    "docs/reference.md": reference,
    "docs/watch.md": watch,
    "docs/security.md": security,
    "docs/messages.md": messages,
    "docs/providers.md": providers,
    "docs/pipeline.md": pipeline,
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
