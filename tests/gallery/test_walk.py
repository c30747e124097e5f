import os
from collections.abc import Callable
from pathlib import Path

import pytest

from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.local import walk as walk_module
from galleria_action.gallery.local.files import read_file
from galleria_action.gallery.local.patterns import Patterns
from galleria_action.gallery.local.walk import Walk, walk_photos, walk_site
from tests.gallery.test_files import no_hang


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "secret.html").write_text("the runner's own")
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def keys(walk: Walk) -> list[str]:
    return [file.key for file in walk.files]


def refusals(walk: Callable[[], Walk]) -> list[str]:
    with no_hang(), pytest.raises(GalleryInvalid) as caught:
        walk()
    assert all(isinstance(finding, Finding) and finding.message.isprintable() for finding in caught.value.findings)
    return [finding.message for finding in caught.value.findings]


def test_a_site_is_every_file_under_its_relative_path(workspace: Path) -> None:
    site = fill(workspace / "site", "index.html", "b/c.css", "b/a/ü #1.js", "a.txt", "B.txt")
    walk = walk_site(site, Workspace(workspace))
    assert keys(walk) == ["B.txt", "a.txt", "b/a/ü #1.js", "b/c.css", "index.html"]
    for file in walk.files:
        assert read_file(file).decode() == file.key
        assert file.variant is None
    assert walk.skipped == ()


def test_hidden_files_and_leftovers_are_skipped_and_reported(workspace: Path) -> None:
    site = fill(
        workspace / "site",
        "index.html",
        ".env",
        ".git/config",
        "a/.DS_Store",
        "a/Thumbs.db",
        "a/Desktop.INI",
        "a/.npmrc",
        ".well-known/security.txt",
        ".well-known/.hidden",
        ".galleria/manifest.json",
    )
    walk = walk_site(site, Workspace(workspace))
    assert keys(walk) == [".well-known/security.txt", "index.html"]
    assert set(walk.skipped) == {
        ".env",
        ".git/",
        ".galleria/",
        ".well-known/.hidden",
        "a/.DS_Store",
        "a/Thumbs.db",
        "a/Desktop.INI",
        "a/.npmrc",
    }


def test_excluded_folders_are_left_out(workspace: Path) -> None:
    site = fill(workspace / "site", "index.html", "pics/a.jpg", "pics/gallery-metadata.json")
    (site / "alias").symlink_to("pics")
    assert keys(walk_site(site, Workspace(workspace), exclude=[site / "pics"])) == ["index.html"]
    assert keys(walk_site(site, Workspace(workspace), exclude=[workspace / "nowhere", site / "pics"])) == ["index.html"]


def test_photos_are_images_and_videos_under_photos(workspace: Path) -> None:
    source = fill(workspace / "pics", "a.JPG", "full/b.webp", "full/c.mov", "notes.txt", "full/x.json", ".hidden.jpg")
    walk = walk_photos(source, Workspace(workspace))
    assert keys(walk) == ["photos/a.JPG", "photos/full/b.webp", "photos/full/c.mov"]
    assert walk.skipped == (".hidden.jpg", "full/x.json", "notes.txt")
    assert keys(walk_photos(source, Workspace(workspace), exclude=[source / "full"])) == ["photos/a.JPG"]


def test_links_to_files_and_folders_of_the_workspace_are_followed(workspace: Path) -> None:
    fill(workspace / "shared", "x/logo.svg", "style.css")
    site = fill(workspace / "site", "index.html")
    (site / "assets").symlink_to("../shared/x")
    (site / "style.css").symlink_to(workspace / "shared/style.css")
    walk = walk_site(site, Workspace(workspace))
    assert keys(walk) == ["assets/logo.svg", "index.html", "style.css"]
    assert walk.files[0].path == workspace / "shared/x/logo.svg"


def _outside_file(site: Path) -> None:
    (site / "x.html").symlink_to("../../secret.html")


def _outside_folder(site: Path) -> None:
    (site / "x").symlink_to("/etc")


def _circle(site: Path) -> None:
    (site / "x").symlink_to("x")


def _ancestor(site: Path) -> None:
    fill(site, "a/b/c.txt")
    (site / "a/b/up").symlink_to("../../a")


def _itself(site: Path) -> None:
    (site / "x").symlink_to(".")


def _annex(site: Path) -> None:
    (site / "x.jpg").symlink_to("../.git/annex/objects/x/y.jpg")


def _hidden_folder(site: Path) -> None:
    fill(site.parent, ".cache/deep/secret.txt")
    (site / "x").symlink_to("../.cache/")


def _below_hidden_folder(site: Path) -> None:
    fill(site.parent, ".cache/deep/secret.txt")
    (site / "x").symlink_to("../.cache/deep")


def _hidden_folder_in_between(site: Path) -> None:
    fill(site.parent, ".cache/deep/secret.txt")
    (site / "x.txt").symlink_to("../.cache/deep/secret.txt")


def _fifo(site: Path) -> None:
    os.mkfifo(site / "x")


