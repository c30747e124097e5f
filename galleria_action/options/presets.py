"""What an environment is for, as a preset: settings with the reason for each. Data; whatever is given explicitly wins.

A preset only says what differs from the defaults. The table of ``docs/pipeline.md`` is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

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
    ``needs`` is given."""

    option: str
    text: str
    why: str
    needs: str = ""


PRESETS: Mapping[Preset, tuple[Setting, ...]] = {
    Preset.DEVELOPMENT: (
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
        Setting("exif-errors", "fail", "what production refuses has to be refused here first"),
        Setting("links", "fail", "what production refuses has to be refused here first"),
        Setting("verify", "deep", "these very bytes go on to production: each is read back once"),
        Setting("keep-releases", "3", "to compare with what was shown before"),
        Setting("noindex", "true", "search engines must not find it before everybody may"),
        Setting("redact-paths", "true", "where the originals lie is nobody's business"),
        Setting("probe", "fail", "seen as a visitor once before it goes on to production", needs="public-url"),
    ),
    Preset.PRODUCTION: (
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


def settings_of(text: str) -> tuple[Setting, ...]:
    """The settings of the preset with this name; none for a word that is not a preset."""
    return PRESETS[Preset(text)] if text in tuple(Preset) else ()
