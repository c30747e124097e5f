"""What earlier runs have written down may come from a cache or a stranger: it decides nothing but what is made anew."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path

import pytest

from galleria_action.errors import GalleryInvalid
from tests.studio.job import Studio
from tests.studio.photos import put


@pytest.fixture
def studio(tmp_path: Path, at_hand: None) -> Studio:
    return Studio(tmp_path)


def test_a_ledger_of_rubbish_is_as_good_as_none(studio: Studio) -> None:
    studio.shot("a.jpg", 1)
    studio.run()
    whole = studio.files()
    ledger = studio.source / ".studio/ledger.jsonl"
    deep, endless = b"[" * 200_000, b'{"edition":1,"path":"x","stamp":[1e999,1,1,1],"sha256":"x"}'
    hostile = {"edition": 1, "files": ["../../originals/a.jpg", "web/../../../x", 7]}
    rubbish = (b"\xff\x00", b'{"half', b"[]", b"7", b"{}", deep, endless, json.dumps(hostile).encode())
    ledger.write_bytes(b"\n".join((*rubbish, ledger.read_bytes()[:99])))
    assert studio.run().made == 1
    assert studio.files() == whole
    assert (studio.originals / "a.jpg").exists()


def test_a_ledger_cannot_lead_out_of_the_gallery(studio: Studio) -> None:
    studio.shot("a.jpg", 1)
    studio.run()
    ledger = studio.source / ".studio/ledger.jsonl"
    ledger.write_text(ledger.read_text().replace('"variant": "web"', '"variant": "../../../x"'))
    assert studio.run().made == 1
    studio.check()


def test_a_ledger_puts_nothing_outside_the_workspace(tmp_path: Path, at_hand: None) -> None:
    outside, workspace = tmp_path / "out", tmp_path / "workspace"
    outside.mkdir()
    workspace.mkdir()
    studio = Studio(workspace)
    studio.shot("a.jpg", 1)
    studio.run()
    ledger, body = studio.source / ".studio/ledger.jsonl", b"a stranger's"
    lines = [json.loads(line) for line in ledger.read_text().splitlines() if line]
    record = next(line["record"] for line in lines if "record" in line)
    proof = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "pixels": [1, 1]}
    record["made"].append({"variant": "x/../../../../out", "extension": "jpg", **proof})
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (studio.source / f".studio/made/{record['sha256']}-{record['fingerprint']}.x").mkdir()
    (studio.source / "x").mkdir()
    put(studio.source.parent, "out.jpg", body)  # where the variant leads to from there
    with contextlib.suppress(GalleryInvalid):
        studio.run()
    assert not list(outside.iterdir())
