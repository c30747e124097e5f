"""Both S3 stores on a scripted server, and every call of the interface."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from galleria_action.errors import GalleriaError
from galleria_action.storage.interface import Headers, IfAbsent, IfMatch, Target
from galleria_action.storage.persistence import Persistence
from galleria_action.storage.providers import provider_of
from galleria_action.storage.s3.boto3_store import Boto3Store
from galleria_action.storage.s3.s3_store import S3Store, open_bucket
from galleria_action.storage.settings import StoreSettings
from tests.storage.clients import make_client
from tests.storage.scripted import scripted

JPEG = Headers("image/jpeg", "no-cache")
SECRET = "canary-secret-key-0123456789"
ACCESS = "AKIACANARYACCESSKEY1"
TOKEN = "canary-session-token-0123456789"


def settings_for(url: str, prefix: str = "gal/") -> StoreSettings:
    target = Target(endpoint=url, bucket="bucket", prefix=prefix)
    return StoreSettings(target=target, access_key=ACCESS, secret_key=SECRET, session_token=TOKEN, concurrency=4)


def open_s3(url: str, provider: str = "generic", tries: int = 1) -> S3Store:
    settings, profile = settings_for(url), provider_of(url, provider)
    return S3Store(settings, profile, open_bucket(settings, profile), attempts=tries)


def open_boto3(url: str, provider: str = "generic", tries: int = 1) -> Boto3Store:
    settings, profile = settings_for(url), provider_of(url, provider)
    persist = Persistence(settings.concurrency, attempts=tries)
    return Boto3Store(make_client(settings, profile, attempts=1), settings.target, provider=profile, persist=persist)


CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "get": (lambda store: store.get("a.jpg"), "s3:GetObject"),
    "head": (lambda store: store.head("a.jpg"), "s3:GetObject"),
    "list": (lambda store: list(store.list()), "s3:ListBucket"),
    "put": (lambda store: store.put("a.jpg", b"x", JPEG), "s3:PutObject"),
    "put if absent": (lambda store: store.put("a.jpg", b"x", JPEG, IfAbsent()), "s3:PutObject"),
    "put if match": (lambda store: store.put("a.jpg", b"x", JPEG, IfMatch("e")), "s3:PutObject"),
    "copy": (lambda store: store.copy("a.jpg", "b.jpg", JPEG), "s3:PutObject"),
    "delete": (lambda store: store.delete(["a.jpg"]), "s3:DeleteObject"),
}


def raised(open_it: Callable[..., Any], call: str, *answers: Any) -> GalleriaError:
    """The error of ``call`` against ``answers``, checked for what no text may hold."""
    with scripted(*answers) as script, pytest.raises(GalleriaError) as caught:
        CALLS[call][0](open_it(script.url))
    for text in (str(caught.value), caught.value.hint or "", repr(caught.value)):
        assert not re.search(r"canary|AKIACANARY|Signature=|AWS4-HMAC|X-Amz", text, re.IGNORECASE)
        assert text.isprintable()
        assert len(text) < 700
    return caught.value
