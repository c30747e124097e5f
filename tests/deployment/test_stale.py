"""Which photos on disk are doubted without being read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from galleria_action.deployment.stale import Doubt, Proofs, doubt, is_as_deployed, told_of
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


@pytest.mark.parametrize("together", [1, 100])
def test_many_files_are_proved_as_each_is(monkeypatch: pytest.MonkeyPatch, together: int):
    monkeypatch.setattr("galleria_action.deployment.stale._TOGETHER", together)
    keys = [f"full/{number}.jpg" for number in range(24)]
    sizes = [[FILE.size, 5000, 130][number % 3] for number in range(24)]
    blobs = [["b1" * 20, "b2" * 20, pointer_blob_id(FILE.sha256, 5000)][number // 3 % 3] for number in range(24)]
    recorded = {
        key: replace(DEPLOYED, source_size=[FILE.size, 5000][number // 9 % 2], source_blob="b1" * 20)
        for number, key in enumerate(keys)
        if number % 7
    }
    proofs = Proofs(Entries.of(recorded))
    proofs.add(keys, sizes, blobs)
    told = zip(keys, sizes, blobs, strict=True)
    expected = {key: FILE.sha256 for key, size, blob in told if is_as_deployed(size, recorded.get(key), blob)}
    assert dict(proofs) == expected
    assert 0 < len(expected) < len(recorded)
    for asked in (list(recorded), [*keys, "other"], []):
        assert list(told_of(proofs, asked)) == list(told_of(expected, asked)) == list(map(expected.get, asked))
    assert proofs.without([*keys, "other"]) == {*keys, "other"} - expected.keys()
    assert proofs.blobs == {key: blob for key, blob in zip(keys, blobs, strict=True) if key not in expected}
