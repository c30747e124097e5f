"""One repository with several environments, each behind the edge that its visitors come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.doors.job import Job
from tests.doors.runner import Ran
from tests.edge.slots import VISITORS, Bucket, Edge, edge

HEAD = """\
site: prod/site
cors: skip
probe-timeout: 1
max-delete: 100%
plan-approval: 'off'
canary-wait: 0
environments:
"""


@dataclass(frozen=True)
class Place:
    """Where an environment lies: ``section`` says it in the config file, ``bucket`` reads what is there, ``keys`` are
    its credentials (access key and secret)."""

    section: str
    bucket: Bucket
    keys: tuple[str, str] | None = None


def folder(root: Path) -> Place:
    """A folder on this machine."""

    def read() -> dict[str, bytes]:
        return {it.relative_to(root).as_posix(): it.read_bytes() for it in root.rglob("*") if it.is_file()}

    return Place(f"bucket: 'file://{root}'", read)


@dataclass
class Stages:
    """``edges`` are what visitors of each environment come to."""

    job: Job
    places: Mapping[str, Place]
    edges: Mapping[str, Edge] = field(default_factory=dict)

    def config(self, **more: str) -> None:
        """Write the file: ``more`` is what the sections say beside preset, place and address."""
        sections = (
            f"  {name}: {{preset: {name}, {place.section}, public-url: '{self.edges[name].url}', {more.get(name, '')}}}"
            for name, place in self.places.items()
        )
        (self.job.workspace / "galleria.yml").write_text(HEAD + "\n".join(sections) + "\n", encoding="utf-8")

    def run(self, command: str, environment: str, **inputs: str) -> Ran:
        """Run ``command`` in ``environment``, with the credentials of all of them beside it."""
        self.job.runner.event = {
            f"GALLERIA_{name.upper()}_{what}_KEY": key
            for name, place in self.places.items()
            if place.keys
            for what, key in zip(("ACCESS", "SECRET"), place.keys, strict=True)
        }
        self.job.runner.inputs = {}
        return self.job.runner.run(command, environment=environment, **inputs)

    def done(self, command: str, environment: str, **inputs: str) -> Ran:
        """The same, and it goes well."""
        ran = self.run(command, environment, **inputs)
        assert ran.exit_code == 0, ran.log
        return ran

    def failed(self, environment: str, *told: str) -> Ran:
        """The pipeline of ``environment`` fails, and the log tells why."""
        ran = self.run("pipeline", environment)
        assert (ran.exit_code, ran.outputs["failure-reason"]) == (17, "pipeline-failed"), ran.log
        assert not [text for text in told if text not in ran.log], ran.log
        return ran

    def change(self, text: str) -> None:
        """Another picture, another page, and one more."""
        self.job.gallery.change(0, version=len(text))
        (self.job.site / "index.html").write_text(f"<h1>{text}</h1>", encoding="utf-8")
        (self.job.site / f"page-{len(text)}.html").write_text("page", encoding="utf-8")


@contextmanager
def stages(job: Job, places: Mapping[str, Place]) -> Iterator[Stages]:
    """The environments at ``places``, while their edges answer."""
    with ExitStack() as running:
        yield Stages(job, places, {name: running.enter_context(edge(it.bucket)) for name, it in places.items()})


def blocks(text: bytes) -> Callable[[bytes], bool]:
    """A rule of an edge that lets nothing through with ``text`` in it."""
    return lambda body: text in body


def broken_releases(world: Stages) -> None:
    """What staging shows is live in production, which gives a share of its visitors each release first. Then come one
    that visitors of staging do not get, and one that visitors of production do not: who sees what."""
    before, last = world.edges["production"].shown(), len(world.done("history", "production").result["releases"])
    assert before and before == world.edges["staging"].shown()

    world.change("broken in staging")
    world.edges["staging"].blocked = blocks(b"broken")
    world.failed("staging", "Visitors would not get what lies in slots/", "index.html", "Nothing was switched")
    assert world.edges["staging"].shown() == before, "staging shows what it showed"
    ran = world.done("pipeline", "production")
    assert ran.outputs["changed"] == "false", "what nobody sees there never comes here"
    assert {production_of(world, visitor) for visitor in VISITORS} == {before["index.html"]}

    edge = world.edges["production"]
    world.change("hidden in production")
    world.done("pipeline", "staging")
    edge.blocked = blocks(b"hidden")
    world.failed("production", "Visitors would not get what lies in slots/", "Nothing was switched")
    assert {production_of(world, visitor) for visitor in VISITORS} == {before["index.html"]}
    assert edge.shown() == before != world.edges["staging"].shown()

    world.change("odd in production")
    world.done("pipeline", "staging")
    seen: dict[str, bytes | None] = {}

    def breaks() -> None:
        """Only what many ask for at once is in its way."""
        edge.blocked = blocks(b"odd")
        seen.update({visitor: edge.lies_there(visitor) for visitor in VISITORS})

    edge.blocked, edge.on_trial = blocks(b"nothing of this"), breaks
    world.failed("production", "10 % of the visitors get the new gallery", "Visitors would not get what lies in",
                       "All visitors get the gallery that was live before.")  # fmt: skip
    new = b"<h1>odd in production</h1>"
    got = [visitor for visitor, page in seen.items() if page == new]
    assert set(seen.values()) == {new, before["index.html"]}, "the new gallery or the old one, nothing else"
    assert 0.05 < len(got) / len(VISITORS) < 0.15
    assert {production_of(world, visitor) for visitor in VISITORS} == {before["index.html"]}
    assert edge.shown() == before != world.edges["staging"].shown()
    assert len(world.done("history", "production").result["releases"]) == last, "it was never a release"

    edge.blocked, edge.on_trial = blocks(b"nothing of this"), lambda: None
    ran = world.done("pipeline", "production")
    assert ran.outputs["probe"] == "passed"
    assert edge.shown() == edge.shown(got[0]) == world.edges["staging"].shown()


def production_of(world: Stages, visitor: str) -> bytes | None:
    """The first page that a visitor of production gets."""
    return world.edges["production"].sees(visitor)
