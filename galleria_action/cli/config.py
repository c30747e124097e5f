"""Reads ``galleria.yml``: options for the whole repository, with a section per environment.

Everything in the file is checked against ``schemas/galleria-config.schema.json``; every mistake is a finding with
the line it stands on, and all are reported together with the mistakes in flags and environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from galleria_action.errors import Finding
from galleria_action.options import BY_NAME, OPTIONS, SECRETS
from galleria_action.schemas import load_schema

DEFAULT_CONFIG = "galleria.yml"
_SIZE_LIMIT = 1 << 20
_KNOWN = ("environments", *(option.name for option in OPTIONS if option.in_config))


@dataclass(frozen=True, slots=True)
class Config:
    """Option texts by option name, the chosen environment's over the file's own, and what is wrong with the file."""

    values: Mapping[str, str]
    problems: tuple[Finding, ...] = ()


def read_config(workspace: Path, path: str | None, environment: str | None) -> Config:
    """Read ``path`` (relative to ``workspace``), or ``galleria.yml`` where there is one, and choose ``environment``.

    Never raises for what the file holds: mistakes come back as ``problems``.
    """
    name = path or DEFAULT_CONFIG
    try:
        raw = _read(workspace / name)
    except FileNotFoundError:
        if path:
            return Config({}, (Finding(f"config: {name!r} does not exist"),))
        wanted = (Finding(f"environment: {environment!r} is a section of {DEFAULT_CONFIG}, which does not exist"),)
        return Config({}, wanted if environment else ())
    except (OSError, ValueError) as error:
        return Config({}, (Finding(f"config: {name!r} cannot be read: {error}"),))
    return _interpret(raw, name, environment)


def _read(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        raw = file.read(_SIZE_LIMIT + 1)
    if len(raw) > _SIZE_LIMIT:
        raise ValueError("it is larger than 1 MiB")
    return raw.decode("utf-8-sig")


def _interpret(text: str, name: str, environment: str | None) -> Config:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            return Config({}) if environment is None else _no_section(environment, {}, name)
        lines, twice = _places(node)
        if twice:
            return Config({}, tuple(Finding(f"{key!r} is given twice", name, line) for key, line in twice))
        document = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return Config({}, (Finding(f"not valid YAML: {error.problem or error.context}", name, line),))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return Config({}, (Finding(f"not valid YAML: {str(error).splitlines()[0]}", name),))
    problems = tuple(sorted(_schema_findings(document, lines, name)))
    if problems:
        return Config({}, problems)
    sections = document.get("environments", {})
    if environment and environment not in sections:
        return _no_section(environment, sections, name)
    chosen = {**document, **(sections[environment] if environment else {})}
    return Config({key: _text(key, value) for key, value in chosen.items() if key != "environments"})


def _no_section(environment: str, sections: Iterable[str], name: str) -> Config:
    known = f"it has {', '.join(map(repr, sections))}" if sections else "it has no environments"
    return Config({}, (Finding(f"environment: {environment!r} is no section of {name}; {known}"),))


def _text(name: str, value: Any) -> str:
    if value is False and "off" in BY_NAME[name].kind.choices:
        return "off"  # YAML 1.1 reads a bare `off` as false
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


_Path = tuple[Any, ...]


def _places(root: Any) -> tuple[dict[_Path, int], list[tuple[str, int]]]:
    """The line (from 1) of every key by its path, and the keys that stand twice in one mapping."""
    lines: dict[_Path, int] = {}
    twice: list[tuple[str, int]] = []
    open_nodes: list[tuple[_Path, Any]] = [((), root)]
    while open_nodes:
        path, node = open_nodes.pop()
        if node.id != "mapping" or len(path) > 3:
            continue
        for key, value in node.value:
            place = (*path, str(key.value))
            if place in lines:
                twice.append((str(key.value), key.start_mark.line + 1))
            lines[place] = key.start_mark.line + 1
            open_nodes.append((place, value))
    return lines, twice


def _schema_findings(document: Any, lines: Mapping[_Path, int], name: str) -> Iterator[Finding]:
    import jsonschema

    for error in jsonschema.Draft202012Validator(load_schema("galleria-config")).iter_errors(document):
        place = tuple(map(str, error.absolute_path))
        if error.validator == "unevaluatedProperties":
            for key in (key for key in map(str, error.instance) if key not in _KNOWN):
                yield Finding(_unknown(key), name, lines.get((*place, key)))
        elif error.validator == "type" and not place:
            yield Finding("the file must hold options as `name: value` lines", name, 1)
        else:
            yield Finding(f"{'.'.join(place)}: {_expected(error)}", name, lines.get(place))


def _unknown(key: str) -> str:
    if key in SECRETS:
        return f"{key!r} is a secret and does not belong in a repository; give it as an input or in the environment"
    close = get_close_matches(key, _KNOWN, 1)
    return f"{key!r} is not an option of this file{f'; is {close[0]!r} meant?' if close else ''}"


def _expected(error: Any) -> str:
    if error.validator == "enum":
        return f"{error.instance!r:.60} is not one of {', '.join(map(str, error.validator_value))}"
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{error.instance!r:.60} is not a {' or '.join(kinds)}"
    return str(error.message)[:200]
