"""The commands as values: what each is for, what it may do, and its use case.

A command that does not say otherwise writes to the bucket. Use cases are imported when they are run: help and mistakes
need none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from galleria_action.options import Options
from galleria_action.options.declaration import Option, Topic
from galleria_action.policy import Writes
from galleria_action.values import dataclass

if TYPE_CHECKING:
    from galleria_action.usecases.context import Context
    from galleria_action.usecases.results import Done

UseCase = Callable[["Context"], "Done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. ``run`` is its use case, ``dry_run`` what is run instead under that option, where that is another.

    ``topics`` say which options its help shows, by ``Topic.BUCKET`` that it needs one, and by ``Topic.PREVIEW`` that it
    can be pointed at a preview; ``only_previews`` says that it writes to nothing else. ``only_with`` is an option
    without which it writes nothing after all. ``reviewed`` says that reviewers are told what it is about to do,
    ``brings_back`` that another release is online after it, which a deployment tells,
    ``plans_publicly`` that without keys it plans against the gallery as visitors see it. ``argument`` is the option
    that on the command line needs no name.
    """

    name: str
    help: str
    topics: Topic
    run: UseCase
    dry_run: UseCase | None = None
    writes: bool = True
    only_previews: bool = False
    only_with: str = ""
    reviewed: bool = False
    brings_back: bool = False
    plans_publicly: bool = False
    argument: str = ""

    @property
    def needs_bucket(self) -> bool:
        """Whether it has anything to do with the bucket."""
        return Topic.BUCKET in self.topics

    def shows(self, option: Option) -> bool:
        """Whether ``option`` matters to it."""
        return bool(option.topics & (self.topics | Topic.ANY))

    def only_plans(self, options: Options) -> bool:
        """Whether nothing comes of it but a plan."""
        return options.dry_run or (Topic.PLAN in self.topics and not self.writes)

    def use_case(self, options: Options) -> UseCase:
        """What is run under ``options``."""
        return self.dry_run if options.dry_run and self.dry_run else self.run

    def would_write(self, options: Options, *, preview: bool = False) -> Writes:
        """What it writes to the bucket under ``options``; ``preview`` says that it is pointed at one."""
        if not self.writes or options.dry_run or (self.only_with and options.value(self.only_with) is not True):
            return Writes.NOTHING
        return Writes.PREVIEWS if self.only_previews or (preview and Topic.PREVIEW in self.topics) else Writes.GALLERY


def _validate(context: Context) -> Done:
    from galleria_action.usecases.validate import validate

    return validate(context)


def _plan(context: Context) -> Done:
    from galleria_action.usecases.plan import plan

    return plan(context)


def _deploy(context: Context) -> Done:
    from galleria_action.usecases.deploy import deploy

    return deploy(context)


def _finalize(context: Context) -> Done:
    from galleria_action.usecases.finalize import finalize

    return finalize(context)


def _verify(context: Context) -> Done:
    from galleria_action.usecases.verify import verify

    return verify(context)


def _history(context: Context) -> Done:
    from galleria_action.usecases.releases.history import history

    return history(context)


def _rollback(context: Context) -> Done:
    from galleria_action.usecases.releases.rollback import rollback

    return rollback(context)


def _release_hold(context: Context) -> Done:
    from galleria_action.usecases.releases.release_hold import release_hold

    return release_hold(context)


def _promote(context: Context) -> Done:
    from galleria_action.usecases.slots.promote import promote

    return promote(context)


def _forget(context: Context) -> Done:
    from galleria_action.usecases.releases.forget import forget

    return forget(context)


def _cleanup(context: Context) -> Done:
    from galleria_action.usecases.previews.cleanup import cleanup

    return cleanup(context)


def _cors(context: Context) -> Done:
    from galleria_action.usecases.cors import cors

    return cors(context)


def _init(context: Context) -> Done:
    from galleria_action.usecases.init import init

    return init(context)


def _process(context: Context) -> Done:
    from galleria_action.usecases.process import process

    return process(context)


def _environments(context: Context) -> Done:
    from galleria_action.usecases.environments import environments

    return environments(context)


def _pipeline(context: Context) -> Done:
    from galleria_action.usecases.tasks.pipeline import pipeline

    return pipeline(context)


def _duplicates(context: Context) -> Done:
    from galleria_action.usecases.duplicates import duplicates

    return duplicates(context)


