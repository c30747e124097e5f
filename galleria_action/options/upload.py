"""How the bytes go up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from galleria_action.deployment.shards import Shard
from galleria_action.deployment.state.begun import MOST_SHARDS
from galleria_action.options.declaration import Group, Mistake, Topic, option, optional
from galleria_action.options.kinds import FLAG, PATH, count, parsed
from galleria_action.options.origin import FREE, NEVER
from galleria_action.values import dataclass

MOST_REQUESTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions(Group):
    """How uploads are made and divided."""

    concurrency: int = option(
        count(MOST_REQUESTS),
        "128",
        "most uploads in flight; fewer where more are no faster",
        Topic.APPLY | Topic.VERIFY,
        config=FREE,
    )
    resume: bool = option(
        FLAG,
        "true",
        "continue an interrupted deploy, or search for duplicates",
        Topic.APPLY | Topic.LOOKALIKES,
        config=FREE,
    )
    checkpoint_file: Path | None = optional(
        PATH, "keep the checkpoint in this local file", Topic.APPLY | Topic.LOOKALIKES
    )
    shard_count: int | None = optional(
        count(MOST_SHARDS), "divide the uploads of photos among so many jobs at most (1 to 256)", Topic.SHARES
    )
    shard: Shard | None = optional(
        parsed("TEXT", Shard.parse),
        "upload only this share of the photos, such as 3/8; needs approved-plan",
        Topic.SHARE,
        config=NEVER,
    )

    def mistakes(self) -> Iterator[Mistake]:
        """See ``Group.mistakes``."""
        if self.shard and self.checkpoint_file:
            text = "not with shard; a shard's report in the bucket is its checkpoint"
            yield Mistake("checkpoint-file", text, ("shard",))
