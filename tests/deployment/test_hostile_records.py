"""What lies in our own records' place, when somebody else wrote it: nothing that we would delete, copy or believe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from galleria_action.deployment.galleries import RemoteGallery
from galleria_action.deployment.layout import Layout
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.previews.marks import MarkUnreadable, Preview, parse_mark
from galleria_action.deployment.releases.record import ReleaseUnreadable, parse_release
from galleria_action.deployment.routing.router import Routing, parse_routing
from galleria_action.deployment.state.begun import begun_document, parse_begun
from galleria_action.deployment.state.debts import DebtUnreadable, parse_debt
from galleria_action.deployment.state.manifest import Leaving, Manifest
from galleria_action.deployment.state.publication import (
    Publication,
    PublicationUnreadable,
    Replaced,
    parse_publication,
)
from galleria_action.deployment.state.written import ManifestUnreadable, parse_manifest, written
from galleria_action.errors import GalleriaError
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.pipeline.model import Outcome, State
from galleria_action.pipeline.record import RunUnreadable, parse_run, to_bytes
from galleria_action.storage.interface import Headers, Target
from galleria_action.watch.memory import memory_of
from tests.deployment.test_debts import DEBT
from tests.deployment.test_releases import FULL
from tests.deployment.values import entry_of, local_gallery, local_photo, remote_gallery, source_file
from tests.pipeline.test_shown import of

PHOTO = local_photo("a")
SITE = entry_of(source_file("index.html"))
#: keys that no gallery has
FOREIGN = [
    METADATA_KEY, METADATA_KEY.upper(), ".galleria/manifest.json", ".galleria/pool/x", ".GALLERIA/x",
    "../elsewhere/a.jpg", "/absolute.jpg", "a//b.jpg", "a/../../b.jpg", "a\\b.jpg", "a\0b.jpg", "",
    "x" * 1025, "C:/x.jpg", "a/",
]  # fmt: skip


@pytest.mark.parametrize("key", FOREIGN)
def test_a_record_names_nothing_that_no_gallery_has(key: str):
    """Whoever can write a manifest would otherwise have us delete the metadata, or what lies elsewhere."""
    hostile = Manifest({key: SITE, "index.html": SITE}, {key: Leaving(None), "old.html": Leaving(None)}, "metadata")
    read = parse_manifest(written(hostile))
    assert set(read.objects) == {"index.html"}
    assert set(read.leaving) == {"old.html"}
    remote = replace(remote_gallery(PHOTO), manifest=read)
    plan = make_plan(local_gallery(PHOTO, site=()), remote, Target(None, "bucket"))
    assert {gone.key for gone in plan.deletes} == {"index.html", "old.html"}


@pytest.mark.parametrize("key", FOREIGN)
def test_a_publish_takes_nothing_back_that_no_gallery_has(key: str):
    replaced = Replaced(1, "etag", None, Headers("image/jpeg", "no-cache"), SITE)
    with pytest.raises(PublicationUnreadable):
        parse_publication(Publication("0" * 64, None, {key: replaced}, True).to_bytes())


@pytest.mark.parametrize("kept", ["index.html", METADATA_KEY, ".galleria/manifest.json", ".galleria/pool/../../x", 7])
def test_a_publish_takes_nothing_back_from_elsewhere(kept: object):
    replaced = Replaced(1, "etag", ".galleria/pool/" + "0" * 64, Headers("image/jpeg", "no-cache"), SITE)
    document = json.loads(Publication("0" * 64, None, {"a.jpg": replaced}, True).to_bytes())
    document["replaced"]["a.jpg"]["kept"] = kept
    with pytest.raises(PublicationUnreadable):
        parse_publication(json.dumps(document).encode())


def test_without_a_record_nothing_is_deleted_but_what_the_metadata_named():
    plan = make_plan(local_gallery(), RemoteGallery(), Target(None, "bucket"))
    assert plan.deletes == ()


# -- any value in any place ------------------------------------------------------------------------------------------

_REPLACED = Replaced(1, "etag", ".galleria/pool/" + "0" * 64, Headers("image/jpeg", "no-cache"), SITE)
_RUN = of("a", Outcome("done"), State.SUCCEEDED)
_FAILING = {"reason": "x", "since": "2026-01-31T12:00:00+00:00", "told": "2026-01-31T12:00:00+00:00"}
#: as each is stored, and who reads it
STORED: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "record": (written(Manifest({"a.jpg": SITE}, {"b.jpg": Leaving("b", "e")}, "metadata")), parse_manifest),
    "publication": (Publication("0" * 64, None, {"a.jpg": _REPLACED}, True).to_bytes(), parse_publication),
    "release": (FULL.to_bytes(), lambda raw: parse_release(raw, FULL.id)),
    "debt": (DEBT.to_bytes(), lambda raw: parse_debt(DEBT.key, raw)),
    "plan": (begun_document(make_plan(local_gallery(PHOTO), RemoteGallery(), Target(None, "b"))), parse_begun),
    "routing": (
        Routing(Layout.slot("a")).on_trial(Layout.slot("b"), 10, "0" * 64).to_bytes(),
        lambda raw: parse_routing(raw, "live.json"),
    ),
    "mark": (
        Preview("pr-5", datetime(2026, 1, 31, 12, tzinfo=UTC), "b", "p/", 5).to_bytes(),
        lambda raw: parse_mark(raw, "pr-5"),
    ),
    "run": (to_bytes(_RUN), lambda raw: parse_run(raw, _RUN.id, _RUN.pipeline)),
    "memory": (json.dumps({"schema": 1, "failing": {"deploy": _FAILING}}).encode(), memory_of),
}
#: as JSON
ODD = [
    "1e999", "-1e999", "NaN", "9" * 400, "-1", "1.5", "null", "true", "[]", "{}", '""', '"\\ud800"', '"\\u0000"',
    '"9999-12-31T23:59:59-23:59"', '"2026-01-31T12:00:00"', '{"a": 1}', "[[1]]", "[" * 50 + "]" * 50, f'"{"x" * 5000}"',
]  # fmt: skip


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    for name in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[name], (*place, name))


def _with(document: Any, place: tuple[Any, ...], odd: str) -> bytes:
    """``document`` as JSON, with ``odd`` in that ``place``."""
    changed = json.loads(json.dumps({"it": document}))
    holder, within = changed, ("it", *place)
    for name in within[:-1]:
        holder = holder[name]
    holder[within[-1]] = "in its place"
    return json.dumps(changed["it"]).replace('"in its place"', odd).encode()


@pytest.mark.parametrize("name", STORED)
def test_no_value_in_any_place_is_a_defect(name: str):
    raw, read = STORED[name]
    assert read(raw)
    document = json.loads(raw)
    refusals = GalleriaError, ManifestUnreadable, PublicationUnreadable, ReleaseUnreadable, DebtUnreadable
    refused = 0
    for place in _places(document):
        for odd in ODD:
            try:
                read(_with(document, place, odd))
            except (*refusals, MarkUnreadable, RunUnreadable):
                refused += 1
    assert refused or name in ("plan", "memory"), "what these do not understand is nothing"
