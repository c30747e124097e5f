"""The tests of the must-rules can fail."""

from __future__ import annotations

import pytest

from tests.reliability.mutations.check import ROOT, changed_by, check
from tests.reliability.mutations.table import MUTATIONS


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_fits_the_code(name: str):
    for path, text in changed_by(name).items():
        assert text != path.read_text(encoding="utf-8")
        compile(text, str(path), "exec")


def test_the_tests_that_must_notice_exist():
    for name, mutation in MUTATIONS.items():
        assert mutation.tests, name
        for test in mutation.tests:
            file, _, parts = test.partition("::")
            text = (ROOT / file).read_text(encoding="utf-8")
            for part in filter(None, parts.split("::")):
                assert f"def {part}(" in text or f"class {part}:" in text, (name, test)


def test_the_page_says_how_many_there_are():
    page = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    assert f"{len(MUTATIONS)} mutations" in page


def test_every_must_rule_has_one():
    assert {mutation.rule for mutation in MUTATIONS.values()} == set(range(1, 15))


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_tests_notice(name: str):
    check(name)
