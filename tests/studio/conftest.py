"""What the tests of the studio share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from galleria_action.deployment.events import Event, Listener, Warned
from galleria_action.studio import gather
from galleria_action.studio.pool import Stopped
from galleria_action.studio.worker import answer


def warnings_into(texts: list[str]) -> Listener:
    """A listener that keeps the texts of warnings."""

    def hear(event: Event) -> None:
        if isinstance(event, Warned):
            texts.append(event.text)

    return hear


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the work of the pool in this process: what is tested is not the pool, and starting one takes its time."""

    def run_all(work: Iterable[Any], *, stopped: Callable[[], bool], **_: Any) -> Iterator[tuple[Any, Any]]:
        for piece in work:
            if stopped():
                raise Stopped
            yield json.loads(json.dumps(piece)), json.loads(json.dumps(answer(json.loads(json.dumps(piece)))))

    monkeypatch.setattr(gather, "run_all", run_all)
    try:
        from galleria_action.studio.duplicates import find
    except ImportError:
        return
    monkeypatch.setattr(find, "run_all", run_all)
