"""Reads ``galleria.yml``: options for the whole repository, with a section per environment.

Everything in the file is checked against ``schemas/galleria-config.schema.json``; every mistake is a finding with
the line it stands on, and all are reported together with the mistakes in flags and environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from galleria_action.errors import Finding
from galleria_action.fence import files
from galleria_action.fence.workspace import leads_to
from galleria_action.options import BY_NAME, OPTIONS, SECRETS
from galleria_action.options.kinds import shown
from galleria_action.schemas import load_schema
from galleria_action.values import dataclass, field

DEFAULT_CONFIG = "galleria.yml"
#: as many call it; what it says may be what protects a gallery
_OTHER_NAME = "galleria.yaml"
#: far more than every option in twenty environments
_MOST_BYTES, _MOST_PARTS, _DEEPEST = 64 * 1024, 5_000, 10
#: what more is wrong is told once these are mended
_MOST_FINDINGS = 100
_Path = tuple[str, ...]
_KNOWN = ("environments", "pipeline", *(option.name for option in OPTIONS if option.in_config))


@dataclass(frozen=True, slots=True)
class Pipe:
    """What the file says of a pipeline, as YAML has it, and the line of each part by its path."""

    document: Mapping[str, Any]
    file: str
    lines: Mapping[_Path, int]


@dataclass(frozen=True, slots=True)
class Config:
    """Option texts by option name, the chosen environment's over the file's own, and what is wrong with the file.

    ``understood`` says that ``values`` are all it gives, but for those that ``problems`` are about. ``places`` are the
    file and line of each value, ``environments`` the names of all sections, and ``pipeline`` what the file says of one.
    """

    values: Mapping[str, str]
    problems: tuple[Finding, ...] = ()
    understood: bool = True
    places: Mapping[str, str] = field(default_factory=dict, compare=False)
    environments: tuple[str, ...] = ()
    pipeline: Pipe | None = None


def read_config(workspace: Path, path: str | None, environment: str | None) -> Config:
    """Read ``path`` (relative to ``workspace``), or ``galleria.yml`` where there is one, and choose ``environment``.

    Never raises for what the file holds: mistakes come back as ``problems``.
    """
    name = path or DEFAULT_CONFIG
    try:
        raw = _read(workspace, name)
    except FileNotFoundError:
        if path:
            return _unread(f"config: {shown(name)} does not exist")
        if (workspace / _OTHER_NAME).exists():
            return _unread(
                f"config: {_OTHER_NAME} is not read, because the file is called {DEFAULT_CONFIG}; rename it, or "
                "name it with config"
            )
        missing = f"environment: {shown(environment or '')} is a section of {DEFAULT_CONFIG}, which does not exist"
        return _unread(missing) if environment else Config({})
    except UnicodeDecodeError:
        return _unread(f"config: {shown(name)} cannot be read: it is not written in UTF-8")
    except (OSError, ValueError) as error:
        return _unread(f"config: {shown(name)} cannot be read: {getattr(error, 'strerror', None) or error}")
    return _interpret(raw, name, environment)


def _unread(text: str, name: str | None = None, line: int | None = None) -> Config:
    return Config({}, (Finding(text, name, line),), understood=False)


def _read(workspace: Path, name: str) -> str:
    path = workspace / name
    if _leads_astray(workspace, path):
        raise ValueError("it is a link that leads out of the workspace, or to something hidden")
    return files.read(path, _MOST_BYTES).decode("utf-8-sig")


def _leads_astray(workspace: Path, path: Path) -> bool:
    """Whether a file of the workspace is a link to what is none, or is not shown (``.git`` holds credentials)."""
    root, found = leads_to(workspace), leads_to(path)
    if not path.is_relative_to(workspace) or ".." in path.parts:
        return False  # the user has named another place
    if not found.is_relative_to(root):
        return True
    return any(part.startswith(".") and part not in path.parts for part in found.relative_to(root).parts)


def _interpret(text: str, name: str, environment: str | None) -> Config:
    import yaml

    try:
        if excess := _excess(yaml.parse(text, Loader=yaml.SafeLoader)):
            return _unread(excess.message, name, excess.line)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines, twice = _places(node)
        if twice:
            found = tuple(Finding(f"{key!r:.80} is given twice", name, line) for key, line in twice)
            return Config({}, found, understood=False)
        document = {} if node is None else yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return _unread(f"not valid YAML: {error.problem or error.context}", name, line)
    except ValueError as error:  # a date that no calendar has, a number that is too long for Python
        said = "a number in it is too long" if "digits" in str(error) else str(error)
        return _unread(f"not valid YAML: {said:.200}", name)
    except (yaml.YAMLError, RecursionError) as error:
        return _unread(f"not valid YAML: {str(error).splitlines()[0]:.200}", name)
    if not isinstance(document, dict):
        return _unread("the file must hold options as `name: value` lines", name, 1)
    return _choose(document, lines, name, environment)


def _choose(document: Mapping[str, Any], lines: Mapping[_Path, int], name: str, environment: str | None) -> Config:
    """The options of a file that is a mapping, with those of its section ``environment`` over them."""
    found = list(islice(_schema_findings(document, lines, name), _MOST_FINDINGS))
    problems = sorted(finding for _, finding in found)
    sections = document.get("environments")
    sections = sections if isinstance(sections, dict) else {}
    if environment and environment not in sections:
        known = f"it has {', '.join(f'{it!r:.80}' for it in sections)}" if sections else "it has no environments"
        problems.append(Finding(f"environment: {shown(environment)} is not a section of {name}; {known}"))
    section = sections.get(environment) if environment else None
    chosen = {**document, **(section if isinstance(section, dict) else {})}
    fine = chosen.keys() & BY_NAME.keys() - {key for key, _ in found}

    def place(key: str) -> str:
        at = ("environments", str(environment), key) if _own(section, key) else (key,)
        return f"{name}:{lines.get(at, 1)}"

    return Config(
        {key: _text(key, chosen[key]) for key in fine},
        tuple(problems),
        places={key: place(key) for key in fine},
        environments=tuple(map(str, sections)),
        pipeline=_pipe(chosen, ("environments", str(environment)) if _own(section, "pipeline") else (), lines, name),
    )


def _own(section: Any, key: str) -> bool:
    return isinstance(section, dict) and key in section


def _pipe(chosen: Mapping[str, Any], at: _Path, lines: Mapping[_Path, int], name: str) -> Pipe | None:
    """The pipeline of the file, with the lines of its parts."""
    if not isinstance(chosen.get("pipeline"), dict):
        return None
    start = (*at, "pipeline")
    own = {path[len(start) :]: line for path, line in lines.items() if path[: len(start)] == start}
    return Pipe(chosen["pipeline"], name, own)


def _excess(events: Iterable[Any]) -> Finding | None:
    """Why a document is not built from ``events``; ``None`` where it may be.

    An alias stands for all that its anchor holds, so a few hundred bytes of them can stand for more than any memory
    holds. No option needs them.
    """
    import yaml

    depth = 0
    for number, event in enumerate(events):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return Finding("anchors (&) and aliases (*) are not understood here; write the value out", line=line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            return Finding(f"nested more than {_DEEPEST} deep", line=line)
        if number > _MOST_PARTS:
            return Finding(f"it has more than {_MOST_PARTS:,} parts", line=line)
    return None


def _text(name: str, value: Any) -> str:
    if value is False and "off" in BY_NAME[name].kind.choices:
        return "off"  # YAML 1.1 reads a bare `off` as false
    if isinstance(value, list):
        texts = all(isinstance(item, str) for item in value)
        return "\n".join(value) if texts else json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _places(root: Any) -> tuple[dict[_Path, int], list[tuple[str, int]]]:
    """The line (from 1) of every key and item by its path, and the keys that stand twice in one mapping."""
    lines: dict[_Path, int] = {}
    twice: list[tuple[str, int]] = []
    open_nodes: list[tuple[_Path, Any]] = [((), root)] if root is not None else []
    while open_nodes:
        path, node = open_nodes.pop()
        if len(path) > _DEEPEST:
            continue
        if node.id == "sequence":
            for number, item in enumerate(node.value):
                lines[(*path, str(number))] = item.start_mark.line + 1
                open_nodes.append(((*path, str(number)), item))
        for key, value in node.value if node.id == "mapping" else ():
            place = (*path, str(key.value))
            if place in lines:
                twice.append((str(key.value), key.start_mark.line + 1))
            lines[place] = key.start_mark.line + 1
            open_nodes.append((place, value))
    return lines, twice


def _schema_findings(document: Any, lines: Mapping[_Path, int], name: str) -> Iterator[tuple[str, Finding]]:
    """What is wrong, by the key that it is about."""
    import jsonschema

    for error in jsonschema.Draft202012Validator(load_schema("galleria-config")).iter_errors(document):
        place = tuple(map(str, error.absolute_path))
        if error.validator == "unevaluatedProperties":
            for key in (key for key in map(str, error.instance) if key not in _KNOWN):
                yield key, Finding(_unknown(key), name, lines.get((*place, key)))
        else:
            where = ".".join(f"{part:.80}" for part in place)
            yield place[-1], Finding(f"{where}: {_expected(error)}", name, lines.get(place))


def _unknown(key: str) -> str:
    from difflib import get_close_matches

    if key in BY_NAME and key not in SECRETS:
        return f"{key!r} is said by the workflow or the command line only, never by this file"
    if key in SECRETS:
        return f"{key!r} is a secret and does not belong in a repository; give it as an input or in the environment"
    close = get_close_matches(key, _KNOWN, 1)
    return f"{key!r:.80} is not an option of this file{f'; is {close[0]!r} meant?' if close else ''}"


#: how people call what JSON Schema calls by these names
_KINDS = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "object": "a section of `name: value` lines", "array": "a list", "null": "empty",
}  # fmt: skip


def _expected(error: Any) -> str:
    if error.instance is None:
        return "it has no value; give it one, or take the line out"
    if error.validator == "enum":
        # YAML 1.1 reads a bare `off` as false, so the schema has both
        known = [str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in error.validator_value]
        choices = [it for it in dict.fromkeys(known) if it != "false" or "off" not in known]
        return f"{_written(error.instance)} is not one of {', '.join(choices)}"
    if error.validator == "type":
        kinds = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
        return f"{_written(error.instance)} is not {' or '.join(_KINDS[kind] for kind in kinds)}"
    return str(error.message)[:200]


def _written(value: Any) -> str:
    """``value`` as it stands in a file, or what it is called."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a section"
    return f"{value!r:.60}" if isinstance(value, str) else f"{value!s:.60}"
