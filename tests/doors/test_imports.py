"""What a run loads before it does anything: each package costs every run its time, and most runs have nothing to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.doors.conftest import Job
from tests.doors.runner import ROOT

#: Runs one command and prints the modules that are loaded at its end.
SCRIPT = """
import json, os, pathlib, sys
from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
code = run(sys.argv[1:], World(os.environ, pathlib.Path.cwd(), sys.stderr, sys.stderr, Stop()))
json.dump([code, sorted(sys.modules)], sys.stdout)
"""
#: The same through the front door, which leaves before anybody could ask.
AT_ONCE = """
import os, sys
from galleria_action import __main__
def leave(code):
    sys.stdout.write(" ".join(sorted(sys.modules)))
    sys.stdout.flush()
    os._exit(code)
__main__._leave = leave
__main__.main()
"""
#: Of Python's own, what is dear and of no use to a run that only reads. Most of it comes along with something else:
#: ``dataclasses`` brings what takes code apart, ``concurrent.futures`` logging, and ``http.client`` all of email.
DEAR = {
    "asyncio", "concurrent.futures", "ctypes", "dataclasses", "difflib", "fractions", "http.client", "inspect",
    "logging", "multiprocessing", "sqlite3", "tomllib", "unittest", "urllib.request", "xml.dom",
}  # fmt: skip
#: What speaks to servers; and what reads pictures, of which a run with nothing to do reads none.
NETWORK = {"ssl", "galleria_action.storage.s3.wire"}
PICTURES = {f"galleria_action.gallery.{name}" for name in ("position", "bare", "originals")}
EDITS = {f"galleria_action.{name}" for name in ("gallery.exif", "deployment.apply.upload", "deployment.slots.fill")}
#: The most modules that a run may load, Python's own included. Each costs a quarter of a millisecond, as a rule; who
#: needs more of them for every run raises this, and says why.
MOST = {"--version": 85, "--help": 300, "validate": 303, "folder": 338, "s3": 352, "removed": 363, "changed": 400}


def loaded(environ: dict[str, str], *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=environ | {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    # what click itself prints for --help stands before
    code, modules = json.loads(done.stdout[done.stdout.rindex(b"[0, [") :])
    assert code == 0
    return set(modules)


def foreign(modules: set[str]) -> set[str]:
    """The packages that are neither Python's nor ours. cython_runtime is part of yaml."""
    packages = {name.partition(".")[0] for name in modules}
    own = {"galleria_action", "cython_runtime"}
    return {name for name in packages - own - set(sys.stdlib_module_names) if not name.startswith(("_", "sitecustom"))}


def studio(modules: set[str]) -> set[str]:
    """What of the extra is loaded: the image for deploys lacks what it needs."""
    return {name for name in modules if name.startswith("galleria_action.studio")}


def routers(modules: set[str]) -> set[str]:
    """What is loaded to switch visitors: the names of routers are options, the rest is for galleries with slots."""
    kept = {"galleria_action.edge.routers", "galleria_action.edge.routers.kinds"}
    return {name for name in modules if name.startswith("galleria_action.edge.routers")} - kept


def test_the_version_needs_nothing_of_a_run() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, "--version"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    version, _, names = done.stdout.decode().partition("\n")
    assert version.startswith("galleria-action ")
    modules = set(names.split())
    assert "galleria_action.__main__" in modules
    assert not foreign(modules)
    assert not modules & {"galleria_action.run", "galleria_action.options", "json", "argparse"}
    assert len(modules) <= MOST["--version"]


def watchers(modules: set[str]) -> set[str]:
    """What is loaded to tell somebody: the names of addresses are options, the rest is not for a run without them."""
    options = {"", ".addresses", ".alerts"}
    kept = {f"galleria_action.watch{name}" for name in options}
    return {name for name in modules if name.startswith("galleria_action.watch")} - kept


def test_help_loads_only_click() -> None:
    for arguments in (["--help"], ["plan", "--help"]):
        modules = loaded({}, *arguments)
        assert foreign(modules) == {"click"}
        assert not (DEAR - {"inspect"} | NETWORK | PICTURES) & modules  # click wants to know its callbacks
        assert not studio(modules)
        assert len(modules) <= MOST["--help"]


def test_validate_loads_nothing_of_others(make_job: Callable[..., Job]) -> None:
    job = make_job()
    modules = loaded({}, "validate", "--source", str(job.gallery.source))
    assert not foreign(modules)
    # it looks who tells a position
    assert not (DEAR | NETWORK | PICTURES - {"galleria_action.gallery.position"}) & modules
    assert len(modules) <= MOST["validate"]


@pytest.mark.parametrize("place", ["folder", "s3"])
@pytest.mark.parametrize("command", ["plan", "deploy", "verify"])
def test_nothing_to_do_loads_nothing_for_it(make_job: Callable[..., Job], place: str, command: str) -> None:
    job = make_job(place)
    assert job.runner.run("deploy").exit_code == 0
    modules = loaded(job.runner.environment({"command": command}))
    assert not foreign(modules)
    assert not studio(modules)
    assert not watchers(modules)
    assert not routers(modules)
    assert not DEAR & modules, DEAR & modules
    assert not (PICTURES | EDITS) & modules
    assert NETWORK & modules == ({"galleria_action.storage.s3.wire"} if place == "s3" else set())
    assert len(modules) <= MOST[place]


@pytest.mark.parametrize("what", ["removed", "changed"])
def test_a_small_change_loads_what_it_needs(make_job: Callable[..., Job], what: str) -> None:
    job = make_job("s3", photos=4)
    assert job.runner.run("deploy").exit_code == 0
    if what == "removed":
        job.gallery.remove(0)
    else:
        job.gallery.change(0)
    modules = loaded(job.runner.environment({"command": "deploy"}))
    assert not foreign(modules)
    assert not DEAR & modules, DEAR & modules
    assert bool((PICTURES | EDITS) & modules) is (what == "changed")
    # a gallery in place is not filled beside, taken down, or taken back
    others = {
        f"galleria_action.{name}"
        for name in ("deployment.slots.fill", "deployment.apply.restore", "usecases.releases.rollback")
    }
    assert not others & modules
    assert len(modules) <= MOST[what]


@pytest.mark.parametrize("command", ["plan", "deploy", "verify"])
def test_a_run_without_a_pipeline_loads_none_of_it(make_job: Callable[..., Job], command: str) -> None:
    job = make_job()
    job.runner.inputs["preset"] = "production"
    (job.workspace / "galleria.yml").write_text(
        "pipeline: {stages: [{name: a, tasks: [{name: b, uses: validate}]}]}\n", encoding="utf-8"
    )
    assert job.runner.run("deploy").exit_code == 0
    modules = loaded(job.runner.environment({"command": command}))
    ours = (
        "galleria_action.pipeline", "galleria_action.usecases.tasks", "galleria_action.usecases.releases.onward",
        "galleria_action.deployment.releases.onward", "galleria_action.deployment.apply.bring",
        "galleria_action.usecases.slots",
    )  # fmt: skip
    assert not {name for name in modules if name.startswith(ours)}
