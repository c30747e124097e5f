"""The job summary: what it says, that it fits, and that nobody's text becomes more than text.

Snapshots are written anew with ``GALLERIA_WRITE_SNAPSHOTS=1`` in the environment of the tests.
"""

from __future__ import annotations

import dataclasses
import os
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.deployment.galleries import LocalGallery, RemoteGallery
from galleria_action.deployment.model import SourceFile
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import (
    REASONS,
    Cancelled,
    Conflict,
    DeleteFailed,
    DeleteGuard,
    Finding,
    GalleryInvalid,
    VerifyFailed,
)  # fmt: skip
from galleria_action.report.markdown import render_summary
from galleria_action.report.result import Result, finish
from galleria_action.report.text import render_text
from galleria_action.report.wording import FAILURES
from tests.report import examples
from tests.report.rendered import OWN_TAGS, Page
from tests.report.test_escape import _ACTIVE, _BIDI

SNAPSHOTS = Path(__file__).parent / "snapshots"
ONE_MIB = 1024 * 1024

GUARD = DeleteGuard(
    "The plan deletes 12 of 40 photos (30%), but max-delete permits 25%",
    hint="If that is what you want, run once with max-delete: 30%.",
)
INVALID = GalleryInvalid(
    "gallery-metadata.json has 3 problems",
    hint="Correct the file and run again.",
    findings=[
        Finding('id "IMG_1" is used twice', "prod/pics/gallery-metadata.json", 12),
        Finding("key ../../etc/passwd leads out of the gallery", "prod/pics/gallery-metadata.json", 40),
        Finding("max-delete: 30 percent is no number"),
    ],
)


def broken() -> Result:
    done = examples.record("verify")
    done.verification = Verification(3000, ("a.jpg", "b.jpg"), ("photos/full/left over.jpg",), ("c.jpg",))
    done.warnings = ["3 photos are no JPEG and were uploaded as they are"]
    error = VerifyFailed("The bucket lacks 2 objects", hint="Run deploy again: it uploads what is missing.")
    return finish(done, "", 4.0, error)


def cancelled(committed: bool) -> Result:
    done = examples.record("deploy", examples.mixed_plan())
    done.committed = committed
    done.files_uploaded = 4
    return finish(done, "", 4.0, Cancelled("SIGTERM arrived", signal_number=15))


RESULTS = {
    "plan-0": lambda: examples.planned(examples.growing_plan(0)),
    "plan-1": lambda: examples.planned(examples.growing_plan(1)),
    "plan-200": lambda: examples.planned(examples.growing_plan(200)),
    "plan-20000": lambda: examples.planned(examples.growing_plan(20_000)),
    "deployed": lambda: examples.deployed(examples.mixed_plan()),
    "deployed-nothing": lambda: examples.deployed(examples.growing_plan(0)),
    "refused": lambda: examples.failed(GUARD, examples.mixed_plan()),
    "invalid": lambda: examples.failed(INVALID, command="validate"),
    "broken": broken,
    "cancelled": lambda: cancelled(committed=False),
    "hostile": examples.hostile,
}


@cache
def _cached(name: str) -> Result:
    return RESULTS[name]()


@cache
def _summary(name: str, budget: int = ONE_MIB) -> str:
    return render_summary(_cached(name), budget)


@pytest.mark.parametrize("name", RESULTS)
def test_snapshot(name):
    path = SNAPSHOTS / f"{name}.md"
    rendered = _summary(name) + "\n"
    if os.environ.get("GALLERIA_WRITE_SNAPSHOTS"):
        path.write_text(rendered, encoding="utf-8")
    assert rendered == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULTS)
def test_only_our_own_markup_and_no_live_text(name):
    page = Page(_summary(name))
    assert set(page.tags) <= OWN_TAGS
    assert page.attributes == ["href"] * len(page.links)
    assert set(page.links) <= {"https://photos.example.org/2026/"}
    assert page.comments == []
    loose = page.loose_text.replace("https://photos.example.org/2026/", "")
    assert not _ACTIVE.search(loose)
    assert not _BIDI.search(page.html.replace("\n", ""))


@given(budget=st.integers(0, 60_000))
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("name", ["deployed", "broken", "plan-200", "hostile", "cancelled"])
def test_never_over_the_budget(name, budget):
    assert len(render_summary(_cached(name), budget).encode()) <= budget


def test_20000_photos_fit():
    for budget in (100, 20_000, ONE_MIB, 10 * ONE_MIB):
        assert len(_summary("plan-20000", budget).encode()) <= budget


