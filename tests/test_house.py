"""The house is as docs/architecture.md says: its floors, its rooms, its drawing, and how large anything may be."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.draw import Room, drawing, drawn, rooms
from galleria_action.deployment.model import Reason

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "galleria_action"
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
LINES, FILES = 400, 14
_MODULE = re.compile(r"galleria_action(\.\w+)+")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--no-cache", "--no-logo"]
    env = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_imports_lead_downward():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "told"),
    [
        ("errors.py", "from galleria_action.deployment.stop import Stop", "No import leads upward BROKEN"),
        ("storage/words.py", "from galleria_action.gallery import keys", "No import leads upward BROKEN"),
        ("deployment/stop.py", "import galleria_action.storage", "Nobody inside comes in by a front door BROKEN"),
        ("attic/__init__.py", "", "attic"),
    ],
    ids=["upward", "sideways", "by the front door", "a room without a floor"],
)
def test_what_does_not_is_found(file: str, line: str, told: str, tmp_path: Path):
    shutil.copytree(PACKAGE, tmp_path / "galleria_action", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "galleria_action" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    assert told in done.stdout


def _modules_in_strings(path: Path) -> Iterator[str]:
    """A module that is imported by its name in a string is on no drawing, and under no rule."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if re.search("[\"']galleria_action", text) else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"


def test_no_module_is_named_in_a_string():
    assert [found for path in sorted(PACKAGE.rglob("*.py")) for found in _modules_in_strings(path)] == []


def test_a_module_in_a_string_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "x.py").write_text('"""Of galleria_action.api."""\nHOME = "galleria_action.api"\n')
    assert list(_modules_in_strings(tmp_path / "x.py")) == ["x.py:2: galleria_action.api"]


# -- the page --------------------------------------------------------------------------------------------------------


def column(heading: str) -> list[str]:
    """The names in the first column of the page's table that is headed so."""
    table = PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_the_drawing_is_fresh():
    assert drawn(PAGE) == PAGE, "run `make generate`"


def test_an_arrow_says_what_other_arrows_do_not():
    house = {name: Room(name, set(others)) for name, *others in ["abc", "bc", "c"]}
    arrows = re.findall(r"(\w) --> (\w)", drawing(house, [["a"], ["b", "nowhere"], ["c"]]))
    assert arrows == [("a", "b"), ("b", "c")]


def test_every_room_is_told_of():
    assert sorted(column("room | what is decided there")) == sorted(rooms())


def _too_large() -> Iterator[str]:
    for top in ("galleria_action", "tests", "benchmarks", "examples", "docs"):
        files = [path for path in sorted((ROOT / top).rglob("*.py")) if "__pycache__" not in path.parts]
        for folder in sorted({path.parent for path in files}):
            if len([path for path in files if path.parent == folder and path.name != "__init__.py"]) > FILES:
                yield folder.relative_to(ROOT).as_posix()
        for path in files:
            if len(path.read_text(encoding="utf-8").splitlines()) > LINES:
                yield path.relative_to(ROOT).as_posix()


def test_dataclasses_are_our_own():
    """Python's cost each run a part of a millisecond a piece, and its ``field`` means nothing to ours."""
    elsewhere = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.name != "values.py" and "dataclasses" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom | ast.Import)
        if "dataclasses" in (getattr(node, "module", ""), *(name.name for name in node.names))
    ]
    assert not elsewhere, "import what you need from galleria_action.values"


def test_no_more_groups_are_possessive():
    """Before 3.11.5 Python goes on at the wrong place behind one whose last turn has failed half-way (gh-106052), as
    that of Debian 12 does; an atomic group, ``(?>(?:...)*)``, does not. It keeps each of its turns in memory, though:
    those that have one for each character of a large document, and fail half-way only where all fails, are left."""
    possessive = re.compile(r"(?<!\\)\)(?:[*+?]|\{[0-9,]+\})\+")
    found = {str(it.relative_to(PACKAGE)) for it in PACKAGE.rglob("*.py") if possessive.search(it.read_text("utf-8"))}
    assert found == {
        "gallery/links.py",
        "gallery/metadata/json_source.py",
        "gallery/metadata/positions.py",
    }


def test_what_is_large_has_a_reason():
    assert f"at most {LINES} lines, a folder at most {FILES} files" in PAGE
    assert sorted(column("larger | why")) == sorted(_too_large())


def test_every_reason_is_a_word_of_the_page():
    (row,) = re.findall(r"(?m)^\| reason \| (.*)$", PAGE)
    assert re.findall(r"`([a-z]+)`", row) == list(Reason)


def test_every_decision_is_in_their_index():
    folder = ROOT / "docs/decisions"
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")))
    assert linked == {path.name for path in folder.glob("*.md")} - {"README.md"}
