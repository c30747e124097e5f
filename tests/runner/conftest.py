"""A job of a workflow: a checkout with a gallery and a site, and a bucket on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from galleria_action.storage.settings import StoreSettings
from tests.builders import make_gallery
from tests.doors.runner import s3_inputs
from tests.runner.container import Job, the_image


@pytest.fixture
def make_job(make_moto_bucket: Callable[[str], StoreSettings]) -> Iterator[Callable[..., Job]]:
    """Makes a job with a gallery of ``photos`` photos that goes to a new bucket."""
    the_image()
    with ExitStack() as stack:

        def make(photos: int = 3, prefix: str = "") -> Job:
            # not pytest's folder, which nobody but us may enter
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="galleria-job-")))
            folder.chmod(0o755)
            job = Job(folder / "work", s3_inputs(make_moto_bucket(prefix)) | {"site": "prod/site"})
            make_gallery(job.workspace / "prod/pics", photos)
            (job.workspace / "prod/site").mkdir()
            (job.workspace / "prod/site/index.html").write_text("<h1>Wedding</h1>", encoding="utf-8")
            return job

        yield make


@pytest.fixture
def job(make_job: Callable[..., Job]) -> Job:
    """A job with three photos."""
    return make_job()
