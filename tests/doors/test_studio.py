"""From originals to a verified gallery, through the doors; and what those doors do without the extra."""

from __future__ import annotations

import io
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from galleria_action.deployment.stop import Stop
from galleria_action.run import World, run
from tests.doors.runner import ROOT, Ran, Runner
from tests.studio.conftest import at_hand  # noqa: F401 - a fixture
from tests.studio.photos import exif, photo, put

CANON = {"make": "Canon", "model": "Canon EOS R5"}
pytestmark = pytest.mark.usefixtures("at_hand")


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    workspace = tmp_path / "workspace"
    for number in range(3):
        put(workspace, f"originals/IMG_{number}.JPG", photo(block=exif("2024:06:15 14:30:45", **CANON), seed=number))
    put(workspace, "originals/ü 名/#1 100%.jpg", photo(block=exif("2024:06:16 09:00:00", gps=True), seed=9))
    return Runner(workspace, {"originals": "originals", "bucket": f"file://{tmp_path}/bucket"})


def ok(ran: Ran) -> Ran:
    assert ran.exit_code == 0, ran.log
    return ran


def failed(ran: Ran, reason: str, code: int) -> Ran:
    assert (ran.outputs["failure-reason"], ran.exit_code) == (reason, code), ran.log
    return ran


def command_line(workspace: Path, *arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    return run(arguments, World({}, workspace, out, out, Stop())), out.getvalue()


class TestProcess:
    def test_processed_deployed_verified_and_then_there_is_nothing_to_do(self, runner: Runner) -> None:
        made = ok(runner.run("process"))
        assert made.outputs["changed"] == "true"
        deployed = ok(runner.run("deploy", verify="deep", hash_check="strict"))
        assert (deployed.outputs["photos-uploaded"], deployed.outputs["consistent"]) == ("4", "true")
        assert "warning" not in deployed.log.lower()
        again = ok(runner.run("process"))
        assert again.outputs["changed"] == "false"
        assert "Nothing to do" in again.outputs["message"]
        assert ok(runner.run("plan")).outputs["changed"] == "false"

    def test_photos_and_what_is_made_of_them_lie_apart(self, runner: Runner) -> None:
        before = sorted(runner.workspace.rglob("*"))
        ran = failed(runner.run("process", source="originals"), "config-invalid", 2)
        assert "source and originals are one folder" in ran.log
        assert [it for it in sorted(runner.workspace.rglob("*")) if "galleria-" not in it.name] == before
        for _ in range(2):
            made = ok(runner.run("process", source="originals/gallery"))
        assert made.outputs["changed"] == "false"

    def test_odd_trees_end_online_whole(self, runner: Runner, tmp_path: Path) -> None:
        for seed in range(3):
            chance = random.Random(seed)
            letters = "aü名 #%?&+'\"<>\\\t\n\x7f.-_~ß"
            for number in range(6):
                folders = ["".join(chance.choices(letters, k=5)) for _ in range(chance.randrange(3))]
                name = "/".join([*folders, "".join(chance.choices(letters, k=6)) + ".JPG"])
                put(runner.workspace, f"originals/{seed}/x{name}", photo(seed=100 * seed + number))
            ok(runner.run("process"))
            ok(runner.run("deploy", verify="deep", hash_check="strict"))
            assert ok(runner.run("process")).outputs["changed"] == "false"

    def test_the_camera_clock_is_put_right_in_the_published_photo(self, runner: Runner, tmp_path: Path) -> None:
        times = {"timestamp_offset_hours": "-1.5", "target_timezone_offset_hours": "2"}
        ok(runner.run("process", **times))
        ok(runner.run("deploy", verify="deep", hash_check="strict"))
        (online, *_) = sorted((tmp_path / "bucket/photos/full").iterdir())
        with Image.open(online) as image:
            taken = image.getexif().get_ifd(0x8769)
        assert (taken[0x9003], taken[0x9011]) == ("2024:06:15 13:00:45", "+02:00")

    def test_the_argument_is_the_folder(self, runner: Runner) -> None:
        code, log = command_line(runner.workspace, "process", "originals", "--source", "gallery", "--collection", "x")
        assert code == 0, log
        assert (runner.workspace / "gallery/gallery-metadata.json").exists()
        code, log = command_line(runner.workspace, "process", "originals", "elsewhere")
        assert code == 2 and "'elsewhere': this argument is not expected" in log
        code, log = command_line(runner.workspace, "plan", "originals", "--bucket", "file:///x")
        assert code == 2 and "'originals': this argument is not expected" in log

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_what_root_makes_in_ci_belongs_to_the_owner_of_the_workspace(self, runner: Runner) -> None:
        pytest.importorskip("numpy")
        for path in (runner.workspace, *runner.workspace.rglob("*")):
            os.chown(path, 1001, 1001)
        ok(runner.run("process", site="generate", duplicates="warn"))
        assert {path.lstat().st_uid for path in runner.workspace.rglob("*")} == {1001}

    @pytest.mark.parametrize("place", ["web", "full", "thumb", "avif", ".studio", ".studio/made", "../site/avif"])
    def test_nothing_is_written_through_a_folder_that_is_a_link(
        self, runner: Runner, tmp_path: Path, place: str
    ) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        link = runner.workspace / "prod/pics" / place
        (runner.workspace / "prod/pics").mkdir(parents=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(outside, target_is_directory=True)
        ran = failed(runner.run("process", site="generate", avif="true"), "config-invalid", 2)
        assert "is a link" in ran.log
        assert list(outside.iterdir()) == []

    @pytest.mark.parametrize("name", ["lock", ".gitignore", "ledger.jsonl", "ledger.tmp", "site.json", "made/a.tmp"])
    def test_a_link_among_our_own_files_is_taken_away_and_not_followed(
        self, runner: Runner, tmp_path: Path, name: str
    ) -> None:
        precious = tmp_path / "precious"
        precious.write_text("precious", encoding="utf-8")
        link = runner.workspace / "prod/pics/.studio" / name
        link.parent.mkdir(parents=True)
        link.symlink_to(precious)
        ok(runner.run("process", site="generate"))
        assert precious.read_text(encoding="utf-8") == "precious"
        assert not link.is_symlink()

    def test_a_dry_run_writes_nothing(self, runner: Runner) -> None:
        before = sorted(runner.workspace.rglob("*"))
        ran = ok(runner.run("process", dry_run="true"))
        assert "4 photos, of which 4 would be made" in ran.outputs["message"]
        assert sorted(runner.workspace.rglob("*")) == before

    def test_damaged_photos_are_annotated_and_stop_the_run(self, runner: Runner) -> None:
        put(runner.workspace, "originals/cut.jpg", photo(size=(300, 200))[:2000])
        ran = failed(runner.run("process"), "gallery-invalid", 3)
        assert "::error" in ran.log and "cut.jpg" in ran.log
        assert not (runner.workspace / "prod/pics/gallery-metadata.json").exists()
        ran = ok(runner.run("process", on_error="skip"))
        assert "cut.jpg" in ran.log and "1 left out" in ran.outputs["message"]

    @pytest.mark.parametrize(
        ("name", "value", "text"),
        [("web_size", "9", "not a size in pixels"), ("web_size", "2048x", "not a size"), ("jpeg_quality", "0", "1 to"),
         ("timestamp_offset_hours", "nan", "number of hours"), ("target_timezone_offset_hours", "15", "-12 to 14"),
         ("originals", "nowhere", "does not exist"), ("originals", "../..", "outside of the workspace"),
         ("source", "../../x", "outside of the workspace"), ("web_originals", "/", "outside of the workspace")],
    )  # fmt: skip
    def test_options_are_checked(self, runner: Runner, name: str, value: str, text: str) -> None:
        ran = runner.run("process", **{name: value})
        assert ran.exit_code in (2, 3), ran.log
        assert text in ran.log

    def test_without_a_folder_it_says_what_is_missing(self, runner: Runner) -> None:
        ran = failed(runner.run("process", originals=""), "config-invalid", 2)
        assert "originals: not given" in ran.log

    def test_a_stop_is_told_and_what_was_made_is_kept(self, runner: Runner) -> None:
        stop = Stop()
        stop.request(15)
        ran = runner.run("process", stop)
        assert (ran.exit_code, ran.outputs["failure-reason"]) == (143, "cancelled")
        assert "commit" not in ran.outputs["message"]
        ok(runner.run("process"))

    def test_with_a_site_that_is_deployed_beside_the_photos(self, runner: Runner, tmp_path: Path) -> None:
        pytest.importorskip("jinja2")
        wishes = {"site": "generate", "albums": "folder", "album_zip": "web", "noindex": "true", "avif": "true"}
        ran = ok(runner.run("process", **wishes))
        assert "files of the site" in ran.log
        ok(runner.run("deploy", site="prod/site", verify="deep"))
        bucket = tmp_path / "bucket"
        pages = [path.read_text() for path in bucket.glob("*.html")]
        assert len(pages) == 3
        linked = {address for page in pages for address in re.findall(r'(?:href|src|data-full)="([^"#]+)"', page)}
        assert len(linked) > 10 and all((bucket / address).is_file() for address in linked)
        assert ok(runner.run("process", **wishes)).outputs["changed"] == "false"

    @pytest.mark.parametrize("site", ["prod/pics/site", "prod", "../../x"])
    def test_a_site_that_would_mix_with_the_photos_is_refused(self, runner: Runner, site: str) -> None:
        failed(runner.run("process", site=site), "config-invalid", 2)
        assert not (runner.workspace / "prod/pics/full").exists()

    def test_a_gallery_that_galleria_made_keeps_its_ids(self, runner: Runner) -> None:
        ok(runner.run("process"))
        path = runner.workspace / "prod/pics/gallery-metadata.json"
        document = json.loads(path.read_bytes())
        ids = [entry["id"] for entry in document["photos"]]
        path.write_text(json.dumps({"schema_version": "1.0", "photos": document["photos"][::-1]}))
        put(runner.workspace, "originals/AAA.JPG", photo(block=exif("2024:06:15 14:30:45", **CANON), seed=77))
        ok(runner.run("process"))
        assert set(ids) < {entry["id"] for entry in json.loads(path.read_bytes())["photos"]}


class TestInit:
    def test_any_folder_of_photos_becomes_a_gallery(self, runner: Runner, tmp_path: Path) -> None:
        runner.inputs |= {"source": "originals"}
        ran = ok(runner.run("init"))
        assert "describes 4 photos" in ran.outputs["message"]
        assert "no version for the web" in ran.log
        document = json.loads((runner.workspace / "originals/gallery-metadata.json").read_bytes())
        assert [entry["id"] for entry in document["photos"]] == ["IMG_0", "IMG_1", "IMG_2", "ü 名/#1 100%"]
        assert document["photos"][0]["exif"]["corrected_timestamp"] == "2024-06-15T14:30:45"
        ok(runner.run("validate"))
        deployed = ok(runner.run("deploy", verify="deep", hash_check="strict"))
        assert deployed.outputs["photos-uploaded"] == "4"
        assert "still describes" in ok(runner.run("init")).outputs["message"]
        assert (tmp_path / "bucket/photos/web/ü 名/#1 100%.jpg").is_file()

    def test_from_a_folder_to_a_gallery_that_is_verified_on_a_command_line(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        bucket = f"file://{tmp_path}/online"
        code, log = command_line(runner.workspace, "init", "originals")
        assert code == 0, log
        assert "originals/gallery-metadata.json describes 4 photos" in log
        assert "`galleria-action validate --source originals`" in log
        for step in (
            ("validate", "--source", "originals"),
            ("deploy", "--source", "originals", "--bucket", bucket, "--hash-check", "strict"),
            ("verify", "--bucket", bucket, "--verify", "deep"),
        ):
            code, log = command_line(runner.workspace, *step)
            assert (code, "Warning" in log) == (0, False), log
        assert "Verified: the bucket holds exactly the gallery" in log

    def test_without_a_folder_it_says_how_it_is_given(self, runner: Runner) -> None:
        code, log = command_line(runner.workspace, "init")
        assert code == 2
        assert "originals: not given" in log and "galleria-action init FOLDER" in log

    def test_a_photo_that_no_deploy_would_take_is_told_at_once(self, runner: Runner) -> None:
        put(runner.workspace, "originals/cut.jpg", photo(size=(300, 200))[:-200])
        ran = failed(runner.run("init"), "gallery-invalid", 3)
        assert "cut.jpg is cut off" in ran.log
        assert not (runner.workspace / "originals/gallery-metadata.json").exists()
        assert not (runner.workspace / "originals/full").exists()

    def test_photos_that_come_and_go(self, runner: Runner) -> None:
        runner.inputs |= {"source": "originals"}
        ok(runner.run("init"))
        put(runner.workspace, "originals/new.png", photo(seed=50))
        (runner.workspace / "originals/IMG_1.JPG").unlink()
        ok(runner.run("init"))
        document = json.loads((runner.workspace / "originals/gallery-metadata.json").read_bytes())
        assert [entry["id"] for entry in document["photos"]] == ["IMG_0", "IMG_2", "ü 名/#1 100%", "new.png"]
        assert document["photos"][3]["files"]["full"] == "photos/full/new.png.jpg"  # for that is what it is
        ok(runner.run("validate"))
        links = [path for path in (runner.workspace / "originals").rglob("*") if path.is_symlink()]
        assert len(links) == 12 and all(path.exists() for path in links)

    def test_own_versions_are_used_and_nothing_is_linked(self, runner: Runner) -> None:
        source = runner.workspace / "gallery"
        for name, size in (("full", (96, 64)), ("web", (48, 32)), ("thumb", (24, 16))):
            suffix = ".webp" if name == "thumb" else ".jpg"
            image = photo(size=size)
            if name == "thumb":
                out = io.BytesIO()
                Image.open(io.BytesIO(image)).save(out, "WEBP")
                image = out.getvalue()
            put(source, f"{name}/day/a{suffix}", image)
        ran = ok(runner.run("init", originals="gallery", source="gallery"))
        assert "no version" not in ran.log
        (entry,) = json.loads((source / "gallery-metadata.json").read_bytes())["photos"]
        assert entry["files"] == {
            "full": "photos/full/day/a.jpg", "web": "photos/web/day/a.jpg", "thumb": "photos/thumb/day/a.webp"
        }  # fmt: skip
        assert not any(path.is_symlink() for path in source.rglob("*"))
        ok(runner.run("validate", source="gallery"))

    def test_metadata_of_somebody_else_is_not_replaced(self, runner: Runner) -> None:
        path = put(runner.workspace, "originals/gallery-metadata.json", b'{"schema_version": "1.0", "photos": []}')
        failed(runner.run("init"), "config-invalid", 2)
        assert path.read_bytes() == b'{"schema_version": "1.0", "photos": []}'

    def test_names_that_are_no_addresses_are_all_told(self, runner: Runner) -> None:
        for name in ("a\tb.jpg", "back\\slash.jpg", "Case.jpg", "case.jpg"):
            put(runner.workspace, f"originals/{name}", photo(seed=len(name)))
        ran = failed(runner.run("init"), "gallery-invalid", 3)
        assert ran.result["problems"] == 3
        assert not (runner.workspace / "originals/full").exists()

    def test_damaged_files_are_told(self, runner: Runner) -> None:
        put(runner.workspace, "originals/pointer.jpg", b"version https://git-lfs.github.com/spec/v1\n")
        assert "lfs: true" in failed(runner.run("init"), "gallery-invalid", 3).log

    def test_a_file_in_the_way_of_a_link_is_not_touched(self, runner: Runner) -> None:
        put(runner.workspace, "originals/full/IMG_0.JPG", b"mine")
        ran = runner.run("init")
        assert ran.exit_code == 3 and "in the way" in ran.log
        assert (runner.workspace / "originals/full/IMG_0.JPG").read_bytes() == b"mine"

    def test_a_dry_run_writes_nothing(self, runner: Runner) -> None:
        before = sorted(runner.workspace.rglob("*"))
        ok(runner.run("init", dry_run="true"))
        assert sorted(runner.workspace.rglob("*")) == before


class TestDuplicates:
    @pytest.fixture(autouse=True)
    def alike(self, runner: Runner) -> None:
        pytest.importorskip("numpy")
        from tests.studio.scenes import scene

        for name, quality in (("lake.jpg", 95), ("lake small.jpg", 40)):
            out = io.BytesIO()
            scene(1).save(out, "JPEG", quality=quality)
            put(runner.workspace, f"originals/{name}", out.getvalue())
        out = io.BytesIO()
        scene(2).save(out, "JPEG")
        put(runner.workspace, "originals/other.jpg", out.getvalue())

    def test_it_tells_and_ends_well(self, runner: Runner) -> None:
        ran = ok(runner.run("duplicates", json_output="reports/duplicates.json"))
        assert ran.outputs["duplicates"] == "1"
        assert "lake small.jpg shows what lake.jpg shows" in ran.log
        document = json.loads((runner.workspace / "reports/duplicates.json").read_bytes())
        assert document["groups"][0]["best"]["path"] == "lake.jpg"
        assert not (runner.workspace / ".dedup_checkpoint.json").exists()

    def test_it_fails_on_request(self, runner: Runner) -> None:
        ran = failed(runner.run("duplicates", duplicates="fail"), "duplicates-found", 15)
        assert ran.outputs["duplicates"] == "1"
        assert ran.result["duplicates"] == 1

    def test_process_and_validate_look_for_them_too(self, runner: Runner) -> None:
        ran = ok(runner.run("process", duplicates="warn"))
        assert (ran.outputs["duplicates"], ran.outputs["changed"]) == ("1", "true")
        assert any("shows what a better one shows" in text for text in ran.result["warnings"])
        failed(runner.run("process", duplicates="fail"), "duplicates-found", 15)
        failed(runner.run("validate", duplicates="fail"), "duplicates-found", 15)
        assert ok(runner.run("validate")).outputs["duplicates"] == "0"

    def test_of_a_gallery_only_the_full_photos_are_compared(self, runner: Runner) -> None:
        ok(runner.run("process"))
        assert ok(runner.run("duplicates", originals="prod/pics")).outputs["duplicates"] == "1"
        assert ok(runner.run("duplicates", originals=".")).outputs["duplicates"] == "1"

    def test_what_is_too_small_to_be_compared_is_told(self, runner: Runner) -> None:
        ran = ok(runner.run("duplicates", min_resolution="5000"))
        assert "0 photos compared: no two show the same. " in ran.log
        assert "smaller ones left out (min-resolution)." in ran.log

    @pytest.mark.parametrize(
        ("inputs", "text"),
        [({"threshold": "17"}, "at most 16 of the 64 bits"), ({"hash_size": "9"}, "4, 8, 12"),
         ({"threshold": "-1"}, "0 to"), ({"json_output": "../x.json"}, "outside of the workspace")],
    )  # fmt: skip
    def test_options_are_checked(self, runner: Runner, inputs: dict[str, str], text: str) -> None:
        assert text in failed(runner.run("duplicates", **inputs), "config-invalid", 2).log

    def test_on_the_command_line(self, runner: Runner) -> None:
        arguments = ("duplicates", "originals", "--threshold", "10", "--use-ssim", "--json-output", "out.json")
        code, log = command_line(runner.workspace, *arguments)
        assert code == 0, log
        assert json.loads((runner.workspace / "out.json").read_bytes())["settings"]["use_ssim"] is True


#: A machine without the extra: none of its packages can be imported
WITHOUT = """
import sys
for name in ("PIL", "numpy", "pyvips", "pi_heif"):
    sys.modules[name] = None
from galleria_action.__main__ import main
main()
"""


def without_the_extra(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ: dict[str, Any] = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, cwd=workspace, env=environ, capture_output=True, text=True, timeout=60, check=False)


class TestWithoutTheExtra:
    @pytest.mark.parametrize("command", ["process", "duplicates"])
    def test_the_studio_says_how_it_is_installed(self, runner: Runner, command: str) -> None:
        done = without_the_extra(runner.workspace, command, "originals")
        assert done.returncode == 2
        assert "pip install galleria-action[studio]" in done.stdout
        assert "Traceback" not in done.stdout + done.stderr

    def test_init_validate_and_deploy_do_without(self, runner: Runner, tmp_path: Path) -> None:
        for command in ("init originals", "validate --source originals"):
            done = without_the_extra(runner.workspace, *command.split())
            assert done.returncode == 0, done.stdout
        done = without_the_extra(
            runner.workspace, "deploy", "--source", "originals", "--bucket", f"file://{tmp_path}/bucket"
        )
        assert done.returncode == 0, done.stdout
