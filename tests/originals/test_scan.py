"""Every file below a folder ends as a photo, or is named with the reason why not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from galleria_action.errors import GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.originals import scan as scan_module
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.scan import Scan, Why, scan_originals
from tests.studio.photos import HEIC, photo, put


def scan(folder: Path, *exclude: Path) -> Scan:
    return scan_originals(folder, Workspace(folder), "originals", exclude)


def why_not(result: Scan) -> dict[str, tuple[Why, str]]:
    return {left.path: (left.why, left.text) for left in result.left_out}


def test_content_decides_what_a_file_is(tmp_path: Path) -> None:
    put(tmp_path, "a.JPG", photo())
    put(tmp_path, "b.jpeg", photo(Kind.PNG))
    put(tmp_path, "c", photo(Kind.WEBP))
    put(tmp_path, "d/e/f.tif", photo(Kind.TIFF))
    put(tmp_path, "d/g.heic", HEIC)
    put(tmp_path, "d/h.avif", photo(Kind.AVIF))
    found = {original.path: original.kind for original in scan(tmp_path).originals}
    assert found == {
        "a.JPG": Kind.JPEG,
        "b.jpeg": Kind.PNG,
        "c": Kind.WEBP,
        "d/e/f.tif": Kind.TIFF,
        "d/g.heic": Kind.HEIC,
        "d/h.avif": Kind.AVIF,
    }


@pytest.mark.parametrize(
    ("name", "content", "why", "words"),
    [
        ("a.jpg", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", Why.DAMAGED, "lfs: true"),
        ("a.jpg", b"/annex/objects/SHA256E-s1--00.jpg\n", Why.DAMAGED, "git annex get"),
        ("a.jpg", b"outs:\n- md5: 00\n  path: a.jpg\n", Why.DAMAGED, "dvc pull"),
        ("a.png", b"\0GITCRYPT\0" + bytes(range(256)) * 40, Why.DAMAGED, "git-crypt unlock"),
        ("d/.a.jpg.icloud", b"bplist00", Why.DAMAGED, "stands for 'a.jpg', which iCloud has not brought"),
        ("a.jpg", b"", Why.DAMAGED, "the file is empty"),
        ("a.heic", b"\n <!DOCTYPE html><title>404", Why.DAMAGED, "a web page"),
        ("a.png", bytes(4096), Why.DAMAGED, "zeros only"),
        ("a.webp", b"GIF89a", Why.DAMAGED, "not a photo in any format we know"),
        ("a.CR2", b"II*\0\x10\0\0\0CR\2\0" + bytes(99), Why.UNSUPPORTED, "raw"),
        ("a.nef", b"MM\0*" + bytes(99), Why.UNSUPPORTED, "raw"),
        ("a.mov", b"\0\0\0\x14ftypqt  ", Why.UNSUPPORTED, "mov"),
        ("a.xmp", b"<x:xmpmeta/>", Why.OTHER, "neither"),
    ],
)
def test_what_is_not_a_photo_is_told_with_the_reason(
    tmp_path: Path, name: str, content: bytes, why: Why, words: str
) -> None:
    put(tmp_path, name, content)
    result = scan(tmp_path)
    assert not result.originals
    assert why_not(result)[name][0] is why
    assert words in why_not(result)[name][1]


def test_names_may_be_as_odd_as_disks_permit(tmp_path: Path) -> None:
    names = ["ü #1 ?.jpg", "a\nb.jpg", "%2e%2e.jpg", "\udcff\udcfe.jpg", "a'\"<b>.jpg", "-rf.jpg", "名前.jpg"]
    for name in names:
        put(tmp_path, name, photo())
    assert {original.path for original in scan(tmp_path).originals} == set(names)


def test_hidden_files_and_leftovers_are_passed_over(tmp_path: Path) -> None:
    for name in (".a.jpg", ".git/b.jpg", "@eaDir/c.jpg", "lost+found/d.jpg", "Thumbs.db", "__MACOSX/e.jpg", "f.jpg"):
        put(tmp_path, name, photo())
    result = scan(tmp_path)
    assert [original.path for original in result.originals] == ["f.jpg"]
    assert not result.left_out


def test_the_folder_of_the_results_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", photo())
    put(tmp_path, "prod/pics/full/a.jpg", photo())
    assert [original.path for original in scan(tmp_path, tmp_path / "prod/pics").originals] == ["a.jpg"]


def test_links_are_followed_inside_only_and_never_in_a_circle(tmp_path: Path) -> None:
    put(tmp_path, "outside.jpg", photo())
    top = tmp_path / "top"
    put(top, "a/photo.jpg", photo())
    (top / "b").symlink_to("a")
    (top / "again.jpg").symlink_to("a/photo.jpg")
    (top / "a" / "circle").symlink_to("..")
    (top / "gone.jpg").symlink_to("nowhere.jpg")
    (top / "out.jpg").symlink_to(tmp_path / "outside.jpg")
    result = scan(top)
    assert [original.path for original in result.originals] == ["a/photo.jpg", "again.jpg", "b/photo.jpg"]
    assert {path.rpartition("/")[2] for path in why_not(result)} == {"circle", "gone.jpg", "out.jpg"}
    assert all(why is Why.DAMAGED for why, _ in why_not(result).values())


def test_a_pipe_does_not_hang_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "pipe" in why_not(scan(tmp_path))["pipe.jpg"][1]


def test_a_missing_folder_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(GalleryInvalid) as caught:
        scan(tmp_path / "nowhere")
    assert "originals" in str(caught.value.hint)


def test_a_tree_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan_module, "MAX_ENTRIES", 3)
    for number in range(4):
        put(tmp_path, f"{number}.txt", b"")
    with pytest.raises(GalleryInvalid):
        scan(tmp_path)


def test_a_stamp_notices_whatever_was_done_to_a_file(tmp_path: Path) -> None:
    path = put(tmp_path, "a.jpg", photo())
    (before,) = scan(tmp_path).originals
    assert scan(tmp_path).originals == (before,)
    status = path.stat()
    path.write_bytes(photo()[:-1] + b"\0")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (after,) = scan(tmp_path).originals
    assert (after.size, after.stamp[1]) == (before.size, before.stamp[1])
    assert after.stamp != before.stamp
