"""A pipeline that dies anywhere and is gone on with ends as one that nobody has ended."""

from __future__ import annotations

import shutil
from random import Random

import pytest

from tests.doors.pipelines import SMALL, Repository
from tests.doors.runner import Ran, open_store
from tests.reliability.mortal import FLAVOURS, Fate, Flavour, Killed, MortalStore


class Scene:
    """A gallery with a release, and another that its pipeline is to bring; the workspace and the bucket as they were
    are put back before each run that dies."""

    def __init__(self, repository: Repository, *, broken: bool) -> None:
        self.repository, self.exit_code = repository, 17 if broken else 0
        repository.config(SMALL)
        assert repository.run().exit_code == 0
        self.before = repository.live()
        repository.job.gallery.change(0)
        (repository.job.site / "more.html").write_text("<p>more", encoding="utf-8")
        if broken:
            (repository.workspace / "broken").touch()
        self.bucket = repository.workspace.parent / "bucket"
        self.kept = shutil.copytree(self.bucket, self.bucket.with_name("kept"))
        self.plain = Fate()
        ran = self.dies(self.plain)
        assert ran is not None and ran.exit_code == self.exit_code, ran and ran.log
        self.after, self.states = repository.live(), repository.states(ran)
        assert (self.after == self.before) is broken

    def dies(self, fate: Fate) -> Ran | None:
        """A run of the pipeline under its ``fate``, from the beginning; ``None`` where it died."""
        shutil.rmtree(self.bucket)
        shutil.copytree(self.kept, self.bucket)
        runner = self.repository.runner
        plain, runner.opener = runner.opener, lambda settings: MortalStore(open_store(settings), fate)  # type: ignore[assignment]
        try:
            return self.repository.run()
        except Killed:
            return None
        finally:
            runner.opener = plain

    def goes_on(self, fate: Fate) -> None:
        """It dies, is gone on with, and ends as the run that nobody has ended."""
        assert self.dies(fate) is None, fate
        known = {it.stem for it in self.kept.glob(".galleria/pipelines/*.json")}
        begun = {it.stem for it in self.bucket.glob(".galleria/pipelines/*.json")} - known
        ran = self.repository.run(**({"continue_": begun.pop()} if begun else {}))
        assert ran.exit_code == self.exit_code, (fate, ran.log)
        assert self.repository.states(ran) == self.states, (fate, ran.log)
        assert self.repository.live() == self.after, (fate, ran.log)
        assert not list(self.bucket.glob(".galleria/publish.json"))

    def moments(self) -> tuple[list[int], list[int]]:
        """All writes of the run, and those by which a task's end was to be written down."""
        writes = range(1, self.plain.attempts + 1)
        records = [at for at, (_, key) in enumerate(self.plain.writes, 1) if key.startswith(".galleria/pipelines/")]
        return list(writes), records


@pytest.mark.parametrize("broken", [False, True], ids=["well", "taken back"])
def test_a_run_that_dies_is_gone_on_with(repository: Repository, broken: bool):
    """Dies as a task has ended and before anybody knows, and at some other moments; a few of all."""
    scene = Scene(repository, broken=broken)
    writes, records = scene.moments()
    for at in sorted({records[-1], records[-2], *Random(7).sample(writes, 2)}):
        scene.goes_on(Fate(at, "lost"))


@pytest.mark.slow
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("broken", [False, True], ids=["well", "taken back"])
def test_a_run_that_dies_at_any_write_is_gone_on_with(repository: Repository, broken: bool, flavour: Flavour):
    scene = Scene(repository, broken=broken)
    writes, records = scene.moments()
    assert len(records) >= len(scene.states)
    for at in writes:
        scene.goes_on(Fate(at, flavour))
    print(f"killed at {len(writes)} writes, {len(records)} of them the ends of tasks")


@pytest.mark.slow
def test_a_run_that_dies_at_any_time_is_gone_on_with(repository: Repository):
    """Whatever it reads or writes then, in twenty places that nobody has chosen; some twice."""
    scene = Scene(repository, broken=False)
    random = Random(11)
    for _ in range(20):
        fate = Fate()
        last = random.randrange(1, scene.plain.reads + 1)

        def look(number: int, fate: Fate = fate, last: int = last) -> None:
            if number >= last:
                fate.dead = True
                raise Killed

        fate.looking = look
        scene.goes_on(fate)