def _secret_file(site: Path) -> None:
    fill(site.parent, ".env")
    (site / "x.txt").symlink_to("../.env")


def _git(site: Path) -> None:
    fill(site.parent, ".git/hooks/pre-push")
    (site / "x").symlink_to("../.git/hooks")


def _git_itself(site: Path) -> None:
    fill(site.parent, ".git/config")
    (site / "x").symlink_to("../.git")


def _not_utf8(site: Path) -> None:
    Path(os.fsdecode(os.fsencode(site) + b"/\xe9t\xe9.txt")).write_text("x")


def _newline(site: Path) -> None:
    fill(site, "a\n::error::b.txt")


def _backslash(site: Path) -> None:
    fill(site, "a\\b.txt")


def _case(site: Path) -> None:
    fill(site, "Logo.svg", "logo.svg")


def _metadata(site: Path) -> None:
    fill(site, "gallery-metadata.json")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_outside_file, "'site/x.html' leads out of the workspace"),
        (_outside_folder, "'site/x' leads out of the workspace"),
        (_circle, "'site/x' is a symbolic link that leads in a circle"),
        (_ancestor, "'site/a/b/up' is a symbolic link that leads in a circle"),
        (_itself, "'site/x' is a symbolic link that leads in a circle"),
        (_annex, "'site/x.jpg' is a link of git-annex to content that is not here; run `git annex get`"),
        (_hidden_folder, "'site/x' leads into the hidden folder '.cache'"),
        (_below_hidden_folder, "'site/x' leads into the hidden folder '.cache'"),
        (_hidden_folder_in_between, "'site/x.txt' leads into the hidden folder '.cache'"),
        (_fifo, "'site/x' is a pipe instead of a file"),
        (_secret_file, "'site/x.txt' is a symbolic link to the hidden file '.env'"),
        (_git, "'site/x' leads into git's own folder"),
        (_git_itself, "'site/x' is a symbolic link to the hidden file '.git'"),
        (_not_utf8, r"'site/\udce9t\udce9.txt' has a name that is not valid UTF-8"),
        (_newline, r"'site/a\n::error::b.txt' cannot be a key: it holds the control character U+000A"),
        (_backslash, "cannot be a key: it holds a backslash"),
        (_case, "differs only by letter case or Unicode normalisation from"),
        (_metadata, "'site/gallery-metadata.json' cannot be a key: it is the key of the metadata itself"),
    ],
)
def test_what_cannot_be_published_is_told(workspace: Path, make: Callable[[Path], None], words: str) -> None:
    site = fill(workspace / "site", "index.html")
    make(site)
    (message,) = refusals(lambda: walk_site(site, Workspace(workspace)))
    assert words in message


def test_everything_is_told_in_one_run(workspace: Path) -> None:
    site = fill(workspace / "site", "index.html")
    for make in (_outside_file, _fifo, _not_utf8, _case):
        make(site)
    assert len(refusals(lambda: walk_site(site, Workspace(workspace)))) == 4


def test_other_files_among_photos_may_be_what_they_like(workspace: Path) -> None:
    source = fill(workspace / "pics", "a.jpg")
    os.mkfifo(source / "pipe")
    assert walk_photos(source, Workspace(workspace)).skipped == ("pipe",)
    os.mkfifo(source / "b.jpg")
    assert "is a pipe" in refusals(lambda: walk_photos(source, Workspace(workspace)))[0]


def test_a_tree_that_links_make_look_endless_ends(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_module, "MAX_ENTRIES", 2_000)
    site = workspace / "site"
    for level in range(30):
        (site / f"{level}").mkdir(parents=True)
        for name in ("a", "b"):
            (site / f"{level}/{name}").symlink_to(f"../{level + 1}")
    (site / "30").mkdir()
    assert "more than 2,000 files and folders" in refusals(lambda: walk_site(site, Workspace(workspace)))[-1]


def test_paths_too_deep_to_be_keys(workspace: Path) -> None:
    site = workspace / "site"
    deepest = site.joinpath(*["x" * 200] * 6)
    deepest.mkdir(parents=True)
    (message,) = refusals(lambda: walk_site(site, Workspace(workspace)))
    assert "lies too deep" in message
    assert len(message) < 300


