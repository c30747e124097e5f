"""With whose credentials AWS's own services are asked."""

from __future__ import annotations

import pytest

from galleria_action.edge import signing
from galleria_action.edge.routers.kinds import parse_router
from galleria_action.edge.routers.opening import open_router
from galleria_action.errors import CredentialsError
from galleria_action.storage.interface import Target
from galleria_action.storage.settings import StoreSettings
from tests.edge.router_fakes import Fake, FakeCloudFront, FakeKvs, served
from tests.reliability.memory import MemoryStore

OF_AWS = {"AWS_ACCESS_KEY_ID": "variable", "AWS_SECRET_ACCESS_KEY": "hidden"}
CHAIN = ("chain", "hidden", "token")


def settings(endpoint: str | None = None, *, keys: bool = True) -> StoreSettings:
    own = {"access_key": "own", "secret_key": "hidden", "session_token": "t"} if keys else {}
    return StoreSettings(target=Target(endpoint, "gallery"), **own)


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


@pytest.mark.parametrize(
    ("router", "fake", "variable"),
    [
        ("cloudfront:E1234567890", FakeCloudFront(), "AWS_ENDPOINT_URL_CLOUDFRONT"),
        (
            "cloudfront-kvs:arn:aws:cloudfront::123456789012:key-value-store/abc",
            FakeKvs(),
            "AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE",
        ),
    ],
)
def test_a_router_is_not_asked_with_the_keys_of_a_bucket_elsewhere(
    router: str, fake: Fake, variable: str, monkeypatch: pytest.MonkeyPatch
):
    """A service is not shown who somebody is at another one."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    with served(fake) as url:
        monkeypatch.setenv(variable, url)
        opened = open_router(parse_router(router), MemoryStore(), settings("https://s3.example.org"))
        assert opened
        opened.look()
    assert fake.asked
    assert all("Credential=chain/" in headers["authorization"] for _, _, headers, _ in fake.asked)
