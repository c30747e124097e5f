"""What was asked for: the command, and the text of every option with the place it comes from.

A value comes, in this order, from the flag, ``INPUT_*`` or ``PLUGIN_*``, ``GALLERIA_*``, the chosen environment of the
config file, the file's defaults, the preset, AWS's own variables, the default. An empty one is not given: GitHub sets
every declared input, the ones left out as an empty string. What a text means is decided in ``options.resolve``, so that
all mistakes come in one report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from galleria_action.ci.woodpecker import is_plugin
from galleria_action.cli.arguments import read_arguments
from galleria_action.cli.at_once import answer_at_once
from galleria_action.cli.config import Config, Pipe, read_config
from galleria_action.errors import Finding
from galleria_action.options import BY_NAME, OPTIONS
from galleria_action.options.declaration import Mistake
from galleria_action.options.origin import Given, Origin, texts
from galleria_action.options.presets import settings_of
from galleria_action.options.resolve import NO_BUCKET
from galleria_action.values import dataclass, field

#: AWS's own variables that stand in for an option which was given nowhere else
_AWS = {"region": ("AWS_REGION", "AWS_DEFAULT_REGION"), "endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")}
_KEYS = ("access-key", "secret-key", "session-token")
#: where a gallery lies, and how to get there
_PLACE = ("bucket", "prefix", "state", "router")
_WAY = ("endpoint", "region", "provider", "address-style")
_AWS_KEYS = {
    "access-key": "AWS_ACCESS_KEY_ID",
    "secret-key": "AWS_SECRET_ACCESS_KEY",
    "session-token": "AWS_SESSION_TOKEN",
}

_OURS = ("INPUT_", "PLUGIN_", "GALLERIA_")
#: credentials, which may have the short name of an environment in them, and what is not an option
_READ_ELSEWHERE = (*(f"_{name.upper().replace('-', '_')}" for name in _KEYS), "_COMMAND", "_DEBUG")
#: enough for whoever misspells one; comparing takes its time
_MOST_UNREAD = 50


@dataclass(frozen=True, slots=True)
class Invocation:
    """What was asked for.

    ``mistakes`` are those in the words of the command line, ``problems`` those in the config file; ``complete`` says
    that nothing else is missing from ``given`` for their sake. ``environments`` are the config file's sections, and
    ``of_environment`` what would be given in one of them. ``warnings`` are about variables that nobody reads. ``text``
    is all there is to do for a run that asks for help or the version.
    """

    command: str
    given: Mapping[str, Given] = field(default_factory=dict)
    mistakes: Sequence[Mistake] = ()
    problems: Sequence[Finding] = ()
    as_json: bool = False
    quiet: bool = False
    complete: bool = True
    no_bucket: str = NO_BUCKET
    environments: tuple[str, ...] = ()
    pipeline: Pipe | None = None
    of_environment: Callable[[str], Mapping[str, Given]] = lambda name: {}
    warnings: Sequence[str] = ()
    text: str | None = None
    exit_code: int = 0


def parse(args: Sequence[str], environ: Mapping[str, str], workspace: Path) -> Invocation:
    """Read command line, environment and config file. Never raises: every mistake is in the invocation."""
    if (text := answer_at_once(args)) is not None:
        return Invocation("", text=text)
    words = read_arguments(args, _chosen_by_environment(environ))
    if words.completion:
        from galleria_action.cli.completion import script

        return Invocation("", text=script(words.completion))
    if words.help is not None:
        from galleria_action.cli.help import page

        return Invocation("", text=page(words.help), exit_code=0 if args else 2)
    as_json, quiet = "json" in words.switches, "quiet" in words.switches
    if not words.command:
        return Invocation("", mistakes=words.mistakes, as_json=as_json, quiet=quiet)
    asked = _from_environment(environ) | _texts(words.flags, Origin.FLAG, {it: f"--{it}" for it in words.flags})
    path, environment = (asked[it].text if it in asked else None for it in ("config", "environment"))
    config = read_config(workspace, path, environment)
    only_there = [Mistake(it, "only the config file can give it") for it in asked if BY_NAME[it].only_in_config]
    words.mistakes.extend(only_there)

    def of_environment(name: str) -> Mapping[str, Given]:
        return _of_another(name, asked, read_config(workspace, path, name), environ)

    return Invocation(
        words.command,
        _all_of(asked, config, environ),
        words.mistakes,
        config.problems,
        as_json=as_json,
        quiet=quiet,
        complete=config.understood,
        no_bucket=_no_bucket(environ),
        environments=config.environments,
        pipeline=config.pipeline,
        of_environment=of_environment,
        warnings=_misspelt(environ),
    )


def _of_another(name: str, asked: Mapping[str, Given], config: Config, environ: Mapping[str, str]) -> dict[str, Given]:
    """What holds in the environment ``name``, whichever this run is of: where a gallery lies is said by the section
    alone, and of the way there the section has the first word."""
    said = _texts(config.values, Origin.CONFIG, config.places)
    own = {it: given for it, given in asked.items() if it not in _PLACE and not (it in _WAY and it in said)}
    own["environment"] = Given(name, Origin.CONFIG, "the section's name")
    return _all_of(own | _keys_of(name, environ), config, environ)


def _keys_of(name: str, environ: Mapping[str, str]) -> dict[str, Given]:
    """The credentials that the variables with the name of an environment in them hold, all or none."""
    upper = re.sub(r"[^A-Z0-9]", "_", name.upper())
    places = {it: f"GALLERIA_{upper}_{it.upper().replace('-', '_')}" for it in _KEYS}
    found = _texts({it: environ.get(place, "") for it, place in places.items()}, Origin.ENVIRONMENT, places)
    return found if "access-key" in found else {}


def _all_of(asked: dict[str, Given], config: Config, environ: Mapping[str, str]) -> dict[str, Given]:
    """What was ``asked`` for, and over what else there is."""
    given = _texts(config.values, Origin.CONFIG, config.places) | asked
    given = _of_its_part(environ, given) | given
    given = _by_preset(given) | given
    if "environment" in given and "access-key" not in given:
        given = given | _keys_of(given["environment"].text, environ)
    return _from_aws(environ, given) | given


def _texts(values: Mapping[str, str], origin: Origin, places: Mapping[str, str]) -> dict[str, Given]:
    return {name: Given(text.strip(), origin, places.get(name, "")) for name, text in values.items() if text.strip()}


def _by_preset(given: Mapping[str, Given]) -> dict[str, Given]:
    """What the preset says, which counts for as much as the word that chose it."""
    if "preset" not in given:
        return {}
    chosen = given["preset"]
    place = f"preset {chosen.text}"
    return {it.option: Given(it.text, chosen.origin, place, it.note) for it in settings_of(chosen.text, texts(given))}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    places = {
        option.name: next((it for it in option.environment_names if environ.get(it, "").strip()), "")
        for option in OPTIONS
    }
    return _texts({name: environ.get(it, "") for name, it in places.items()}, Origin.ENVIRONMENT, places)


def _misspelt(environ: Mapping[str, str]) -> tuple[str, ...]:
    """What to tell of variables that are nearly an option's: nobody else notices that they do nothing."""
    known = {name for option in OPTIONS for name in option.environment_names}
    ours = [name for name, text in environ.items() if text and name.startswith(_OURS) and name not in known]
    unread = [name for name in ours if not name.endswith(_READ_ELSEWHERE) and not name.startswith("GALLERIA_S3_")]
    if not unread:
        return ()
    from difflib import get_close_matches

    near = {name: get_close_matches(name, known, 1, 0.9) for name in unread[:_MOST_UNREAD]}
    return tuple(f"The variable {name:.80} is not read; is {it[0]} meant?" for name, it in near.items() if it)