def test_enormous_names_fit():
    result = examples.planned(examples.named_plan([f"{index}{'📷' * 100_000}" for index in range(5)]))
    for budget in (2_000, 65_000):
        assert 400 < len(render_summary(result, budget).encode()) <= budget


def test_the_table_gives_way_to_folders_and_those_to_numbers():
    rich, grouped, poor = (_summary("plan-20000", budget) for budget in (10 * ONE_MIB, ONE_MIB, 5_000))
    assert "`IMG_19999`" in rich
    assert "`IMG_19999`" not in grouped
    assert "| `photos/199/full/` | 100 | 100 new | 300 |" in grouped
    assert "photos/199" not in poor
    assert "20,000 photos, 71\u00a0GB: 20,000 new." in poor


def test_more_room_never_says_less():
    result = _cached("deployed")
    sizes = [len(render_summary(result, budget)) for budget in range(0, 6_000, 50)]
    assert sizes[0] == 0
    assert sizes[-1] == max(sizes)


def test_the_headline_survives_when_all_else_is_gone():
    headline = "## ❌ Deploy refused: it would delete more than max-delete permits"
    assert render_summary(_cached("refused"), 75) == headline


def test_one_row_per_photo_with_reason_files_and_sizes():
    page = render_summary(_cached("deployed"), ONE_MIB)
    assert "| `CHANGED` | changed | full 3.1 MB · web 412 kB · thumb 18 kB | 3.5 MB |" in page.replace("\u00a0", " ")
    assert "| `GONE` | removed | `photos/full/GONE.jpg`<br>" in page
    assert "| `MOVED` | keys changed | `old/full/MOVED.jpg`<br>" in page
    assert "### Site files deleted\n\n1 file that the site does not have any more.\n\n- `old page.html`" in page


def test_a_dry_run_looks_unlike_a_deploy():
    plan = examples.mixed_plan()
    dry, real = (render_summary(make(plan), ONE_MIB) for make in (examples.planned, examples.deployed))
    assert "nothing was uploaded, nothing was deleted" in dry
    assert "nothing was" not in real
    assert dry.splitlines()[0] != real.splitlines()[0]
    assert "Done" in real
    assert "Done" not in dry


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (lambda: cancelled(committed=False), ["before the commit", "Nothing was committed", "4 files"]),
        (lambda: cancelled(committed=True), ["after the commit", "the new gallery is live"]),
        (lambda: examples.failed(GUARD), ["`delete-guard`, exit code 7", "**What to do:**", "Nothing was uploaded"]),
        (
            lambda: examples.failed(Conflict("x")),
            ["Deploy gave way: another deploy was faster", "`conflict`, exit code 9"],
        ),
        (lambda: examples.failed(INVALID, command="validate"), ["`prod/pics/gallery-metadata.json:12`:", "3 problems"]),
        (broken, ["3,000 objects checked", "2 missing, 1 mismatched, 1 orphaned", "- `c.jpg`"]),
    ],
)
def test_what_happened_and_what_to_do(result, said):
    page = render_summary(result(), ONE_MIB)
    for words in said:
        assert words in page


@pytest.mark.parametrize(("command", "live"), [("deploy", "the new gallery"), ("rollback", "the release before")])
def test_a_failure_after_the_commit_says_what_is_live(command: str, live: str):
    done = examples.record(command, examples.mixed_plan())
    done.committed = True
    page = render_summary(finish(done, "", 1.0, DeleteFailed("2 objects remain")), ONE_MIB)
    assert f"{live} is live" in page


def test_a_deploy_that_nobody_verified_says_so():
    done = examples.record("deploy", examples.mixed_plan())
    done.committed = True
    result = finish(done, "Deployed.", 1.0)
    assert "Not verified" in render_summary(result, ONE_MIB)
    assert any("Not verified" in line.text for line in render_text(result))
    assert "Not verified" not in render_summary(_cached("plan-1"), ONE_MIB)


@pytest.mark.parametrize(
    ("command", "headline"),
    [
        ("validate", "The gallery is valid"),
        ("verify", "Verified: the bucket holds exactly the gallery"),
        ("cors", "CORS: done"),
    ],
)
def test_commands_without_a_plan(command, headline):
    done = examples.record(command)
    done.verification = Verification(3) if command == "verify" else None
    assert render_summary(finish(done, "Rules are as they should be", 1.0), ONE_MIB).startswith(f"## ✅ {headline}")


