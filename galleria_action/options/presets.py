"""What an environment is for, as a preset: settings with the reason for each. Data; whatever is given explicitly wins.

A preset only says what differs from the defaults. The table of ``docs/pipeline.md`` is made from it. A strategy has to
go with the router and with what else is given, so a preset has several, and the first that does counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from galleria_action.deployment.guards import DeleteLimit
from galleria_action.edge.routers.kinds import RouterKind, parse_router
from galleria_action.options.strategy import Promote, Strategy, StrategyOptions
from galleria_action.values import dataclass


class Preset(StrEnum):
    """What an environment is for."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Setting:
    """The ``text`` of an option, as users write it, and ``why`` it is so here. It counts where the option that it
    ``needs`` is given (as ``router`` counts what sends visitors somewhere, which copy does not)."""

    option: str
    text: str
    why: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a preset says of an option where the rest is as given; ``note`` tells why it is not what it would rather."""

    option: str
    text: str
    note: str = ""


PRESETS: Mapping[Preset, tuple[Setting, ...]] = {
    Preset.DEVELOPMENT: (
        Setting("strategy", "recreate", "what is looked at is made from nothing each time; nobody misses the old one"),
        Setting("strategy", "rolling", "where that cannot be: with a router, shards, from or a smaller max-delete"),
        Setting("max-delete", "100%", "a gallery that is tried out loses photos all the time"),
        Setting("allow-empty", "true", "it may begin and end with nothing"),
        Setting("allow-older", "true", "older commits are looked at on purpose"),
        Setting("orphans", "ignore", "what earlier experiments left is nobody's concern"),
        Setting("cors", "warn", "often a folder or a server on this machine, which has no rules"),
        Setting("hash-check", "off", "a promise about bytes that change by the hour says nothing"),
        Setting("comment", "off", "reviewers need not hear of every try"),
        Setting("keep-releases", "1", "one step back is enough; space is not"),
        Setting("noindex", "true", "search engines must not find it"),
    ),
    Preset.TESTING: (
        Setting("strategy", "rolling", "the cheapest way that keeps every promise; tests need no second gallery"),
        Setting("max-delete", "100%", "the gallery of one test replaces that of another"),
        Setting("allow-older", "true", "a test of an older commit is a test, too"),
        Setting("orphans", "warn", "told, because a test may have left them; not in the way of the next"),
        Setting("check-files", "hash", "the photos are to be those of the metadata before anything else is tried"),
        Setting("exif-errors", "fail", "a photo that cannot be dated is found here, not by visitors"),
        Setting("links", "fail", "a page that leads nowhere is found here, not by visitors"),
        Setting("verify", "deep", "every byte is read back; the galleries are small"),
        Setting("keep-releases", "1", "nobody goes back to an earlier test"),
        Setting("noindex", "true", "search engines must not find it"),
        Setting("redact-paths", "true", "where the originals lie is nobody's business"),
    ),
    Preset.STAGING: (
        Setting("strategy", "blue-green", "made and proved whole before it is shown, as production will do it"),
        Setting("strategy", "rolling", "where that cannot be: with shards or batch"),
        Setting("exif-errors", "fail", "what production refuses has to be refused here first"),
        Setting("links", "fail", "what production refuses has to be refused here first"),
        Setting("verify", "deep", "these very bytes go on to production: each is read back once"),
        Setting("keep-releases", "3", "to compare with what was shown before"),
        Setting("noindex", "true", "search engines must not find it before everybody may"),
        Setting("redact-paths", "true", "where the originals lie is nobody's business"),
        Setting("probe", "fail", "seen as a visitor once before it goes on to production", needs="public-url"),
    ),
    Preset.PRODUCTION: (
        Setting("strategy", "canary", "a share of the visitors meets a fault, not all of them", needs="router"),
        Setting("strategy", "blue-green", "where visitors cannot be shared out: all of them, at once", needs="router"),
        Setting("strategy", "rolling", "where nothing sends visitors: in place, and no second gallery to pay for"),
        Setting("strategy", "blue-green", "where a person is to promote it: that waits in a slot"),
        Setting("max-delete", "10%", "whoever takes away more than that says so"),
        Setting("plan-approval", "warn", "what nobody has looked at is told; require where every change is reviewed"),
        Setting("exif-errors", "fail", "a wrong date online is worse than a late photo"),
        Setting("links", "fail", "no visitor meets a dead link"),
        Setting("keep-releases", "10", "a fault may be noticed many releases later"),
        Setting("keep-days", "30", "and it may be noticed weeks later"),
        Setting("redact-paths", "true", "where the originals lie is nobody's business"),
        Setting("probe", "rollback", "what visitors do not see as it should be is taken back", needs="public-url"),
    ),
}


def settings_of(text: str, given: Mapping[str, str]) -> Iterator[Chosen]:
    """What the preset with this name says where ``given`` are the texts of other options; nothing for a word that is
    not a preset. Of several settings of one option the first counts that goes with the rest."""
    refused: dict[str, str] = {}
    found: set[str] = set()
    settings = PRESETS[Preset(text)] if text in tuple(Preset) else ()
    rest = {it.option: it.text for it in settings if it.option != "strategy"} | dict(given)
    for it in settings:
        if it.option in found:
            continue
        obstacle = _obstacle(it, rest)
        if obstacle is None:
            found.add(it.option)
            yield Chosen(it.option, it.text, refused.get(it.option, ""))
        elif obstacle:
            refused.setdefault(it.option, f"not {it.text}: {obstacle}")


def _obstacle(setting: Setting, given: Mapping[str, str]) -> str | None:
    """Why ``setting`` does not count, in words where somebody may wonder; ``None`` where it does."""
    if setting.option == "strategy":
        return _no_strategy(setting, given)
    return "" if setting.needs and not given.get(setting.needs) else None


def _no_strategy(setting: Setting, given: Mapping[str, str]) -> str | None:
    """The same of a strategy. What is wrong with ``given`` itself is told by who reads it."""
    strategy = Strategy(setting.text)
    try:
        router = parse_router(given.get("router") or RouterKind.COPY)
        limit = DeleteLimit.parse(given.get("max-delete") or "0")
    except ValueError:
        return ""
    if setting.needs and router.kind is RouterKind.COPY:
        return "no router sends visitors to a slot (router: copy)"
    manual = given.get("promote") == Promote.MANUAL
    asked = StrategyOptions(
        strategy=strategy,
        router=router,
        promote=Promote.MANUAL if manual else Promote.AUTO,
        batch=1 if given.get("batch") else None,
    )
    for mistake in asked.mistakes():
        return mistake.text
    if strategy is not Strategy.ROLLING and (given.get("shard") or given.get("shard-count")):
        return "shards know rolling only"
    if strategy is Strategy.RECREATE and given.get("from"):
        return "a release of another environment takes nothing down"
    if strategy is Strategy.RECREATE and not (limit.percent and limit.amount == 100):
        return f"it takes every photo down first, more than max-delete ({limit}) permits"
    return None
