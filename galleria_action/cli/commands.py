"""The commands as values: what each is for and what it may do.

A command that does not say otherwise writes to the bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from galleria_action.options import Options
from galleria_action.options.declaration import Option, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command.

    ``topics`` say which options its help shows, and by ``Topic.BUCKET`` that it needs one. ``only_with`` is an option
    without which it writes nothing after all. ``reviewed`` says that reviewers are told what it is about to do.
    ``argument`` is the option that on the command line needs no name.
    """

    name: str
    help: str
    topics: Topic
    writes: bool = True
    only_with: str = ""
    reviewed: bool = False
    argument: str = ""

    @property
    def needs_bucket(self) -> bool:
        """Whether it has anything to do with the bucket."""
        return Topic.BUCKET in self.topics

    def shows(self, option: Option) -> bool:
        """Whether ``option`` matters to it."""
        return bool(option.topics & (self.topics | Topic.ANY))

    def would_write(self, options: Options) -> bool:
        """Whether it writes to the bucket under ``options``."""
        return self.writes and not options.dry_run and (not self.only_with or options.value(self.only_with) is True)


_DEPLOYING = Topic.LOCAL | Topic.BUCKET | Topic.PLAN | Topic.APPLY | Topic.VERIFY

_ALL = (
    Command(
        name="validate",
        help="check the gallery on disk; needs no network",
        topics=Topic.LOCAL | Topic.LOOKALIKES,
        writes=False,
    ),
    Command(
        name="plan",
        help="show what a deploy would do; reads only",
        topics=Topic.LOCAL | Topic.BUCKET | Topic.PLAN | Topic.SHARES,
        writes=False,
        reviewed=True,
    ),
    Command(
        name="deploy",
        help="upload what changed, commit the metadata, delete what is gone, verify",
        topics=_DEPLOYING | Topic.SHARE,
        reviewed=True,
    ),
    Command(
        name="finalize",
        help="check that all shards of a plan are there, then commit, delete, verify as deploy does",
        topics=_DEPLOYING | Topic.SHARES,
        reviewed=True,
    ),
    Command(
        name="verify",
        help="check that the bucket holds exactly what its metadata says; reads only",
        topics=Topic.BUCKET | Topic.VERIFY,
        writes=False,
    ),
    Command(
        name="cors",
        help="show the bucket's CORS rules; with setup-cors write the gallery's",
        topics=Topic.BUCKET | Topic.CORS,
        only_with="setup-cors",
    ),
    Command(
        name="init",
        help="write gallery-metadata.json for a folder of photos; needs no network and no picture library",
        topics=Topic.ORIGINALS | Topic.NAMES,
        writes=False,
        argument="originals",
    ),
    Command(
        name="process",
        help="make a gallery of a folder of originals: names, sizes for the web, metadata, a site",
        topics=Topic.LOCAL | Topic.ORIGINALS | Topic.NAMES | Topic.STUDIO | Topic.LOOKALIKES,
        writes=False,
        argument="originals",
    ),
    Command(
        name="duplicates",
        help="find photos that show the same; deletes nothing",
        topics=Topic.ORIGINALS | Topic.LOOKALIKES,
        writes=False,
        argument="originals",
    ),
)
COMMANDS: Mapping[str, Command] = {command.name: command for command in _ALL}
