"""The tests of the must-rules can fail (see ``mutations.py``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.mutations import MUTATIONS, ROOT, Misapplied, Mutation, check


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_fits_the_code(name: str, tmp_path: Path):
    mutation = MUTATIONS[name]
    target = tmp_path / "galleria_action" / mutation.file
    target.parent.mkdir(parents=True)
    target.write_bytes((ROOT / "galleria_action" / mutation.file).read_bytes())
    mutation.apply(tmp_path)
    compile(target.read_text(encoding="utf-8"), str(target), "exec")


def test_a_mutation_that_does_not_fit_is_an_error(tmp_path: Path):
    (tmp_path / "galleria_action").mkdir()
    (tmp_path / "galleria_action/x.py").write_text("a\na\n", encoding="utf-8")
    for old in ("a\n", "b\n"):
        with pytest.raises(Misapplied):
            Mutation(1, "x.py", ((old, "c\n"),), ()).apply(tmp_path)


def test_every_must_rule_has_one():
    assert {mutation.rule for mutation in MUTATIONS.values()} == set(range(1, 10))


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_tests_notice(name: str):
    check(name)
