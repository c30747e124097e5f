"""A gallery that several machines deploy together: one job plans, each shard is a job, one finalizes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from galleria_action.deployment.shards import SHARDS_FOLDER, Report, Shard, parse_report, report_key
from galleria_action.deployment.stop import Stop
from galleria_action.storage.interface import WriteStore
from tests.doors.runner import Ran
from tests.reliability.memory import MemoryStore
from tests.reliability.mortal import Fate, Killed
from tests.reliability.scenes import Scene, State, apart_from_releases, seed, state_of


@dataclass
class Fleet:
    """The jobs of one workflow. ``store`` is their bucket; ``inputs`` are the same in all jobs."""

    scene: Scene
    store: WriteStore
    most: int = 3
    inputs: dict[str, str] = field(default_factory=dict)
    plan_id: str = ""
    shards: tuple[str, ...] = ()

    def plan(self) -> Ran:
        ran = self.scene.run("plan", self.store, shard_count=str(self.most), **self.inputs)
        assert ran.exit_code == 0, ran.log
        self.plan_id = ran.outputs["plan-id"]
        self.shards = tuple(json.loads(ran.outputs["shards"]))
        return ran

    def shard(self, shard: str, fate: Fate | None = None, stop: Stop | None = None, **inputs: str) -> Ran:
        """Run one shard; raises ``Killed`` when that is its fate."""
        given = self.inputs | {"shard": shard, "approved_plan": self.plan_id} | inputs
        return self.scene.run("deploy", self.store, fate, stop, **given)

    def finalize(self, fate: Fate | None = None, stop: Stop | None = None, **inputs: str) -> Ran:
        """Run the last job; raises ``Killed`` when that is its fate."""
        given = self.inputs | {"shard_count": str(self.most), "approved_plan": self.plan_id} | inputs
        return self.scene.run("finalize", self.store, fate, stop, **given)

    def upload(self, shards: Iterable[str] | None = None) -> list[Ran]:
        """Run all shards, or these, to their end."""
        done = [self.shard(shard) for shard in (self.shards if shards is None else shards)]
        assert {ran.exit_code for ran in done} <= {0}, [ran.log for ran in done]
        return done

    def done(self) -> State:
        """Run the last job to its end: what is in the bucket then."""
        ran = self.finalize()
        assert ran.exit_code == 0, ran.log
        assert not self.left()
        return apart_from_releases(state_of(self.store))

    def alone(self) -> State:
        """What one undisturbed deploy makes of the bucket as it is now."""
        other = MemoryStore()
        seed(other, state_of(self.store))
        ran = self.scene.deploy(other, **self.inputs)
        assert ran.exit_code == 0, ran.log
        return apart_from_releases(state_of(other))

    def left(self) -> set[str]:
        """What lies in the bucket about shards."""
        return {found.key for found in self.store.list(SHARDS_FOLDER)}

    def report(self, shard: str) -> Report:
        found = self.store.get(self.report_key(shard))
        assert found
        return parse_report(found.body)

    def report_key(self, shard: str) -> str:
        return report_key(self.plan_id, Shard.parse(shard))


def killed(job: Callable[[Fate], Ran], fate: Fate) -> Ran | None:
    """Run a job that may or may not meet its fate."""
    with suppress(Killed):
        return job(fate)
    return None
