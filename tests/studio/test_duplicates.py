"""Near-duplicates: what is alike is found, what is not is left alone, and an interrupted search goes on."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from PIL import Image, ImageEnhance

pytest.importorskip("numpy")

from galleria_action.deployment.events import Began, Event
from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.schemas import load_schema
from galleria_action.studio.duplicates import checkpoint as checkpoint_module
from galleria_action.studio.duplicates import find as find_module
from galleria_action.studio.duplicates.document import duplicates_json
from galleria_action.studio.duplicates.find import Found, Search, find_duplicates
from galleria_action.studio.duplicates.groups import Group, Likeness, Rules, group
from galleria_action.studio.duplicates.hashes import TURNS, hashes_of
from galleria_action.studio.duplicates.measure import Measured
from galleria_action.studio.pool import Lost, Stopped
from tests.studio.conftest import warnings_into
from tests.studio.photos import exif, photo, put
from tests.studio.scenes import scene
from tests.studio.test_hashes import turned

pytestmark = pytest.mark.usefixtures("at_hand")


def search(folder: Path, told: list[str] | None = None, stopped: Any = lambda: False, **settings: Any) -> Found:
    rules = Rules(settings.pop("threshold", 10), settings.pop("hash_size", 8))
    wanted = Search(folder, rules, **settings)
    heard: list[str] = [] if told is None else told
    return find_duplicates(wanted, Workspace(folder), stopped=stopped, tell=warnings_into(heard))


def saved(image: Image.Image, quality: int = 90, **extra: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, **extra)
    return out.getvalue()


def cropped(image: Image.Image, share: float) -> Image.Image:
    dx, dy = int(image.width * share / 2), int(image.height * share / 2)
    return image.crop((dx, dy, image.width - dx, image.height - dy))


def drifted(image: Image.Image, share: float) -> Image.Image:
    """The next frame of a burst: the camera has moved a little."""
    large = image.resize((int(image.width * 1.1), int(image.height * 1.1)))
    dx = int(image.width * share)
    return large.crop((dx, dx // 2, dx + image.width, dx // 2 + image.height))


#: what was done to a photo, and whether it has to be found at threshold 10
CHANGES: dict[str, tuple[Callable[[Image.Image], bytes], bool]] = {
    "half the size": (lambda i: saved(i.resize((i.width // 2, i.height // 2))), True),
    "200 px": (lambda i: saved(i.resize((200, 133))), True),
    "quality 20": (lambda i: saved(i, 20), True),
    "brighter": (lambda i: saved(ImageEnhance.Brightness(i).enhance(1.25)), True),
    "darker": (lambda i: saved(ImageEnhance.Brightness(i).enhance(0.75)), True),
    "grey": (lambda i: saved(i.convert("L")), True),
    "crop 2 %": (lambda i: saved(cropped(i, 0.02)), True),
    "turned 90°": (lambda i: saved(i.transpose(Image.Transpose.ROTATE_90)), True),
    "turned 180°": (lambda i: saved(i.transpose(Image.Transpose.ROTATE_180)), True),
    "turned 270°, small": (lambda i: saved(i.transpose(Image.Transpose.ROTATE_270).resize((160, 240))), True),
    "mirrored": (lambda i: saved(i.transpose(Image.Transpose.FLIP_LEFT_RIGHT)), True),
    "crop 10 %": (lambda i: saved(cropped(i, 0.10)), False),
    "burst 3 %": (lambda i: saved(drifted(i, 0.03)), False),
}


class TestLabelledSet:
    """Precision and recall over 12 scenes, each in 13 variants, and 90 strangers."""

    SCENES, STRANGERS = 12, 90

    @pytest.fixture(scope="class")
    @classmethod
    def photos(cls) -> list[Measured]:
        photos = []
        for number in range(cls.SCENES):
            image = scene(number)
            photos.append(cls.measured(f"{number}/original", saved(image, 95)))
            photos += [cls.measured(f"{number}/{name}", change(image)) for name, (change, _) in CHANGES.items()]
        photos += [cls.measured(f"s{n}/original", saved(scene(1000 + n))) for n in range(cls.STRANGERS)]
        return photos

    @staticmethod
    def measured(path: str, data: bytes) -> Measured:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        small = image.resize((256, max(1, 256 * image.height // image.width)), Image.Resampling.LANCZOS)
        return Measured(path, f"{hash(data):x}", len(data), image.size, hashes_of(small, 8))

    @staticmethod
    def judge(groups: tuple[Group, ...]) -> tuple[int, int, set[str]]:
        """Pairs of one scene, pairs of two, and the variants that were found."""
        right, wrong, found = 0, 0, set()
        for members in groups:
            for other in members.others:
                same = other.photo.path.split("/")[0] == members.best.path.split("/")[0]
                right, wrong = right + same, wrong + (not same)
                if same:
                    found |= {other.photo.path, members.best.path}
        return right, wrong, found

    @pytest.mark.parametrize(
        ("threshold", "precision", "recall"), [(4, 0.999, 0.80), (8, 0.995, 0.87), (10, 0.99, 0.93)]
    )
    def test_precision_and_recall(
        self, photos: list[Measured], threshold: int, precision: float, recall: float
    ) -> None:
        right, wrong, found = self.judge(group(photos, Rules(threshold)))
        variants = [p.path for p in photos if not p.path.startswith("s") and not p.path.endswith("original")]
        assert right / (right + wrong) >= precision
        assert sum(path in found for path in variants) / len(variants) >= recall

    def test_what_has_to_be_found_is_found(self, photos: list[Measured]) -> None:
        *_, found = self.judge(group(photos, Rules()))
        for name, (_, wanted) in CHANGES.items():
            share = sum(f"{number}/{name}" in found for number in range(self.SCENES)) / self.SCENES
            assert share >= (0.9 if wanted else 0), f"{name}: {share:.0%}"

    def test_every_member_is_like_the_best_of_its_group(self, photos: list[Measured]) -> None:
        for members in group(photos, Rules()):
            assert all(other.distance <= 12 for other in members.others)


class TestGroups:
    def test_the_best_has_most_pixels_then_bytes_then_was_first(self, tmp_path: Path) -> None:
        image = scene(1)
        put(tmp_path, "small.jpg", saved(image.resize((240, 160)), 95))
        put(tmp_path, "b/large.jpg", saved(image, 95))
        put(tmp_path, "a/poor.jpg", saved(image, 40))
        (found,) = search(tmp_path).groups
        assert found.best.path == "b/large.jpg"
        assert {member.photo.path for member in found.others} == {"a/poor.jpg", "small.jpg"}

    def test_the_same_bytes_are_identical_whatever_they_show(self, tmp_path: Path) -> None:
        flat = saved(Image.new("RGB", (200, 200), (90, 90, 200)))
        put(tmp_path, "a.jpg", flat)
        put(tmp_path, "b.jpg", flat)
        put(tmp_path, "c.jpg", saved(Image.new("RGB", (300, 200), (90, 90, 201))))
        (found,) = search(tmp_path).groups
        assert [(m.photo.path, m.likeness) for m in found.others] == [("b.jpg", Likeness.IDENTICAL)]

    def test_flat_pictures_are_like_none(self, tmp_path: Path) -> None:
        for number in range(20):
            put(tmp_path, f"{number}.jpg", saved(Image.new("RGB", (200, 200), (9 * number, 90, 255 - 9 * number))))
        assert not search(tmp_path).groups

    def test_kinds_of_likeness(self, tmp_path: Path) -> None:
        image = scene(2)
        shot = {"make": "Canon", "model": "R5"}
        put(tmp_path, "0.jpg", saved(image, 95, exif=exif("2024:06:15 14:30:45", "10", **shot)))
        put(tmp_path, "encoded.jpg", saved(image, 60))
        put(tmp_path, "turned.jpg", saved(image.transpose(Image.Transpose.ROTATE_90).resize((300, 450)), 60))
        put(tmp_path, "next.jpg", saved(cropped(image, 0.01), 60, exif=exif("2024:06:15 14:30:46", "2", **shot)))
        (found,) = search(tmp_path).groups
        kinds = {member.photo.path: member.likeness for member in found.others}
        assert kinds == {"encoded.jpg": Likeness.ENCODED, "turned.jpg": Likeness.TURNED, "next.jpg": Likeness.BURST}

    def test_orientation_in_exif_is_not_a_turn(self, tmp_path: Path) -> None:
        image = scene(3)
        put(tmp_path, "a.jpg", saved(image, 95))
        stored = image.transpose(Image.Transpose.ROTATE_90)
        put(tmp_path, "b.jpg", saved(stored, 90, exif=exif(orientation=6)))
        (found,) = search(tmp_path).groups
        assert found.others[0].likeness is Likeness.ENCODED

    @pytest.mark.parametrize("turn", range(1, 8))
    @pytest.mark.parametrize("best", [0, 1])
    def test_every_turn_is_found_whichever_is_the_better_one(self, tmp_path: Path, turn: int, best: int) -> None:
        images = [scene(4), turned(scene(4), TURNS[turn])]
        images[1 - best] = images[1 - best].resize([side // 2 for side in images[1 - best].size])
        for number, image in enumerate(images):
            put(tmp_path, f"{number}.jpg", saved(image))
        (found,) = search(tmp_path, use_ssim=True).groups
        assert found.best.path == f"{best}.jpg"
        assert found.others[0].likeness is Likeness.TURNED
        assert (found.others[0].similarity or 0) > 0.9

    def test_chains_do_not_join_strangers(self) -> None:
        def photo_with(number: int, bits: int) -> Measured:
            text = f"{bits:016x}"
            hashes = hashes_of(scene(0), 8)
            same = type(hashes)((text, *hashes.phash[1:]), ("0" * 16,) * 8, False)
            return Measured(f"{number}.jpg", str(number), 100 - number, (100, 100), same)

        chain = [photo_with(number, (1 << 6 * number) - 1) for number in range(5)]
        groups = group(chain, Rules(10))
        assert [len(found.others) for found in groups] == [1, 1]
        assert groups[0].best.path == "0.jpg"

    def test_ssim_parts_what_only_hashes_join(self) -> None:
        calls: list[tuple[int, int, int]] = []

        def compare(left: int, right: int, turn: int) -> float:
            calls.append((left, right, turn))
            return 0.2

        far = type(hashes_of(scene(0), 8))
        first = far(("0" * 16,) * 8, ("0" * 16,) * 8, False)
        second = far((f"{(1 << 9) - 1:016x}",) * 8, ("0" * 16,) * 8, False)
        near = far((f"{(1 << 3) - 1:016x}",) * 8, ("0" * 16,) * 8, False)
        photos = [Measured(f"{n}", f"{n}", 9 - n, (9, 9), hashes) for n, hashes in enumerate((first, second, near))]
        assert [m.photo.path for m in group(photos, Rules(10))[0].others] == ["2", "1"]
        (found,) = group(photos, Rules(10), compare)
        assert [m.photo.path for m in found.others] == ["2"]
        assert calls


class TestSearch:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "photos"
        for number in range(6):
            put(folder, f"{number}/a.jpg", saved(scene(number)))
        put(folder, "0/again.jpg", saved(scene(0), 50))
        return folder

    def test_small_photos_are_skipped(self, folder: Path) -> None:
        put(folder, "tiny.jpg", saved(scene(0).resize((120, 80))))
        found = search(folder)
        assert found.skipped == ("tiny.jpg",)
        assert found.duplicates == 1
        assert search(folder, min_resolution=50).duplicates == 2

    def test_nothing_is_changed_or_deleted(self, folder: Path) -> None:
        before = {path: path.read_bytes() for path in folder.rglob("*.jpg")}
        search(folder, use_ssim=True)
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before

    def test_damaged_files_are_told_and_the_others_compared(self, folder: Path) -> None:
        put(folder, "cut.jpg", photo(size=(300, 200))[:3000])
        put(folder, "pointer.jpg", b"version https://git-lfs.github.com/spec/v1\n")
        told: list[str] = []
        found = search(folder, told)
        assert [problem.path for problem in found.problems] == ["cut.jpg"]
        assert len([text for text in told if "cut.jpg" in text or "pointer.jpg" in text]) == 2
        assert found.duplicates == 1

    def test_an_empty_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(GalleryInvalid):
            search(tmp_path)

    @pytest.mark.parametrize("size", [4, 12, 16])
    def test_other_sizes_of_hash(self, folder: Path, size: int) -> None:
        found = search(folder, hash_size=size, threshold=max(1, 10 * size * size // 64))
        assert any(member.photo.path == "0/again.jpg" for members in found.groups for member in members.others)

    def test_portraits_of_what_was_found(self, folder: Path) -> None:
        found = search(folder, portraits=True)
        assert found.portraits.keys() == {"0/a.jpg", "0/again.jpg"}
        assert Image.open(io.BytesIO(found.portraits["0/a.jpg"].webp)).format == "WEBP"

    def test_the_report_in_json(self, folder: Path) -> None:
        put(folder, "\udcff.jpg", saved(scene(0), 40))
        document = json.loads(duplicates_json(search(folder), Search(folder)))
        Draft202012Validator(load_schema("duplicates")).validate(document)
        with pytest.raises(ValidationError):
            Draft202012Validator(load_schema("duplicates")).validate(document | {"more": 1})
        assert document["duplicates"] == 2
        assert {other["path"] for other in document["groups"][0]["others"]} == {"0/again.jpg", "\ufffd.jpg"}

    def test_the_cache_makes_a_second_search_decode_nothing(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = search(folder, cache=tmp_path / "cache" / "hashes.json")
        monkeypatch.setattr(find_module, "run_all", lambda work, **_: iter([(w, Lost("asked")) for w in work]))
        assert search(folder, cache=tmp_path / "cache" / "hashes.json", threshold=9).groups == first.groups


class TestCheckpoint:
    @pytest.fixture(autouse=True)
    def often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(find_module, "INTERVAL", 2)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "photos"
        for number in range(12):
            put(folder, f"{number:02d}.jpg", saved(scene(number % 11), 90 - number))
        return folder

    @staticmethod
    def interrupted(folder: Path, path: Path, **settings: Any) -> dict[str, Any]:
        """The checkpoint of a search that was stopped after a few photos."""

        def enough() -> bool:
            return path.exists() and len(json.loads(path.read_bytes())["processed_files"]) >= 4

        with pytest.raises(Stopped):
            search(folder, stopped=enough, checkpoint=path, **settings)
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document

    def test_it_goes_on_where_it_was_stopped_and_is_gone_at_the_end(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "checkpoint.json"
        document = self.interrupted(folder, path)
        assert len(document["processed_files"]) == len(document["image_metadata"]) < 12
        assert document["config"] == {
            "root": str(folder), "threshold": 10, "hash_size": 8, "min_resolution": 100
        }  # fmt: skip
        assert document["timestamp"] > 1.7e9
        heard: list[Event] = []
        found = find_duplicates(
            Search(folder, checkpoint=path), Workspace(folder), stopped=lambda: False, tell=heard.append
        )
        (began,) = [event for event in heard if isinstance(event, Began)]
        assert began.files == 12 - len(document["processed_files"])
        assert (found.images, found.duplicates) == (12, 1)
        assert not path.exists()

    def test_without_resume_it_starts_afresh(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "checkpoint.json"
        document = self.interrupted(folder, path)
        path.write_text(json.dumps(document | {"image_metadata": [{"rubbish": 1}]}))
        assert search(folder, checkpoint=path, resume=False).images == 12

    def test_what_no_search_has_measured_is_measured_anew(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "checkpoint.json"
        document = self.interrupted(folder, path)
        odd = [entry | {"stamp": [1e999, 2, 3, 4]} for entry in document["image_metadata"]]
        path.write_text(json.dumps(document | {"image_metadata": [*odd, 7, {"rubbish": 1}]}))
        assert search(folder, checkpoint=path).images == 12

    @pytest.mark.parametrize("other", [{"threshold": 8}, {"hash_size": 16}, {"min_resolution": 50}])
    def test_another_configuration_warns_and_starts_afresh(
        self, folder: Path, tmp_path: Path, other: dict[str, int]
    ) -> None:
        path = tmp_path / "checkpoint.json"
        self.interrupted(folder, path)
        told: list[str] = []
        assert search(folder, told, checkpoint=path, **other).images == 12
        assert [text for text in told if "mismatch" in text and "fresh" in text and next(iter(other)) in text]

    def test_the_checkpoint_of_another_folder_is_not_used(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "checkpoint.json"
        self.interrupted(folder, path)
        shutil.copytree(folder, tmp_path / "copy")
        told: list[str] = []
        search(tmp_path / "copy", told, checkpoint=path)
        assert any("root" in text for text in told)

    @pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 9, "config": {}}', b"\xff"])
    def test_a_damaged_checkpoint_is_told_and_not_used(self, folder: Path, tmp_path: Path, rubbish: bytes) -> None:
        path = tmp_path / "checkpoint.json"
        path.write_bytes(rubbish)
        told: list[str] = []
        assert search(folder, told, checkpoint=path).duplicates == 1
        assert len(told) == 1

    def test_files_that_changed_or_went_are_measured_anew_or_forgotten(self, folder: Path, tmp_path: Path) -> None:
        path = tmp_path / "checkpoint.json"
        done = self.interrupted(folder, path)["processed_files"]
        (folder / done[0]).unlink()
        put(folder, done[1], saved(scene(500)))
        put(folder, "new.jpg", saved(scene(500), 50))
        found = search(folder, checkpoint=path)
        assert found.images == 12
        assert any({done[1], "new.jpg"} == {g.best.path, g.others[0].photo.path} for g in found.groups)

    def test_a_place_that_cannot_be_written_is_told_once_and_the_search_goes_on(
        self, folder: Path, tmp_path: Path
    ) -> None:
        told: list[str] = []
        assert search(folder, told, checkpoint=tmp_path / "nowhere" / "checkpoint.json").duplicates == 1
        assert len([text for text in told if "cannot be written" in text]) <= 1

    def test_a_kill_while_it_is_written_leaves_a_whole_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config = checkpoint_module.Config("/x", 10, 8, 100)
        path = tmp_path / "checkpoint.json"
        checkpoint_module.save(path, config, {}, 1.0)
        monkeypatch.setattr(os, "replace", lambda *_args, **_named: (_ for _ in ()).throw(OSError("killed here")))
        with pytest.raises(OSError, match="killed here"):
            checkpoint_module.save(path, config, {}, 2.0)
        assert json.loads(path.read_bytes())["timestamp"] == 1.0
