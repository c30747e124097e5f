"""Which photos on disk are doubted without being read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.deployment.stale import Doubt, Proofs, doubt, is_as_deployed, unproved
from galleria_action.deployment.state.entries import Entries
from galleria_action.gallery.local.git_index import pointer_blob_id
from tests.deployment.values import entry_of, source_file

FILE = source_file("full/a.jpg", "full")
DEPLOYED = replace(entry_of(FILE), source_size=FILE.size, source_blob="b1")
OLD_RECORD = entry_of(FILE)
POINTER = pointer_blob_id(FILE.sha256, FILE.size)


@pytest.mark.parametrize(
    ("entry", "blob", "newer", "expected"),
    [
        (DEPLOYED, None, False, Doubt.NONE),
        (DEPLOYED, None, True, Doubt.SOME),
        (DEPLOYED, "b1", True, Doubt.NONE),
        (DEPLOYED, POINTER, True, Doubt.NONE),
        (DEPLOYED, "b2", False, Doubt.SOME),
        (DEPLOYED, "", False, Doubt.SOME),
        (replace(DEPLOYED, source_size=FILE.size + 1), "b1", False, Doubt.PROVED),
        (replace(DEPLOYED, source="0" * 64, source_size=99), None, False, Doubt.NONE),
        (OLD_RECORD, "b2", True, Doubt.NONE),
        (OLD_RECORD, "", True, Doubt.SOME),
        (None, None, False, Doubt.NONE),
        (None, POINTER, True, Doubt.NONE),
    ],
)
def test_doubt(entry, blob, newer, expected):
    assert doubt(replace(FILE, blob=blob), entry, newer=newer) is expected


LARGE = replace(DEPLOYED, source_size=5000)


@pytest.mark.parametrize(
    ("size", "entry", "blob", "proved"),
    [
        (FILE.size, DEPLOYED, "b1", True),
        (FILE.size, DEPLOYED, "b2", False),
        (FILE.size, DEPLOYED, "", False),
        (FILE.size, DEPLOYED, "", False),
        (FILE.size, DEPLOYED, None, False),
        (FILE.size, None, "b1", False),
        (FILE.size, OLD_RECORD, "", False),
        (FILE.size + 1, DEPLOYED, "b1", False),
        (5000, LARGE, pointer_blob_id(FILE.sha256, 5000), True),
        # a checkout without Git LFS: the pointer has the right id, but it is not the file
        (130, LARGE, pointer_blob_id(FILE.sha256, 5000), False),
        (FILE.size, DEPLOYED, POINTER, False),
    ],
)
def test_a_file_is_known_to_be_as_deployed_by_its_id_and_size(size, entry, blob, proved):
    assert is_as_deployed(size, entry, blob) is proved


@given(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")), st.permutations("abcdef"))
def test_what_is_not_proved_is_what_no_proof_is_found_for(known: set[str], same: set[str], keys: list[str]):
    proofs = Proofs(Entries.of(dict.fromkeys(sorted(known), DEPLOYED)))
    proofs.add(keys, [FILE.size] * 6, ["b1" if key in same else "b2" for key in keys])
    assert set(proofs) == known & same
    for proved in (proofs, dict(proofs)):
        assert [keys[place] for place in unproved(keys, proved)] == [key for key in keys if key not in known & same]
    assert {key: proofs.blob_of(key) for key in keys} == {key: "b1" if key in same else "b2" for key in keys}
