"""The end of the log."""

from __future__ import annotations

import unicodedata

import pytest

from galleria_action.deployment.remote.verification import Verification
from galleria_action.errors import ConfigInvalid, DeleteGuard
from galleria_action.report.result import finish
from galleria_action.report.text import render_text
from tests.report import examples


def test_the_words_that_users_know():
    lines = [line.strip() for line in render_text(examples.planned(examples.mixed_plan()))]
    for words in ("Deployment Plan:", "Photos to upload: 3", "Photos to delete: 2", "Photos unchanged: 5"):
        assert words in lines
    assert lines[-1] == "Dry run completed - no files were uploaded"
    assert lines.count(lines[-1]) == 1


def test_a_deploy_never_says_that_it_was_a_dry_run():
    lines = render_text(examples.deployed(examples.mixed_plan()))
    assert not any("Dry run" in line for line in lines)
    assert "Deployed: 3 photos uploaded, 2 photos deleted (1 min 23 s)" in lines


def test_a_failed_dry_run_is_not_completed():
    done = examples.record("deploy", examples.mixed_plan(), dry_run=True)
    lines = render_text(finish(done, "", 1.0, DeleteGuard("Too many", hint="Look at\nmax-delete.")))
    assert lines[-5:] == [
        "Plan failed: delete-guard (1.0 s)", "Error: Too many", "What to do:", "  Look at", "  max-delete."
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
    assert line in render_text(examples.failed(ConfigInvalid(message)))


def test_long_lists_end_in_a_number():
    result = examples.planned(examples.growing_plan(1_000))
    lines = render_text(result)
    assert sum(": new (full, web, thumb; 3.5 MB)" in line for line in lines) == 20
    assert "    ... and 980 more" in lines
    assert "  Photos to upload: 1000" in lines


def test_exactly_twenty_need_no_more():
    lines = render_text(examples.planned(examples.growing_plan(20)))
    assert not any("more" in line for line in lines)


def test_deletes_say_why():
    lines = render_text(examples.planned(examples.mixed_plan()))
    assert "    photos/full/GONE.jpg: photo GONE removed" in lines
    assert "    old/full/MOVED.jpg: photo MOVED has other keys now" in lines
    assert "    old page.html: removed from the site" in lines


def test_verification_and_warnings():
    done = examples.record("verify")
    done.verification = Verification(3, ("a",), ("b",), ("c",))
    done.warnings = ["look here"]
    lines = render_text(finish(done, "x", 1.0))
    assert "Verification: 3 objects checked, 1 missing, 1 mismatched, 1 orphaned" in lines
    for line in ("  missing: a", "  mismatched: c", "  orphaned: b", "  look here"):
        assert line in lines


def test_hostile_names_are_visible_lines():
    for line in render_text(examples.hostile()):
        assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in line)
        assert len(line) < 6_000
        line.encode()
