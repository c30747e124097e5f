"""All options of one run, in their groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from galleria_action.edge.routers.kinds import RouterKind
from galleria_action.options.checks import CheckOptions
from galleria_action.options.declaration import Mistake, Option, Topic, option, optional, options_of
from galleria_action.options.edge import EdgeOptions
from galleria_action.options.environments import EnvironmentOptions
from galleria_action.options.gallery import GalleryOptions
from galleria_action.options.guards import GuardOptions
from galleria_action.options.headers import HeaderOptions
from galleria_action.options.kinds import FLAG, PATH, TEXT
from galleria_action.options.origin import NEVER, tighten
from galleria_action.options.output import OutputOptions
from galleria_action.options.previews import OFF, PreviewOptions
from galleria_action.options.releases import ReleaseOptions
from galleria_action.options.review import ReviewOptions
from galleria_action.options.strategy import Strategy, StrategyOptions
from galleria_action.options.studio import DuplicateOptions, StudioOptions
from galleria_action.options.target import TargetOptions
from galleria_action.options.upload import UploadOptions
from galleria_action.options.watch import WatchOptions
from galleria_action.storage.settings import FOLDER, StoreSettings, parse_beside
from galleria_action.values import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one run was asked for; every group has its defaults."""

    command: str
    gallery: GalleryOptions = GalleryOptions()
    target: TargetOptions = TargetOptions()
    headers: HeaderOptions = HeaderOptions()
    guards: GuardOptions = GuardOptions()
    upload: UploadOptions = UploadOptions()
    checks: CheckOptions = CheckOptions()
    releases: ReleaseOptions = ReleaseOptions()
    strategy: StrategyOptions = StrategyOptions()
    previews: PreviewOptions = PreviewOptions()
    edge: EdgeOptions = EdgeOptions()
    review: ReviewOptions = ReviewOptions()
    output: OutputOptions = OutputOptions()
    watch: WatchOptions = WatchOptions()
    studio: StudioOptions = StudioOptions()
    lookalikes: DuplicateOptions = DuplicateOptions()
    environments: EnvironmentOptions = EnvironmentOptions()
    dry_run: bool = option(
        FLAG,
        "false",
        "show what would be written, and write nothing",
        Topic.APPLY | Topic.CORS | Topic.NAMES | Topic.PREVIEW,
        config=tighten(False, True),
    )
    config: Path | None = optional(PATH, "config file; galleria.yml if present", Topic.ANY, config=NEVER)
    environment: str | None = optional(TEXT, "section of the config file", Topic.ANY, config=NEVER)

    @property
    def store(self) -> StoreSettings | None:
        """What a store is opened with; ``None`` without a bucket."""
        return self.target.settings(self.upload.concurrency)

    @property
    def preview_store(self) -> StoreSettings | None:
        """What the store of previews is opened with, where they have a bucket of their own. Our records lie in it."""
        settings, bucket = self.store, self.previews.preview_bucket
        if settings is None or not bucket:
            return None
        return replace(settings, target=parse_beside(bucket, settings.target), state=None)

    @property
    def reports(self) -> tuple[Path, ...]:
        """Where the report to look at goes: ``duplicates`` has an option of its own for it, too."""
        own = self.lookalikes.output if self.command == "duplicates" else None
        return tuple(path for path in (self.output.report_file, own) if path)

    @property
    def sharded(self) -> bool:
        """Whether this run is one of several that carry out one plan together."""
        return self.command == "finalize" or (self.upload.shard is not None and not self.dry_run)

    def value(self, name: str) -> Any:
        """The value of the option ``name``."""
        option = BY_NAME[name]
        holder = next((getattr(self, group) for group, it in GROUPS.items() if option in BY_GROUP[it]), self)
        return getattr(holder, option.parameter)

    def mistakes(self) -> Iterator[Mistake]:
        """What does not go together, in the groups and between them."""
        for name in GROUPS:
            yield from getattr(self, name).mistakes()
        if not self.review.public_url:
            yield from self.edge.needs_public_url()
        yield from self._shards()
        yield from self._places()
        yield from self._previews()
        yield from self._onward()
        if self.command == "forget" and not self.releases.photo:
            yield Mistake("photo", "forget needs the id of the photo, as gallery-metadata.json has it")

    def _places(self) -> Iterator[Mistake]:
        """A router and a strategy against the target and against what else is asked for."""
        router, strategy, bucket = self.strategy.router, self.strategy.strategy, self.target.bucket or ""
        in_folder = bucket.startswith(FOLDER)
        if router.kind is RouterKind.FOLDER and bucket and not in_folder:
            text = (
                "folder sets a link on a disk, so the bucket has to be a folder (file:///...); pointer is for buckets"
            )
            yield Mistake("router", text, ("bucket",))
        shards = self.sharded or self.upload.shard_count
        if shards and strategy is not Strategy.ROLLING:  # also for their plan, whose id the strategy is part of
            yield Mistake("strategy", f"shards know rolling only, not {strategy}", ("shard", "shard-count"))

    def _previews(self) -> Iterator[Mistake]:
        if self.previews.preview_bucket and self.target.bucket:
            try:
                _ = self.preview_store
            except ValueError as error:
                if str(error).startswith("preview-bucket"):
                    yield Mistake("preview-bucket", str(error).removeprefix("preview-bucket: "), ("bucket", "prefix"))
        if self.upload.shard and self.previews.preview != OFF:
            yield Mistake("preview", "a preview is not divided into shards; leave shard out", ("shard",))
        if self.environments.from_ and self.previews.preview != OFF:
            yield Mistake("preview", "a preview is made of the workspace; leave from out", ("from",))

    def _onward(self) -> Iterator[Mistake]:
        environments = self.environments
        if environments.release and not environments.from_:
            yield Mistake("release", "needs from: the environment whose release it is", ("from",))
        if environments.from_ and environments.from_ == self.environment:
            yield Mistake("from", "is the environment that is deployed to", ("environment",))
        if environments.from_ and self.strategy.strategy is Strategy.RECREATE:
            yield Mistake(
                "strategy", "recreate takes a gallery down for what is sent from here; not with from", ("from",)
            )
        if environments.from_ and (self.upload.shard or self.upload.shard_count):
            yield Mistake("from", "not with shards; nothing is uploaded from here", ("shard", "shard-count"))

    def _shards(self) -> Iterator[Mistake]:
        approved, upload = self.guards.approved_plan, self.upload
        if upload.shard and self.command != "deploy":
            yield Mistake("shard", f"only deploy uploads a share of a plan; {self.command} knows no shards")
        if upload.shard and not approved:
            text = "needs approved-plan: the output plan-id of the plan that the shards carry out together"
            yield Mistake("shard", text, ("approved-plan",))
        if self.command != "finalize":
            return
        if not upload.shard_count:
            yield Mistake("shard-count", "finalize needs the same number as plan, to know what shards there are")
        if not approved:
            text = "finalize needs the output plan-id of the plan whose shards it checks"
            yield Mistake("approved-plan", text)


#: the groups by their field in ``Options``
GROUPS: Mapping[str, type[Any]] = {
    "gallery": GalleryOptions,
    "target": TargetOptions,
    "headers": HeaderOptions,
    "guards": GuardOptions,
    "upload": UploadOptions,
    "checks": CheckOptions,
    "releases": ReleaseOptions,
    "strategy": StrategyOptions,
    "previews": PreviewOptions,
    "edge": EdgeOptions,
    "review": ReviewOptions,
    "output": OutputOptions,
    "watch": WatchOptions,
    "studio": StudioOptions,
    "lookalikes": DuplicateOptions,
    "environments": EnvironmentOptions,
}
#: found out once, because every run asks for each
BY_GROUP: Mapping[type[Any], tuple[Option, ...]] = {it: options_of(it) for it in (*GROUPS.values(), Options)}
OPTIONS: tuple[Option, ...] = tuple(option for options in BY_GROUP.values() for option in options)
BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}

#: not allowed in the config file, which lies in the repository
SECRETS: tuple[str, ...] = tuple(option.name for option in OPTIONS if option.kind.secret)