_DEPLOYING = Topic.LOCAL | Topic.BUCKET | Topic.PLAN | Topic.APPLY | Topic.VERIFY

_ALL = (
    Command(
        name="validate",
        help="check the gallery on disk; needs no network",
        topics=Topic.LOCAL | Topic.LOOKALIKES,
        run=_validate,
        writes=False,
    ),
    Command(
        name="plan",
        help="show what a deploy would do; reads only",
        topics=Topic.LOCAL | Topic.BUCKET | Topic.PLAN | Topic.SHARES | Topic.ONWARD,
        run=_plan,
        writes=False,
        reviewed=True,
        plans_publicly=True,
    ),
    Command(
        name="deploy",
        help="upload what changed, commit the metadata, delete what is gone, verify",
        topics=_DEPLOYING | Topic.SHARE | Topic.ONWARD | Topic.PREVIEW,
        run=_deploy,
        reviewed=True,
        plans_publicly=True,
    ),
    Command(
        name="finalize",
        help="check that all shards of a plan are there, then commit, delete, verify as deploy does",
        topics=_DEPLOYING | Topic.SHARES,
        run=_finalize,
        dry_run=_plan,
        reviewed=True,
    ),
    Command(
        name="verify",
        help="check that the bucket holds exactly what its metadata says; reads only",
        topics=Topic.BUCKET | Topic.VERIFY,
        run=_verify,
        writes=False,
    ),
    Command(
        name="history",
        help="list the releases: what changed, who did it, what a rollback would do; reads only",
        topics=Topic.BUCKET,
        run=_history,
        writes=False,
    ),
    Command(
        name="rollback",
        help="bring an earlier release back, from what was kept of it; needs no files",
        topics=Topic.BUCKET | Topic.PLAN | Topic.APPLY | Topic.VERIFY | Topic.RELEASES,
        run=_rollback,
        brings_back=True,
    ),
    Command(
        name="release-hold",
        help="let deploys go on after a rollback with hold",
        topics=Topic.BUCKET,
        run=_release_hold,
    ),
    Command(
        name="promote",
        help="have visitors see the gallery that a deploy left in a slot, or with abort take it back; needs no files",
        topics=Topic.BUCKET | Topic.PLAN | Topic.APPLY | Topic.VERIFY | Topic.SLOTS,
        run=_promote,
    ),
    Command(
        name="forget",
        help="remove a photo from the gallery, from every kept release and from the pool, and prove it",
        topics=Topic.BUCKET | Topic.PLAN | Topic.APPLY | Topic.VERIFY | Topic.PHOTO | Topic.PREVIEWS,
        run=_forget,
        argument="photo",
    ),
    Command(
        name="cleanup",
        help="remove previews: that of a closed pull request, or all that are closed or too old; prove them gone",
        topics=Topic.BUCKET | Topic.PREVIEW,
        run=_cleanup,
        only_previews=True,
    ),
    Command(
        name="cors",
        help="show the bucket's CORS rules; with setup-cors write the gallery's",
        topics=Topic.BUCKET | Topic.CORS,
        run=_cors,
        only_with="setup-cors",
    ),
    Command(
        name="init",
        help="write gallery-metadata.json for a folder of photos; needs no network and no picture library",
        topics=Topic.ORIGINALS | Topic.NAMES,
        run=_init,
        writes=False,
        argument="originals",
    ),
    Command(
        name="process",
        help="make a gallery of a folder of originals: names, sizes for the web, metadata, a site",
        topics=Topic.ORIGINALS | Topic.NAMES | Topic.STUDIO | Topic.LOOKALIKES,
        run=_process,
        writes=False,
        argument="originals",
    ),
    Command(
        name="duplicates",
        help="find photos that show the same; deletes nothing",
        topics=Topic.ORIGINALS | Topic.LOOKALIKES,
        run=_duplicates,
        writes=False,
        argument="originals",
    ),
    Command(
        name="pipeline",
        help="run the stages and tasks of the config file, or of the preset: test, deploy, verify, or go on with a run",
        topics=_DEPLOYING | Topic.ONWARD | Topic.LOOKALIKES | Topic.RELEASES | Topic.PIPELINE,
        run=_pipeline,
        reviewed=True,
    ),
    Command(
        name="environments",
        help="show every setting of every environment and where it comes from; needs no network",
        topics=Topic.ENVIRONMENTS,
        run=_environments,
        writes=False,
    ),
)
COMMANDS: Mapping[str, Command] = {command.name: command for command in _ALL}
