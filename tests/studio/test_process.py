"""``process``: every photo arrives once, the next run makes what changed only, a kill loses nothing that was made."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from galleria_action.errors import ConfigInvalid, GalleryInvalid
from galleria_action.gallery.exif import edit_exif
from galleria_action.gallery.originals.facts import read_facts
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio import gather as gather_module
from galleria_action.studio import reading as reading_module
from galleria_action.studio.recipe import Recipe
from tests.studio.job import R5, Studio
from tests.studio.photos import HEIC, exif, photo, put


@pytest.fixture
def studio(tmp_path: Path, at_hand: None) -> Studio:
    return Studio(tmp_path)


def test_a_photo_becomes_three_files_and_an_entry_that_galleria_knows(studio: Studio) -> None:
    original = studio.put("day 1/IMG_1.JPG", photo(block=exif("2024:06:15 14:30:45", "07", "+02:00", gps=True, **R5)))
    result = studio.run()
    assert (len(result.photos), result.made, result.changed) == (1, 1, True)
    (entry,) = studio.metadata
    assert entry["id"] == "wedding-20240615T143045-r5a-0"
    assert entry["original_path"] == "day 1/IMG_1.JPG"
    assert entry["files"] == {
        "full": "photos/full/wedding-20240615T143045-r5a-0.jpg",
        "web": "photos/web/wedding-20240615T143045-r5a-0.jpg",
        "thumb": "photos/thumb/wedding-20240615T143045-r5a-0.webp",
    }
    assert entry["exif"] == {
        "original_timestamp": "2024-06-15T14:30:45",
        "corrected_timestamp": "2024-06-15T14:30:45",
        "timezone_original": "+02:00",
        "camera": {"make": "Canon", "model": "Canon EOS R5"},
        "subsecond": "07",
        "timestamp_source": "exif",
    }
    assert (entry["sizes"]["full"], entry["sizes"]["web"]) == ([96, 64], [96, 64])
    assert (studio.source / "full/wedding-20240615T143045-r5a-0.jpg").read_bytes() == original.read_bytes()
    studio.check()
    web = (studio.source / "web/wedding-20240615T143045-r5a-0.jpg").read_bytes()
    assert not edit_exif(web, None, 13, strip_gps=True).changed


def test_a_second_run_finds_nothing_to_do_and_starts_no_process(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.shot("a.jpg", 1)
    studio.shot("b/a.jpg", 2)
    studio.run()
    before = studio.files()
    monkeypatch.setattr(gather_module, "run_all", None)
    monkeypatch.setattr(hashlib, "file_digest", None)
    result = studio.run()
    assert (len(result.photos), result.made, result.changed) == (2, 0, False)
    assert studio.files() == before


class TestWhatGalleriaLoses:
    def test_forty_photos_in_one_second_arrive_in_order(self, studio: Studio) -> None:
        for number in range(40):
            studio.shot(f"IMG_{number}.JPG", number, subsec=f"{number:02d}" if number < 20 else "9")
        studio.run()
        assert [entry["original_path"] for entry in studio.metadata] == [f"IMG_{number}.JPG" for number in range(40)]
        assert [entry["id"][-2:] for entry in studio.metadata][:3] == ["00", "01", "02"]
        studio.check()

    def test_undated_photos_keep_their_names(self, studio: Studio) -> None:
        for number in range(5):
            studio.put(f"{number}.jpg", photo(seed=number))
        studio.put("zero.jpg", photo(block=exif("0000:00:00 00:00:00"), seed=9))
        studio.run()
        names = {entry["file_hash"]: entry["id"] for entry in studio.metadata}
        assert len(names) == 6 and all(name.startswith("wedding-00000000T000000-unk-") for name in names.values())
        shutil.rmtree(studio.source)
        (studio.originals / "3.jpg").unlink()
        studio.run()
        assert all(names[entry["file_hash"]] == entry["id"] for entry in studio.metadata)
        studio.check()

    def test_equal_names_in_two_folders_and_a_png_beside_a_jpeg(self, studio: Studio) -> None:
        studio.shot("a/IMG_1.JPG", 1)
        studio.shot("b/IMG_1.JPG", 2)
        studio.put("a/IMG_1.PNG", photo(Kind.PNG, seed=3))
        studio.put("a/IMG_1.webp", photo(Kind.WEBP, seed=4))
        studio.run()
        assert len(studio.metadata) == 4
        assert {Path(entry["files"]["full"]).suffix for entry in studio.metadata} == {".jpg", ".png", ".webp"}
        assert {Path(entry["files"]["thumb"]).suffix for entry in studio.metadata} == {".webp"}
        studio.check()

    def test_a_turned_photo_stands_upright(self, studio: Studio) -> None:
        studio.put("IMG_1.JPG", photo(block=exif(orientation=6), size=(96, 64)))
        studio.run()
        (entry,) = studio.metadata
        assert entry["sizes"] == {"full": [64, 96], "web": [64, 96], "thumb": [64, 96]}

    def test_copies_are_one_photo_and_told(self, studio: Studio) -> None:
        studio.shot("a/1.jpg", 1)
        studio.shot("b/2.jpg", 1)
        result = studio.run()
        assert len(studio.metadata) == 1
        assert result.copies == {"a/1.jpg": ("b/2.jpg",)}
        studio.check()

    @pytest.mark.parametrize("kind", [Kind.PNG, Kind.WEBP, Kind.TIFF, Kind.AVIF])
    def test_every_format(self, studio: Studio, kind: Kind) -> None:
        studio.put("x", photo(kind, exif("2024:06:15 14:30:45", **R5)))
        studio.run()
        (entry,) = studio.metadata
        assert entry["files"]["full"] == f"photos/full/wedding-20240615T143045-r5a-0.{kind.value}"
        studio.check()

    def test_heic(self, studio: Studio) -> None:
        pytest.importorskip("pi_heif")
        studio.put("x.heic", HEIC)
        studio.run()
        studio.check()


class TestNextRun:
    def test_only_what_is_new_is_made(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.run()
        studio.shot("b.jpg", 2)
        assert studio.run().made == 1
        studio.check()

    def test_a_fresh_checkout_with_the_cached_folder_makes_nothing(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.shot("b.jpg", 2)
        studio.run()
        for path in studio.folder.rglob("*.*"):
            if path.is_file():
                copy = path.with_name("copy")
                shutil.copyfile(path, copy)
                copy.replace(path)
        assert not studio.run().made
        studio.check()

    def test_a_renamed_original_keeps_its_id_and_nothing_is_made(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.shot("b.jpg", 2)
        studio.run()
        names = {entry["file_hash"]: entry["id"] for entry in studio.metadata}
        (studio.originals / "new").mkdir()
        (studio.originals / "b.jpg").rename(studio.originals / "new" / "0.jpg")
        result = studio.run()
        assert not result.made and result.metadata_changed
        assert {entry["file_hash"]: entry["id"] for entry in studio.metadata} == names
        studio.check()

    def test_a_time_that_only_a_name_told_outlives_the_name(self, studio: Studio) -> None:
        path = studio.put("IMG_20240615_143045.jpg", photo(seed=1))
        studio.run()
        (entry,) = studio.metadata
        assert entry["id"] == "wedding-20240615T143045-unk-0"
        assert entry["exif"]["timestamp_source"] == "file-name"
        assert entry["exif"]["corrected_timestamp"] is None
        path.rename(path.with_name("best one.jpg"))
        studio.run()
        assert studio.metadata[0]["id"] == entry["id"]
        assert studio.metadata[0]["exif"] == entry["exif"]

    def test_an_edited_original_keeps_its_id(self, studio: Studio) -> None:
        for number in range(3):
            studio.shot(f"{number}.jpg", number)
        studio.run()
        before = [entry["id"] for entry in studio.metadata]
        studio.shot("1.jpg", 77)
        result = studio.run()
        assert result.made == 1
        assert [entry["id"] for entry in studio.metadata] == before
        studio.check()

    def test_files_of_photos_that_are_gone_are_removed_and_nothing_else(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.shot("b.jpg", 2)
        studio.run()
        put(studio.source, "web/mine.jpg", b"not yours")
        (studio.originals / "b.jpg").unlink()
        result = studio.run()
        assert (len(result.photos), result.removed) == (1, 3)
        assert (studio.source / "web/mine.jpg").read_bytes() == b"not yours"

    def test_what_somebody_damaged_is_made_again(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.shot("b.jpg", 2)
        studio.run()
        whole = studio.files()
        (studio.source / "thumb/wedding-20240615T143045-r5a-0.webp").unlink()
        web = studio.source / "web/wedding-20240615T143045-r5a-1.jpg"
        web.write_bytes(bytes(web.stat().st_size))
        (studio.source / "full/wedding-20240615T143045-r5a-0.jpg").unlink()
        assert studio.run().made == 2
        assert studio.files() == whole

    def test_other_settings_make_the_pictures_anew(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.run()
        assert studio.run(recipe=Recipe(thumb_size=(32, 32))).made == 1
        assert studio.metadata[0]["sizes"]["thumb"] == [32, 21]
        assert studio.run(recipe=Recipe(thumb_size=(32, 32)), times=TimeSettings(1.5)).made == 1
        assert studio.metadata[0]["id"] == "wedding-20240615T160045-r5a-0"
        assert studio.metadata[0]["exif"]["corrected_timestamp"] == "2024-06-15T16:00:45"
        studio.check()

    def test_another_collection_moves_the_files(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.run()
        result = studio.run(collection="Été")
        assert (result.made, result.placed) == (0, 1)
        assert studio.metadata[0]["id"] == "ete-20240615T143045-r5a-0"
        studio.check()

    def test_photos_may_exchange_their_names(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.shot("b.jpg", 2)
        studio.run()
        path = studio.source / "gallery-metadata.json"
        document = json.loads(path.read_bytes())
        first, second = document["photos"]
        first["file_hash"], second["file_hash"] = second["file_hash"], first["file_hash"]
        path.write_text(json.dumps(document))
        assert studio.run().made == 2  # what stands under the names is not what was made for them
        studio.check()


class TestOwnVersions:
    def test_they_are_used_as_they_are_but_for_the_position(self, studio: Studio) -> None:
        studio.shot("day/a.jpg", 1)
        studio.shot("day/b.jpg", 2)
        own = photo(block=exif("2024:06:15 14:30:45", gps=True), size=(48, 32), seed=5)
        put(studio.folder / "web", "day/A.JPG", own)
        put(studio.folder / "web", "night/z.jpg", own)
        studio.run(versions=studio.folder / "web")
        by_path = {entry["original_path"]: entry for entry in studio.metadata}
        web = (studio.source / by_path["day/a.jpg"]["files"]["web"].removeprefix("photos/")).read_bytes()
        assert web == bytes(edit_exif(own, None, 13, strip_gps=True).data) != own
        assert by_path["day/a.jpg"]["sizes"]["web"] == [48, 32]
        assert by_path["day/b.jpg"]["sizes"]["web"] == [96, 64]
        assert any("night/z.jpg" in text for text in studio.told)
        assert any("1 photos have no version" in text for text in studio.told)
        studio.check()
        assert not studio.run(versions=studio.folder / "web").changed

    def test_another_version_makes_the_photo_anew(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        put(studio.folder / "web", "a.jpg", photo(size=(48, 32), seed=5))
        studio.run(versions=studio.folder / "web")
        put(studio.folder / "web", "a.jpg", photo(size=(48, 32), seed=6))
        assert studio.run(versions=studio.folder / "web").made == 1
        studio.check()

    def test_versions_that_fit_several_originals_are_told(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.put("a.png", photo(Kind.PNG, seed=2))
        put(studio.folder / "web", "a.jpg", photo(size=(48, 32), seed=5))
        put(studio.folder / "web", "a.webp", photo(Kind.WEBP, size=(48, 32), seed=6))
        studio.run(versions=studio.folder / "web")
        sizes = {entry["original_path"]: entry["sizes"]["web"] for entry in studio.metadata}
        assert sizes == {"a.jpg": [48, 32], "a.png": [96, 64]}
        assert any("a.webp" in text for text in studio.told)


class TestFaults:
    def test_a_damaged_photo_stops_the_run_before_the_gallery_is_touched(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.run()
        before = studio.files()
        studio.shot("b.jpg", 2)
        studio.put("cut.jpg", photo(size=(300, 200))[:2000])
        studio.put("pointer.jpg", b"version https://git-lfs.github.com/spec/v1\n")
        with pytest.raises(GalleryInvalid) as caught:
            studio.run()
        assert [finding.file for finding in caught.value.findings] == ["cut.jpg", "pointer.jpg"]
        assert studio.files() == before
        (studio.originals / "cut.jpg").unlink()
        (studio.originals / "pointer.jpg").unlink()
        assert not studio.run().made  # b was made by the run that failed
        studio.check()

    def test_it_can_be_left_out_by_name(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        studio.put("cut.jpg", photo(size=(300, 200))[:2000])
        studio.put("film.mov", b"")
        result = studio.run(skip_damaged=True)
        assert [problem.path for problem in result.problems] == ["cut.jpg"]
        assert any("cut.jpg" in text for text in studio.told)
        assert any("film.mov" in text for text in studio.told)
        studio.check()

    def test_a_gallery_is_never_emptied_by_leaving_out(self, studio: Studio) -> None:
        studio.put("cut.jpg", photo(size=(300, 200))[:2000])
        with pytest.raises(GalleryInvalid):
            studio.run(skip_damaged=True)
        assert not (studio.source / "gallery-metadata.json").exists()

    def test_an_empty_folder_says_what_is_processed(self, studio: Studio) -> None:
        studio.put("notes.txt", b"")
        with pytest.raises(GalleryInvalid) as caught:
            studio.run()
        assert "JPEG" in str(caught.value.hint)

    def test_two_runs_at_once_are_refused(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)

        def second() -> bool:
            with pytest.raises(ConfigInvalid, match="Another run"):
                studio.run()
            return False

        studio.run(stopped=second)

    def test_a_source_that_is_a_file(self, studio: Studio) -> None:
        studio.shot("a.jpg", 1)
        put(studio.folder, "prod", b"")
        with pytest.raises(ConfigInvalid):
            studio.run()

    def test_a_file_too_large_to_be_read_is_told(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        original = studio.shot("a.jpg", 1)
        monkeypatch.setattr(reading_module, "MAX_BYTES", 99)
        with pytest.raises(reading_module.Unreadable, match="at most 99"):
            reading_module.read_photo(str(original), None)


def test_the_pool_makes_the_same_bytes(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        studio.shot(f"{number}.jpg", number)
    studio.run()
    whole = studio.files()
    shutil.rmtree(studio.source)
    monkeypatch.undo()
    assert studio.run().made == 5
    assert studio.files() == whole


def test_the_same_originals_give_the_same_gallery_on_every_machine(studio: Studio, tmp_path: Path) -> None:
    names = ["b.jpg", "a.jpg", "ü/名前.jpg", "\udcff.jpg", "x'\"<&>.jpg", "line\nbreak.jpg"]
    for number, name in enumerate(names):
        studio.shot(name, number)
    studio.run()
    (tmp_path / "other").mkdir()
    other = Studio(tmp_path / "other")
    for number, name in reversed([*enumerate(names)]):
        other.shot(name, number)
    other.run()
    assert other.files() == studio.files()


def test_words_of_the_photographer_reach_metadata_and_pictures(studio: Studio) -> None:
    studio.put("a.jpg", photo(block=exif(description="Two swans", copyright="(c) Ansel", **R5)))
    studio.run()
    (entry,) = studio.metadata
    assert (entry["caption"], entry["copyright"]) == ("Two swans", "(c) Ansel")
    for variant, kind in (("web", Kind.JPEG), ("thumb", Kind.WEBP)):
        data = (studio.source / entry["files"][variant].removeprefix("photos/")).read_bytes()
        assert read_facts(kind, data).words.copyright == "(c) Ansel"
