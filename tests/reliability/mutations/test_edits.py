"""An edit finds its place by what the code is, wherever it lies and however it is written, or says that it cannot."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.reliability.mutations.edits import Edit, Misapplied, always, apply, before, drop, miss, never, put, swap

CODE = '''
LIMITS = {"a": 1, "b": 2}

class Deploy:
    def run(self, keys):
        """Words."""
        if not self.limit.allows(len(keys), of=3):  # a guard
            raise Refused(
                "no",
            )
        for key in keys:
            self.delete(key)
        try:
            self.commit()
        except (OSError, Conflict) as error:
            return error
        return (self.one and
                self.two)

def helper(): return 1
'''


def sources(code: str = CODE, **others: str) -> dict[Path, str]:
    return {Path("somewhere/deploy.py"): code} | {Path(f"{name}.py"): text for name, text in others.items()}


def edited(edit: Edit, code: str = CODE) -> str:
    (text,) = apply((edit,), sources(code)).values()
    return text


@pytest.mark.parametrize(
    ("edit", "there", "gone"),
    [
        (drop("Deploy.run", "self.commit()"), "try:\n            pass", "commit"),
        (drop("Deploy.run", "for key in ...: ..."), "return error", "delete"),
        (swap("Deploy.run", "raise Refused('no')", "warn()"), "warn()", "Refused"),
        (swap("Deploy.run", "for key in keys: ...\ntry: ...\nexcept (...) as error: ...", "go()"), "go()", "commit") ,
        (before("Deploy.run", "self.commit()", "self.check()"), "self.check()\n            self.commit()", "#"),
        (put("Deploy.run", "self.one and self.two", "self.one"), "return self.one", "two"),
        (put("LIMITS", "2", "3"), "'b': 3", "'b': 2"),
        (never("Deploy.run", "not self.limit.allows(...)"), "if False:", "allows"),
        (always("Deploy.run", "not self.limit.allows(len(keys), of=3)"), "if True:", "allows"),
        (miss("Deploy.run", "(OSError, Conflict)"), "except ZeroDivisionError as error", "OSError"),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_an_edit_does(edit: Edit, there: str, gone: str):
    text = edited(edit)
    assert there in text
    assert gone not in text
    compile(text, "", "exec")


def test_how_it_is_written_and_where_does_not_matter():
    edit = never("Deploy.run", "not self.limit.allows(len(keys), of=3)")
    formatted = ast.unparse(ast.parse(CODE)).replace("of=3", "of = (\n3)")
    assert edited(edit) == edited(edit, formatted)
    moved = sources("import other", other=CODE)
    assert list(apply((edit,), moved)) == [Path("other.py")]


def test_edits_of_one_file_add_up():
    (text,) = apply((drop("Deploy.run", "self.commit()"), put("LIMITS", "1", "9")), sources()).values()
    assert "commit" not in text and "'a': 9" in text


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (drop("Deploy.stop", "self.commit()"), "not there any more"),
        (drop("Deploy.run", "self.check()"), "has 0 times"),
        (drop("Deploy.run", "self.commit(1)"), "has 0 times"),
        (put("Deploy.run", "self", "that"), "has [2-9] times"),
        (never("Deploy.run", "self.limit.allows(...)"), "has 0 times"),
        (miss("Deploy.run", "OSError"), "has 0 times"),
    ],
    ids=["place", "statement", "arguments", "several", "test", "exception"],
)
def test_what_does_not_fit_is_an_error(edit: Edit, told: str):
    with pytest.raises(Misapplied, match=told):
        apply((edit,), sources())


def test_a_name_that_two_modules_have_needs_the_module():
    two = sources(other="def helper(): return 2")
    with pytest.raises(Misapplied, match=r"in 2 places: .*other"):
        apply((put("helper", "2", "3"),), two)
    assert list(apply((put("other:helper", "2", "3"),), two)) == [Path("other.py")]
    assert list(apply((put("somewhere.deploy:helper", "1", "3"),), two)) == [Path("somewhere/deploy.py")]