def test_verified_in_spite_of_orphans():
    done = examples.record("verify")
    done.verification = Verification(3, orphaned=("x", "y"))
    page = render_summary(finish(done, "fine", 1.0), ONE_MIB)
    assert page.startswith("## ✅ Verified: nothing is missing, 2 orphans left")
    assert "⚠️ 3 objects checked" in page


def test_validate_says_nothing_of_uploads():
    page = render_summary(examples.failed(INVALID, command="validate"), ONE_MIB)
    assert "uploaded" not in page


def test_photos_of_the_root_have_a_folder_too():
    files = examples.photo("x").files
    photos = [examples.SourcePhoto(f"{n}", "a" * 64, (_at_root(files[0], n),)) for n in range(200)]
    plan = make_plan(LocalGallery("metadata", tuple(photos), None), RemoteGallery(), examples.TARGET)
    assert "| the root | 200 | 200 new | 200 |" in render_summary(examples.planned(plan), 3_000)


def _at_root(file: SourceFile, number: int) -> SourceFile:
    return dataclasses.replace(file, key=f"{number}.jpg")


def test_numbers_that_are_zero_are_left_out_and_no_cell_is_blank():
    for result in (_cached("deployed"), examples.deployed(examples.growing_plan(3)), cancelled(committed=False)):
        page = render_summary(result, ONE_MIB)
        counts = page[page.index("| Planned | Done |") :].split("\n\n")[0].splitlines()[2:]
        assert counts
        assert all(cell.strip() not in ("", "0") for row in counts for cell in row.split("|")[1:3])
        assert all(row.split("|")[3].strip() for row in counts)


def test_what_was_deleted_is_counted():
    assert "| Files to delete | 10 | 10 |" in render_summary(_cached("deployed"), ONE_MIB)
    assert "| Files to delete | 10 | 0 |" in render_summary(cancelled(committed=False), ONE_MIB)
    assert "| Files to delete | 10 | not known |" in render_summary(cancelled(committed=True), ONE_MIB)
    done = examples.record("deploy", examples.mixed_plan())
    done.committed = True
    error = DeleteFailed("2 remain", findings=[Finding("a"), Finding("b")])
    assert "| Files to delete | 10 | 8 |" in render_summary(finish(done, "", 1.0, error), ONE_MIB)


def test_the_plan_id_is_short_and_whole_behind_it():
    plan = examples.mixed_plan()
    page = Page(render_summary(_cached("deployed"), ONE_MIB))
    assert page.codes[-2:] != []
    assert plan.plan_id[:12] in page.codes
    assert plan.plan_id in page.codes


def test_sizes_are_not_broken():
    page = render_summary(_cached("deployed"), ONE_MIB)
    assert "11\u00a0MB" in page
    assert not re.search(r"\d (kB|MB|GB|B)\b", page)


def test_many_problems_are_counted_all_and_listed_in_part():
    error = GalleryInvalid("x", findings=[Finding(f"{n}") for n in range(200)], problems=3_000)
    page = render_summary(examples.failed(error), ONE_MIB)
    assert "3,000 problems, each of which has to be solved:" in page
    assert "The first 200" in page
    assert "- … and 2,800 more" in page


def test_a_command_in_a_message_is_one_piece_of_code():
    error = GalleryInvalid("x", hint="Write them with `galleria-action cors --setup-cors`, or set `cors: skip`.")
    page = Page(render_summary(examples.failed(error), ONE_MIB))
    assert {"galleria-action cors --setup-cors", "cors: skip"} <= set(page.codes)


def test_every_reason_of_the_contract_has_words():
    reasons = REASONS.keys() - {"cancelled"}  # which says on which side of the commit
    assert FAILURES.keys() >= reasons
    for reason in reasons:
        assert reason not in FAILURES[reason] or "-" not in reason, "a slug is not a sentence"


def test_what_a_verification_found_is_told_once():
    found = Verification(3, missing=("photos/full/a.jpg",))
    done = examples.record("verify")
    done.verification = found
    error = VerifyFailed("1 missing", findings=[Finding("missing: photos/full/a.jpg")])
    assert render_summary(finish(done, "", 1.0, error), ONE_MIB).count("photos/full/a.jpg") == 1


def test_a_plan_that_could_not_be_made_is_not_called_done():
    done = examples.record("plan", dry_run=True)
    page = render_summary(finish(done, "The gallery is valid. It was not planned.", 1.0), ONE_MIB)
    assert page.startswith("## ⚠️ The gallery is valid, but it could not be planned")
    assert "✅" not in page
