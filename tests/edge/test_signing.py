"""With whose credentials AWS's own services are asked."""

from __future__ import annotations

import pytest

from galleria_action.edge import signing
from galleria_action.errors import CredentialsError
from galleria_action.storage.interface import Target
from galleria_action.storage.settings import StoreSettings

OF_AWS = {"AWS_ACCESS_KEY_ID": "variable", "AWS_SECRET_ACCESS_KEY": "hidden"}
CHAIN = ("chain", "hidden", "token")


def settings(endpoint: str | None = None, *, keys: bool = True) -> StoreSettings:
    own = {"access_key": "own", "secret_key": "hidden", "session_token": "t"} if keys else {}
    return StoreSettings(target=Target(endpoint, "wedding"), **own)


@pytest.fixture(autouse=True)
def chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_chain", lambda: CHAIN)


def nothing() -> tuple[str, str, str | None]:
    raise CredentialsError("There are no credentials.")


def test_the_variables_come_first():
    assert signing.keys_of(OF_AWS, settings())() == ("variable", "hidden", None)
    assert signing.keys_of({**OF_AWS, "AWS_SESSION_TOKEN": "s"}, settings())() == ("variable", "hidden", "s")


def test_half_of_them_is_none():
    assert signing.keys_of({"AWS_ACCESS_KEY_ID": "variable"}, settings())() == ("own", "hidden", "t")


def test_the_buckets_own_are_aws_only_where_it_lies_there():
    elsewhere = settings("https://s3.example.org")
    assert signing.keys_of({}, settings())() == ("own", "hidden", "t")
    assert signing.keys_of({}, elsewhere)() == CHAIN


def test_where_the_chain_offers_nothing_the_buckets_own_are_tried(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signing, "_chain", nothing)
    assert signing.keys_of({}, settings("https://s3.example.org"))() == ("own", "hidden", "t")


def test_without_any_it_is_an_error_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signing, "_chain", nothing)
    given = signing.keys_of({}, settings(keys=False))
    with pytest.raises(CredentialsError):
        given()
