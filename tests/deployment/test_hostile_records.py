"""What lies in our own records' place, when somebody else wrote it: nothing that we would delete, copy or believe."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from galleria_action.deployment.galleries import RemoteGallery
from galleria_action.deployment.planner import make_plan
from galleria_action.deployment.state.manifest import Leaving, Manifest
from galleria_action.deployment.state.publication import (
    Publication,
    PublicationUnreadable,
    Replaced,
    parse_publication,
)
from galleria_action.deployment.state.written import parse_manifest, written
from galleria_action.gallery.keys import METADATA_KEY
from galleria_action.storage.interface import Headers, Target
from tests.deployment.values import entry_of, local_gallery, local_photo, remote_gallery, source_file

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
