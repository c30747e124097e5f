"""Whatever GitHub answers, reviews neither raise nor let a secret out; and nobody loads them who does not need them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galleria_action.ci.github.api import GitHubApi
from galleria_action.ci.github.event import Event
from galleria_action.ci.github.reviews import GitHubReviews
from galleria_action.ci.interface import NoApproval, Wishes
from galleria_action.ci.reviews.marker import Marker, identity_of, sealed
from galleria_action.net.rest import ApiError, Rest
from tests.builders import make_gallery
from tests.report import examples

COMMIT, REPOSITORY = "b2" * 20, "maker/wedding"
OURS = sealed("a" * 64, Marker(identity_of(f"{REPOSITORY}#12", examples.TARGET, ""), (1, 1), "a" * 64, COMMIT))
_NAMES = ("id", "body", "user", "login", "number", "merged_at", "head", "base", "repo", "full_name", "data", "viewer")
_VALUES = st.none() | st.booleans() | st.integers(-1, 99) | st.sampled_from([REPOSITORY, OURS, "github-actions[bot]"])
_JSON = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_NAMES), inner), max_leaves=12
)
_COMMENT = st.fixed_dictionaries(
    {"id": st.integers(1, 9), "body": st.sampled_from([OURS, "x"]), "user": st.just({"login": "github-actions[bot]"})}
)
_ANSWERS = st.lists(
    _JSON
    | st.lists(_COMMENT, max_size=2)
    | st.sampled_from([ApiError("500", 500, unsettled=True), ApiError("403", 403)]),
    min_size=1,
    max_size=8,
)


class Whims:
    """A ``Rest`` that answers one of ``answers`` after the other, whatever is asked."""

    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers
        self.sent: list[Any] = []

    def allow(self, seconds: float) -> None:
        pass

    def call(self, method: str, path: str, body: Any = None) -> Any:
        self.sent.append(body)
        answer = self.answers.pop(0)
        self.answers.append(answer)
        if isinstance(answer, ApiError):
            raise ApiError(str(answer), answer.status, unsettled=answer.unsettled)
        return answer

    def pages(self, path: str) -> Iterator[Any]:
        items = self.call("GET", path)
        if not isinstance(items, list):
            raise ApiError("the answer is not a list")
        yield from items


def reviews(rest: Whims, number: int | None, told: list[str]) -> GitHubReviews:
    event = Event("push", REPOSITORY, COMMIT, (7, 1), "https://github.com/maker/wedding/actions/runs/7", number)
    wishes = Wishes("always", target=examples.TARGET, token="t", environment_url="https://photos.example.org")
    api = GitHubApi(cast(Rest, rest), REPOSITORY)
    return GitHubReviews(
        event, wishes, api, warn=told.append, line=told.append, redact=lambda text: text.replace("IMG", "***")
    )


@given(answers=_ANSWERS, number=st.sampled_from([None, 12]))
@settings(max_examples=80, deadline=None)
def test_no_answer_is_too_strange(answers: list[Any], number: int | None):
    told: list[str] = []
    rest = Whims(answers)
    shown = reviews(rest, number, told)
    try:
        shown.approval()
    except NoApproval as missing:
        told.append(str(missing))
    shown.deploying()
    for result in (examples.planned(examples.growing_plan(2)), examples.deployed(examples.growing_plan(2))):
        assert shown.finished(result) == {}
    assert all(isinstance(text, str) and len(text) < 1000 for text in told)
    assert "IMG" not in json.dumps(rest.sent)


@pytest.mark.parametrize(("command", "loads"), [("validate", False), ("plan --comment off", False), ("plan", True)])
def test_what_nobody_reviews_loads_nothing_for_it(tmp_path: Path, command: str, loads: bool):
    make_gallery(tmp_path / "prod/pics", 1)
    code = """
import io, sys
from pathlib import Path
from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
folder = Path(sys.argv[1])
environ = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "maker/wedding", "GITHUB_EVENT_NAME": "push"}
world = World(environ, folder, io.StringIO(), io.StringIO(), Stop())
bucket = [] if sys.argv[2] == "validate" else ["--bucket", f"file://{folder}/bucket", "--cors", "skip"]
assert run([*sys.argv[2:], *bucket], world) == 0, world.stdout.getvalue()
print(*(name for name in ("galleria_action.ci.github.reviews", "urllib3", "http.client") if name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), *command.split()],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == (["galleria_action.ci.github.reviews"] if loads else [])
