"""Which photos on disk are doubted without being read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from galleria_action.deployment.stale import Doubt, doubt
from galleria_action.gallery.local.git_index import Tracked, pointer_blob_id
from tests.deployment.values import entry_of, source_file

FILE = source_file("full/a.jpg", "full")
DEPLOYED = replace(entry_of(FILE), source_size=FILE.size, source_blob="b1")
OLD_RECORD = entry_of(FILE)
POINTER = pointer_blob_id(FILE.sha256, FILE.size)


@pytest.mark.parametrize(
    ("entry", "tracked", "newer", "expected"),
    [
        (DEPLOYED, None, False, Doubt.NONE),
        (DEPLOYED, None, True, Doubt.SOME),
        (DEPLOYED, Tracked("b1"), True, Doubt.NONE),
        (DEPLOYED, Tracked(POINTER), True, Doubt.NONE),
        (DEPLOYED, Tracked("b2"), False, Doubt.SOME),
        (DEPLOYED, Tracked(None), False, Doubt.SOME),
        (replace(DEPLOYED, source_size=FILE.size + 1), Tracked("b1"), False, Doubt.PROVED),
        (replace(DEPLOYED, source="0" * 64, source_size=99), None, False, Doubt.NONE),
        (OLD_RECORD, Tracked("b2"), True, Doubt.NONE),
        (OLD_RECORD, Tracked(None), True, Doubt.SOME),
        (None, None, False, Doubt.NONE),
        (None, Tracked(POINTER), True, Doubt.NONE),
    ],
)
def test_doubt(entry, tracked, newer, expected):
    assert doubt(FILE, entry, tracked, newer=newer) is expected
