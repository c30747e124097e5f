"""Stopped or killed at any moment, or out of room, ``process`` loses the photos in hand at most, and ends in the same
bytes."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from galleria_action.errors import GalleryInvalid
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.studio.pool import Stopped
from tests.studio.job import Studio
from tests.studio.photos import photo


@pytest.fixture
def studio(tmp_path: Path, at_hand: None) -> Studio:
    return Studio(tmp_path)


SCRIPT = """
import sys
from pathlib import Path
from galleria_action.fence.workspace import Workspace
from galleria_action.studio.process import Task, process
folder = Path(sys.argv[1])
process(Task(folder / "originals", folder / "prod" / "pics"), Workspace(folder), stopped=lambda: False,
        tell=lambda event: print(event, flush=True))
"""


def start(folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], env=environment, stdout=subprocess.PIPE)


class TestKills:
    def test_a_wish_to_stop_keeps_what_was_made(self, studio: Studio) -> None:
        for number in range(12):
            studio.shot(f"{number}.jpg", number)
        ledger = studio.source / ".studio" / "ledger.jsonl"

        def enough() -> bool:
            return ledger.exists() and ledger.read_text().count('"record"') >= 3

        with pytest.raises(Stopped):
            studio.run(stopped=enough)
        assert not (studio.source / "gallery-metadata.json").exists()
        assert studio.run().made <= 9
        studio.check()

    @pytest.mark.parametrize("seed", range(2))
    def test_killed_at_random_moments_it_ends_in_the_same_bytes(self, studio: Studio, seed: int) -> None:
        self.kill_and_go_on(studio, random.Random(seed), kills=3)

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(100, 112))
    def test_killed_often_it_ends_in_the_same_bytes(self, studio: Studio, seed: int) -> None:
        self.kill_and_go_on(studio, random.Random(seed), kills=12)

    def kill_and_go_on(self, studio: Studio, chance: random.Random, kills: int) -> None:
        for number in range(16):
            studio.shot(f"{number % 3}/{number}.jpg", number)
        studio.put("undated.png", photo(Kind.PNG, seed=99))
        studio.run()
        whole = studio.files()
        shutil.rmtree(studio.source)
        for _ in range(kills):
            run = start(studio.folder)
            assert run.stdout is not None
            run.stdout.readline()
            time.sleep(chance.random() * 0.4)
            run.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            run.wait()
            run.stdout.close()
            if chance.random() < 0.3:  # an edit between two runs moves names; and back again
                studio.shot("0/0.jpg", 1000)
                studio.run()
                studio.shot("0/0.jpg", 0)
        studio.run()
        assert studio.files() == whole
        assert not studio.run().changed


class TestTheDisk:
    @pytest.mark.parametrize("skip_damaged", [False, True])
    def test_a_full_disk_is_no_fault_of_the_photos(
        self, studio: Studio, monkeypatch: pytest.MonkeyPatch, skip_damaged: bool
    ) -> None:
        """With ``skip`` each photo whose pictures found no room was left out of the gallery."""
        studio.shot("a.jpg", 1)
        studio.run()
        before = studio.files()
        studio.shot("b.jpg", 2)

        def full(path: Path, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

        with monkeypatch.context() as disk, pytest.raises(GalleryInvalid) as caught:
            disk.setattr(Path, "write_bytes", full)
            studio.run(skip_damaged=skip_damaged)
        assert "could not be written" in caught.value.message and "No space left" in caught.value.message
        assert "Is the disk full" in str(caught.value.hint)
        assert studio.files() == before
        assert studio.run().made == 1
        studio.check()

    def test_a_ledger_that_cannot_be_written_is_told_as_the_disk_s(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        (studio.source / ".studio/ledger.jsonl").mkdir(parents=True)
        with pytest.raises(GalleryInvalid, match="ledger"):
            studio.run()