def test_a_folder_that_cannot_be_read(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = fill(workspace / "site", "index.html", "private/x.html")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if str(path).endswith("private"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    (message,) = refusals(lambda: walk_site(site, Workspace(workspace)))
    assert message == "the folder 'site/private' cannot be read (Permission denied)"


@pytest.mark.parametrize("walk", [walk_site, walk_photos])
def test_the_folder_itself_must_be_one_of_the_workspace(
    workspace: Path, walk: Callable[[Path, Workspace], Walk]
) -> None:
    for folder, words in (("nowhere", "does not exist"), ("..", "leads out of the workspace")):
        with pytest.raises(GalleryInvalid, match=words):
            walk(workspace / folder, Workspace(workspace))


def test_an_empty_folder_is_an_empty_walk(workspace: Path) -> None:
    assert walk_site(workspace, Workspace(workspace)) == Walk((), ())


# -- what is not published, and stops nothing ----------------------------------------------------------------------


def test_links_that_lead_to_nothing_are_told_and_the_rest_is_published(workspace: Path) -> None:
    site = fill(workspace / "site", "index.html", "a.css")
    (site / "gone.html").symlink_to("nowhere")
    (site / ".#lock").symlink_to("nobody@nowhere")
    walk = walk_site(site, Workspace(workspace))
    assert keys(walk) == ["a.css", "index.html"]
    assert walk.dangling == ("'site/gone.html' is a symbolic link to 'nowhere', which does not exist here",)


def test_among_photos_only_links_that_would_be_published_are_told(workspace: Path) -> None:
    source = fill(workspace / "pics", "a.jpg")
    (source / "gone.jpg").symlink_to("nowhere")
    (source / "notes").symlink_to("nowhere")
    walk = walk_photos(source, Workspace(workspace))
    assert keys(walk) == ["photos/a.jpg"]
    assert [text.split()[0] for text in walk.dangling] == ["'pics/gone.jpg'"]
    assert walk.skipped == ("notes",)


@pytest.mark.parametrize("walk", [walk_photos, walk_site])
def test_a_photo_that_icloud_holds_back_is_named_instead_of_missing(workspace: Path, walk: Callable[..., Walk]) -> None:
    fill(workspace / "pics", "a.jpg", "2024/.b.jpg.icloud")
    with pytest.raises(GalleryInvalid) as refused:
        walk(workspace / "pics", Workspace(workspace))
    (finding,) = refused.value.findings
    assert "'pics/2024/.b.jpg.icloud' stands for 'b.jpg', which iCloud has not brought" in str(finding)


def test_what_would_not_be_published_anyway_may_be_held_back(workspace: Path) -> None:
    source = fill(workspace / "pics", "a.jpg", ".notes.txt.icloud", "x.icloud")
    assert keys(walk_photos(source, Workspace(workspace))) == ["photos/a.jpg"]


LEFTOVERS = [
    *("Thumbs.db", "desktop.ini", "Icon\r", "__MACOSX/a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg", "#recycle/a.jpg"),
    *("@Recycle/a.jpg", "$RECYCLE.BIN/S-1-5/a.jpg", "lost+found/a.jpg", "System Volume Information/a.jpg"),
    *(".Trash-1000/files/a.jpg", "sub/@eaDir/a.jpg", "Network Trash Folder/a.jpg", "#snapshot/a.jpg"),
]


@pytest.mark.parametrize("walk", [walk_site, walk_photos])
def test_leftovers_of_desktops_and_network_drives_are_skipped(
    workspace: Path, walk: Callable[[Path, Workspace], Walk]
) -> None:
    found = walk(fill(workspace / "x", "fine.jpg", *LEFTOVERS), Workspace(workspace))
    assert [key.removeprefix("photos/") for key in keys(found)] == ["fine.jpg"]
    assert len(found.skipped) == len(LEFTOVERS)


def test_patterns_leave_out_files_and_folders_of_the_site_without_a_word(workspace: Path) -> None:
    site = fill(workspace / "site", "index.html", "js/a.js", "js/a.js.map", "drafts/x.html", "x/drafts/y.html")
    walk = walk_site(site, Workspace(workspace), patterns=Patterns.read("*.map\ndrafts/"))
    assert keys(walk) == ["index.html", "js/a.js"]
    assert walk.skipped == ()


def test_what_patterns_leave_out_is_not_judged(workspace: Path) -> None:
    site = fill(workspace / "site", "index.html", "out/a\\b.txt")
    os.mkfifo(site / "pipe.tmp")
    (site / "gone.tmp").symlink_to("nowhere")
    walk = walk_site(site, Workspace(workspace), patterns=Patterns.read("*.tmp\nout/"))
    assert (keys(walk), walk.dangling) == (["index.html"], ())


# -- where no fence is needed --------------------------------------------------------------------------------------


def test_on_a_terminal_links_may_lead_out_but_not_into_hidden_folders_or_around(workspace: Path) -> None:
    outside = fill(workspace.parent / "originals", "a.html", ".private/b.html")
    site = fill(workspace / "site", "index.html")
    (site / "a.html").symlink_to(outside / "a.html")
    (site / "more").symlink_to(outside)
    assert keys(walk_site(site, Workspace(workspace, bounded=False))) == ["a.html", "index.html", "more/a.html"]
    for target, words in (
        (outside / ".private", "hidden file"),
        ("/", "around the workspace"),
        ("/dev/zero", "device"),
    ):
        (site / "x").symlink_to(target)
        assert words in refusals(lambda: walk_site(site, Workspace(workspace, bounded=False)))[0]
        (site / "x").unlink()


def test_a_hidden_folder_that_the_user_names_is_the_site(workspace: Path) -> None:
    site = fill(workspace / ".output/public", "index.html", ".env")
    assert keys(walk_site(site, Workspace(workspace))) == ["index.html"]
