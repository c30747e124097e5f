"""Which photos on disk are doubted without being read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from galleria_action.deployment.stale import Doubt, Proofs, doubt, is_as_deployed
from galleria_action.deployment.state.entries import Entries
from galleria_action.gallery.local.files import LocalFiles
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


LARGE = replace(DEPLOYED, source_size=5000)


@pytest.mark.parametrize(
    ("size", "entry", "tracked", "proved"),
    [
        (FILE.size, DEPLOYED, Tracked("b1"), True),
        (FILE.size, DEPLOYED, Tracked("b2"), False),
        (FILE.size, DEPLOYED, Tracked(None), False),
        (FILE.size, DEPLOYED, Tracked(""), False),
        (FILE.size, DEPLOYED, None, False),
        (FILE.size, None, Tracked("b1"), False),
        (FILE.size, OLD_RECORD, Tracked(""), False),
        (FILE.size + 1, DEPLOYED, Tracked("b1"), False),
        (5000, LARGE, Tracked(pointer_blob_id(FILE.sha256, 5000)), True),
        # a checkout without Git LFS: the pointer has the right id, but it is not the file
        (130, LARGE, Tracked(pointer_blob_id(FILE.sha256, 5000)), False),
        (FILE.size, DEPLOYED, Tracked(POINTER), False),
    ],
)
def test_a_file_is_known_to_be_as_deployed_by_its_id_and_size(size, entry, tracked, proved):
    assert is_as_deployed(size, entry, tracked) is proved


@pytest.mark.parametrize("together", [1, 100])
def test_many_files_are_proved_as_each_is(monkeypatch: pytest.MonkeyPatch, together: int):
    monkeypatch.setattr("galleria_action.deployment.stale._TOGETHER", together)
    blobs = ["b1" * 20, "b2" * 20, pointer_blob_id(FILE.sha256, 5000)]
    files = [source_file(f"full/{number}.jpg", "full").local for number in range(24)]
    files = [replace(it, size=[FILE.size, 5000, 130][number % 3]) for number, it in enumerate(files)]
    told = [blobs[number // 3 % 3] for number in range(len(files))]
    sizes = [FILE.size, 5000]
    recorded = {
        file.key: replace(DEPLOYED, source_size=sizes[number // 9 % 2], source_blob=blobs[0])
        for number, file in enumerate(files)
        if number % 7
    }
    proofs = Proofs(Entries.of(recorded))
    proofs.add_deployed(LocalFiles(files), enumerate(map(bytes.fromhex, told)))
    expected = {
        file.key: FILE.sha256
        for file, blob in zip(files, told, strict=True)
        if is_as_deployed(file.size, recorded.get(file.key), Tracked(blob))
    }
    assert dict(proofs) == expected
    assert 0 < len(expected) < len(recorded)