def _chosen_by_environment(environ: Mapping[str, str]) -> str | None:
    """The input or setting ``command``. Its default, deploy, counts only where an action or a plugin runs, never in a
    shell."""
    texts = (environ.get(f"{prefix}_COMMAND", "").strip() for prefix in ("INPUT", "PLUGIN", "GALLERIA"))
    by_ci = "INPUT_COMMAND" in environ or environ.get("GITHUB_ACTIONS") == "true" or is_plugin(environ)
    return next(filter(None, texts), "deploy" if by_ci else None)


def _of_its_part(environ: Mapping[str, str], given: Mapping[str, Given]) -> dict[str, Given]:
    """Galleria may keep photos and site in two buckets; a deploy of one of them goes to its own."""
    parts = {"photos-only": "PICS", "site-only": "SITE"}
    asked = [part for name, part in parts.items() if name in given and given[name].text in ("true", "True", "TRUE")]
    if len(asked) != 1 or "bucket" in given:
        return {}
    names = ("bucket", "endpoint", "region", "access-key", "secret-key")
    places = {name: f"GALLERIA_S3_{asked[0]}_{name.upper().replace('-', '_')}" for name in names}
    found = {name: environ.get(place, "") for name, place in places.items()}
    return _texts(found, Origin.ENVIRONMENT, places) if found["bucket"] else {}


def _no_bucket(environ: Mapping[str, str]) -> str:
    """What to tell where Galleria's variables name two buckets, and the deploy is of both parts."""
    other = next((name for name in environ if name.startswith(("GALLERIA_S3_PICS_", "GALLERIA_S3_SITE_"))), None)
    if other is None:
        return NO_BUCKET
    return (
        f"not given. {other[:40]} is of one of two buckets: deploy the photos with photos-only (GALLERIA_S3_PICS_*), "
        "the site with site-only (GALLERIA_S3_SITE_*). For both in one bucket give it as bucket, or as "
        "GALLERIA_S3_PUBLIC_BUCKET with the other GALLERIA_S3_PUBLIC_* variables"
    )


def _from_aws(environ: Mapping[str, str], given: Mapping[str, Given]) -> dict[str, Given]:
    """Whole credentials only: a key of ours is never completed by a session token of somebody else's."""
    if "bucket" in given and given["bucket"].text.startswith("file:"):
        return {}
    places = {name: next(filter(environ.get, variables), "") for name, variables in _AWS.items()}
    if "access-key" not in given and "secret-key" not in given and environ.get("AWS_ACCESS_KEY_ID"):
        places |= _AWS_KEYS
    return _texts({name: environ.get(it, "") for name, it in places.items()}, Origin.AWS, places)
