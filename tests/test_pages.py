"""The pages hang together: what they link to exists, all are in the index, and the README is short."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_WORDS = 900
_LINK = re.compile(r"""\]\(([^()\s]+)\)|(?:src|href)="([^"]+)\"""")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """All pages that are part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [ROOT / name for name in listed.stdout.splitlines()] or [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    return sorted(path for path in found if path.exists() and "snapshots" not in path.parts)


@cache
def anchors(path: Path) -> frozenset[str]:
    """The places in a page that a link can lead to, as GitHub names them."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return frozenset(
        re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in _HEADING.findall(text)
    )


def dead_links(path: Path) -> Iterator[str]:
    text = _CODE.sub("", path.read_text(encoding="utf-8"))
    for target in (one or other for one, other in _LINK.findall(text)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        if not place.exists():
            yield f"{target}: there is no such file"
        elif anchor and place.suffix == ".md" and anchor not in anchors(place):
            yield f"{target}: there is no such heading"


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path):
    assert list(dead_links(path)) == []


def test_a_dead_link_is_found(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A title: here\n[a](#a-title-here) [b](page.md#there) [c](none.md) `[d](e)` [f](https://g.example)\n"
    )
    assert list(dead_links(page)) == ["page.md#there: there is no such heading", "none.md: there is no such file"]


def test_the_tests_of_the_threat_model_exist():
    """A promise without a test is none; a test that was renamed takes its promise along."""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/threat-model.md").read_text(encoding="utf-8"))
    assert len(named) > 30
    assert [f"{file}::{test}" for file, test in named if not _is_test(ROOT / file, test)] == []


def test_every_threat_has_a_test():
    text = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| tries |")]
    assert [row for row in rows if "::test_" not in row.rpartition(" | ")[2]] == []


def _is_test(file: Path, name: str) -> bool:
    return file.exists() and re.search(rf"^ *def {name}\(", file.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    linked = {target.partition("#")[0] for target, _ in _LINK.findall(index)}
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"} <= linked


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= MOST_WORDS
