"""A store that is opened, and connected to, before anybody asks for it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from galleria_action.errors import CredentialsError
from galleria_action.storage.interface import Target, WriteStore
from galleria_action.storage.opening import OpenedAhead
from galleria_action.storage.settings import StoreSettings
from tests.reliability.memory import MemoryStore

SETTINGS = StoreSettings(target=Target("http://127.0.0.1:9", "gallery", ""), access_key="a", secret_key="s")


class Reached(MemoryStore):
    """Notes for how many requests it is made ready."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[int] = []

    def open_ahead(self, count: int) -> None:
        self.connections.append(count)


def test_it_is_opened_once_for_all_who_ask_and_reached_before() -> None:
    opened: list[Reached] = []
    settled = threading.Event()

    def opener(settings: StoreSettings) -> WriteStore:
        assert settled.wait(5)
        opened.append(Reached())
        return opened[-1]

    ahead = OpenedAhead(opener, SETTINGS)
    settled.set()  # nobody waits until somebody asks
    first = ahead(SETTINGS)
    assert first is ahead(replace(SETTINGS, pause=lambda seconds: True)), "how it waits is not where it is"
    assert [store.connections for store in opened] == [[3]]
    other = ahead(replace(SETTINGS, target=Target("http://127.0.0.1:9", "previews", "")))
    assert other is opened[1]
    assert opened[1].connections == []


def test_what_goes_wrong_is_told_to_who_asks() -> None:
    def opener(settings: StoreSettings) -> WriteStore:
        raise CredentialsError("There are none.")

    ahead = OpenedAhead(opener, SETTINGS)
    for _ in range(2):
        with pytest.raises(CredentialsError, match="none"):
            ahead(SETTINGS)
