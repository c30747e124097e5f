"""The end of the log."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from galleria_action.deployment.events import Located
from galleria_action.deployment.model import Delete, Reason, Storing
from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import Cancelled, ConfigInvalid, DeleteGuard, Finding, GalleryInvalid
from galleria_action.report.comment import render_comment
from galleria_action.report.markdown import render_summary
from galleria_action.report.page.render import render_html
from galleria_action.report.result import Result, finish
from galleria_action.report.text import render_plan, render_text
from tests.report import examples
from tests.report.rendered import Page


def texts(result: Result) -> list[str]:
    return [line.text for line in render_text(result)]


def test_the_words_that_users_know():
    lines = [line.strip() for line in texts(examples.planned(examples.mixed_plan()))]
    for words in ("Deployment Plan:", "Photos to upload: 3", "Photos to delete: 2", "Photos unchanged: 5"):
        assert words in lines
    assert lines[-1] == "Dry run completed - no files were uploaded"
    assert lines.count(lines[-1]) == 1


@pytest.mark.parametrize(
    ("example", "which"), [(examples.planned, "to be uploaded"), (examples.deployed, "that were uploaded")]
)
def test_photos_that_tell_where_they_were_taken_are_told_in_the_log(example, which: str):
    result = replace(example(examples.mixed_plan()), located=Located(2, taken_out=False))
    (line,) = (line for line in render_text(result, plan_told=True) if "where they were taken" in line.text)
    assert line.text == f"2 photos {which} tell where they were taken: strip-gps publishes photos without."
    assert line.tone == "doubtful"
    assert not any("taken" in text for text in texts(example(examples.mixed_plan())))


def test_warnings_that_were_seen_a_moment_ago_are_not_repeated():
    result = replace(examples.planned(examples.mixed_plan()), warnings=("careful", "very"))
    assert [line.text for line in render_text(result, warnings_told=True)].count("2 warnings, told above.") == 1
    assert not any("careful" in line.text for line in render_text(result, warnings_told=True))
    assert "  careful" in texts(result)


def test_a_deploy_never_says_that_it_was_a_dry_run():
    lines = texts(examples.deployed(examples.mixed_plan()))
    assert not any("Dry run" in line for line in lines)
    assert "Deployed: 3 photos uploaded, 2 photos deleted (1 min 23 s)" in lines


def test_a_failed_dry_run_is_not_completed():
    done = examples.record("deploy", examples.mixed_plan(), dry_run=True)
    lines = texts(finish(done, "", 1.0, DeleteGuard("Too many", hint="Look at\nmax-delete.")))
    assert lines[-5:] == [
        "Error: Too many", "What to do:", "  Look at", "  max-delete.",
        "Plan refused: it would delete more than max-delete permits (delete-guard, exit code 7, 1.0 s)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Missing S3 configuration", "Error: Missing S3 configuration"),
        (
            "Error loading gallery metadata: Gallery metadata not found: a/b",
            "Error loading gallery metadata: Gallery metadata not found: a/b",
        ),
    ],
)
def test_error_messages_word_for_word(message, line):
    assert line in texts(examples.failed(ConfigInvalid(message)))


@pytest.mark.parametrize(
    "render",
    [
        lambda result: "\n".join(texts(result)),
        lambda result: "\n".join(Page(render_summary(result, 60_000)).codes),
        lambda result: "\n".join(Page(render_comment(result, 60_000)).codes),
        lambda result: render_html(result).decode(),
    ],
)
def test_reviewers_see_what_decides_how_a_plan_is_carried_out(render):
    """An approval covers it."""
    plan = replace(examples.mixed_plan(), storing=Storing(acl="public-read"), strategy="blue-green")
    assert "strategy: blue-green" in render(examples.planned(plan))
    assert "acl: public-read" in render(examples.planned(plan))
    assert "strategy" not in render(examples.planned(examples.mixed_plan()))


def test_long_lists_end_in_a_number():
    result = examples.planned(examples.growing_plan(1_000))
    lines = texts(result)
    assert sum(": new (full, web, thumb; 3.5 MB)" in line for line in lines) == 20
    assert "    ... and 980 more" in lines
    assert "  Photos to upload: 1000" in lines


def test_exactly_twenty_need_no_more():
    lines = texts(examples.planned(examples.growing_plan(20)))
    assert not any("more" in line for line in lines)


def test_deletes_say_why():
    lines = texts(examples.planned(examples.mixed_plan()))
    keys = "photos/full/GONE.jpg, photos/thumb/GONE.jpg, photos/web/GONE.jpg"
    assert f"    GONE: removed ({keys})" in lines
    assert any(line.startswith("    MOVED: keys changed (old/full/MOVED.jpg, ") for line in lines)
    assert lines[lines.index("  Files to delete: 10") + 1] == "    old page.html"


def test_verification_and_warnings():
    done = examples.record("verify")
    done.verification = Verification(3, ("a",), ("b",), ("c",))
    done.warnings = ["look here"]
    lines = texts(finish(done, "x", 1.0))
    assert "Verification: 3 objects checked: 1 missing, 1 mismatched, 1 orphaned." in lines
    for title, key in (("Missing", "a"), ("Mismatched", "c"), ("Orphaned", "b"), ("Warnings", "look here")):
        assert lines[lines.index(f"{title} (1):") + 1] == f"  {key}"


def test_the_verdict_comes_last_and_has_a_tone():
    plan = examples.mixed_plan()
    for result, tone in (
        (examples.planned(plan), "good"),
        (examples.deployed(plan), "good"),
        (examples.failed(DeleteGuard("x"), plan), "bad"),
        (examples.failed(Cancelled("x"), plan), "doubtful"),
    ):
        assert render_text(result)[-1].tone == tone


def test_a_plan_that_was_told_before_is_not_told_again():
    plan = examples.mixed_plan()
    told = [line.text for line in render_plan(plan)]
    assert told[0] == "Deployment Plan:"
    whole = texts(examples.deployed(plan))
    rest = [line.text for line in render_text(examples.deployed(plan), plan_told=True)]
    assert whole == [*told, "", *rest]


def test_quiet_is_the_verdict_and_what_to_do():
    lines = render_text(examples.failed(DeleteGuard("Too many", hint="max-delete"), examples.mixed_plan()), quiet=True)
    assert [line.text for line in lines][:-1] == [
        "Error: Too many", "Nothing was uploaded: the gallery online is as before.", "What to do:", "  max-delete"
    ]  # fmt: skip


def test_quiet_tells_the_problems_that_the_hint_speaks_of():
    error = GalleryInvalid("1 file is bad", hint="Each line says why.", findings=[Finding("a.jpg is cut off")])
    lines = [line.text for line in render_text(examples.failed(error, examples.mixed_plan()), quiet=True)]
    assert lines[:3] == ["Problems (1):", "  a.jpg is cut off", ""]
    assert not any("Deployment Plan" in line for line in lines)


def test_numbers_that_are_zero_are_left_out_but_for_those_that_users_look_for():
    lines = texts(examples.planned(examples.growing_plan(1)))
    assert "  Photos to delete: 0" in lines
    assert not any("Files to delete" in line for line in lines)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"deletes": (Delete("photos/full/x.jpg", Reason.ORPHAN),)}, "Deployed: 1 orphan deleted"),
        ({"deletes": (Delete("old.html", Reason.REMOVED),)}, "Deployed: 1 site file deleted"),
        ({}, "Deployed: metadata only"),
    ],
)
def test_the_verdict_tells_the_only_thing_that_was_done(change, told):
    empty = replace(examples.mixed_plan(), uploads=(), deletes=(), removed_photos=(), commit=examples.document("c"))
    verdict = texts(examples.deployed(replace(empty, **change)))[-1]
    assert verdict.startswith(told)


def test_hostile_names_are_visible_lines():
    for line in texts(examples.hostile()):
        assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in line)
        assert len(line) < 6_000
        line.encode()
