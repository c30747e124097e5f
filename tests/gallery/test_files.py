import os
import signal
import socket
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from galleria_action.errors import Finding, GalleryInvalid
from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.local import document
from galleria_action.gallery.local.document import read_metadata
from galleria_action.gallery.local.files import LocalFile, read_file
from galleria_action.gallery.local.locate import locate
from galleria_action.gallery.local.stamp import stamp_of
from galleria_action.gallery.metadata.model import VARIANTS, GalleryMetadata
from galleria_action.gallery.metadata.schema import load_metadata
from tests.builders import HABITS, Gallery, Habit, make_gallery

SECRET = b"the runner's own"


@contextmanager
def no_hang(seconds: float = 5) -> Iterator[None]:
    """Fail instead of waiting for ever, on a pipe for instance."""

    def stop(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(SECRET)
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def gallery(workspace: Path) -> Gallery:
    return make_gallery(workspace / "prod/pics")


def find(gallery: Gallery, workspace: Path) -> dict[str, LocalFile]:
    loaded = read_metadata(gallery.metadata_path, Workspace(workspace))
    with no_hang():
        return locate(loaded.metadata, gallery.source, Workspace(workspace), file=loaded.file, lines_of=loaded.lines_of)


def refusals(gallery: Gallery, workspace: Path) -> tuple[Finding, ...]:
    with pytest.raises(GalleryInvalid) as caught:
        find(gallery, workspace)
    assert all(finding.message.isprintable() for finding in caught.value.findings)
    return caught.value.findings


def only_refusal(gallery: Gallery, workspace: Path) -> Finding:
    (finding,) = refusals(gallery, workspace)
    return finding


# -- where files are found -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("linked", [False, True])
def test_every_habit_of_galleria_is_found(workspace: Path, habit: Habit, linked: bool) -> None:
    originals = workspace / "originals" if linked else None
    gallery = make_gallery(workspace / "prod/pics", habit=habit, originals=originals)
    found = find(gallery, workspace)
    assert len(found) == 9
    for index, photo in enumerate(gallery.photos):
        for variant in VARIANTS:
            local = found[photo["files"][variant]]
            expected = gallery.local_path(index, variant)
            assert local.key == photo["files"][variant]
            assert local.variant == variant
            assert local.path == expected.resolve()
            assert local.size == expected.stat().st_size
            assert read_file(local) == expected.read_bytes()


def test_the_first_place_that_exists_wins(workspace: Path, gallery: Gallery) -> None:
    key = gallery.photos[0]["files"]["full"]
    assert key.startswith("photos/full/")
    last, middle, first = (gallery.source / place for place in (f"full/{key}", key.removeprefix("photos/"), key))
    assert find(gallery, workspace)[key].path == middle
    last.parent.mkdir(parents=True)
    middle.rename(last)
    assert find(gallery, workspace)[key].path == last
    first.parent.mkdir(parents=True)
    first.write_bytes(b"1")
    assert find(gallery, workspace)[key].path == first


KINDS = ("plain", "plain", "plain", "elsewhere", "link", "folder-link", "stem", "odd name")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=12, max_size=12),
    habit=st.sampled_from(HABITS),
    together=st.sampled_from([3, 6, 3000]),
)
def test_each_file_is_the_one_that_a_question_for_it_alone_finds(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], habit: Habit, together: int
) -> None:
    folder = tmp_path_factory.mktemp("workspace")
    gallery = make_gallery(folder / "pics", photos=4, habit=habit)
    expected = {}
    for number, kind in enumerate(kinds):
        files = gallery.photos[number // 3]["files"]
        variant = VARIANTS[number % 3]
        path = gallery.local_path(number // 3, variant)
        if kind == "odd name":
            files[variant] = files[variant].replace("wedding-", "ÄÖ (1) ")
            path = path.rename(path.with_name(Path(files[variant]).name))
        elif kind == "elsewhere":
            (gallery.source / variant / files[variant]).parent.mkdir(parents=True, exist_ok=True)
            path = path.rename(gallery.source / variant / files[variant])
        elif kind == "link":
            path.rename(folder / f"{number}.jpg")
            path.symlink_to(folder / f"{number}.jpg")
        elif kind == "folder-link":
            (folder / f"linked-{number}").mkdir()
            path.rename(folder / f"linked-{number}" / path.name)
            files[variant] = f"link-{number}/{path.name}"
            path = gallery.source / files[variant]
            path.parent.symlink_to(folder / f"linked-{number}")
        elif kind == "stem":
            path = path.rename(path.with_suffix(f".{path.suffix[1:].upper()}"))
        expected[files[variant]] = os.path.realpath(path)
    gallery.save()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("galleria_action.gallery.local.locate._TOGETHER", together)
        found = find(gallery, folder)
    assert {key: (file.key, file.real) for key, file in found.items()} == {it: (it, to) for it, to in expected.items()}
    for number, file in enumerate(found.values()):
        status = os.lstat(file.real)
        assert (file.size, file.variant, file.stamp) == (status.st_size, VARIANTS[number % 3], stamp_of(status))


def test_a_missing_file_is_named_with_photo_variant_places_and_line(workspace: Path, gallery: Gallery) -> None:
    photo = gallery.photos[1]
    gallery.local_path(1, "web").unlink()
    finding = only_refusal(gallery, workspace)
    key = photo["files"]["web"]
    short = key.removeprefix("photos/")
    assert finding.message == (
        f"photo {photo['id']!r}: the file of web is missing; looked for 'prod/pics/{key}', 'prod/pics/{short}', "
        f"'prod/pics/web/{key}'"
    )
    assert finding.file == "prod/pics/gallery-metadata.json"
    assert finding.line is not None
    assert f'"web": "{key}"' in gallery.raw.decode().splitlines()[finding.line - 1]


def test_a_thumbnail_with_the_extension_of_its_photo_is_found_by_its_content(workspace: Path, gallery: Gallery) -> None:
    """Galleria writes the WebP of IMG_1.JPG as thumb/IMG_1.jpg and names it IMG_1.webp."""
    paths = [gallery.local_path(index, "thumb") for index in range(3)]
    for path in paths:
        path.rename(path.with_suffix(".jpg"))
    found = find(gallery, workspace)
    for photo, path in zip(gallery.photos, paths, strict=True):
        assert found[photo["files"]["thumb"]].path == path.with_suffix(".jpg")
        assert found[photo["files"]["thumb"]].variant == "thumb"


def test_a_file_of_the_stem_with_other_content_is_not_taken_but_named(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "thumb")
    path.with_suffix(".jpg").write_bytes(gallery.local_path(0, "full").read_bytes())
    path.unlink()
    message = only_refusal(gallery, workspace).message
    assert message.endswith(f"; there is 'prod/pics/thumb/{path.stem}.jpg', which holds JPEG")


def test_two_files_that_could_be_meant_are_one_too_many(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "thumb")
    for suffix in (".jpg", ".png"):
        path.with_suffix(suffix).write_bytes(path.read_bytes())
    path.unlink()
    message = only_refusal(gallery, workspace).message
    assert "could both be meant" in message and ".jpg'" in message and ".png'" in message


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("change", [lambda name: name, str.upper, str.swapcase])
def test_a_name_in_another_unicode_form_or_case_is_found(
    workspace: Path, gallery: Gallery, form: Literal["NFC", "NFD"], change: Callable[[str], str]
) -> None:
    photo = gallery.photos[0]["files"]
    paths = {variant: gallery.local_path(0, variant) for variant in VARIANTS}
    for variant in VARIANTS:
        folder, _, name = photo[variant].rpartition("/")
        other = unicodedata.normalize("NFD" if form == "NFC" else "NFC", change("Café-") + name)
        paths[variant] = paths[variant].rename(paths[variant].with_name(other))
        photo[variant] = f"{folder}/{unicodedata.normalize(form, 'café-')}{name}"
    gallery.save()
    found = find(gallery, workspace)
    assert {variant: found[photo[variant]].path for variant in VARIANTS} == paths


def test_a_folder_in_another_unicode_form_is_found(workspace: Path, gallery: Gallery) -> None:
    (gallery.source / "web").rename(gallery.source / unicodedata.normalize("NFD", "été"))
    for photo in gallery.photos:
        photo["files"]["web"] = "été/" + Path(photo["files"]["web"]).name
    gallery.save()
    assert len(find(gallery, workspace)) == 9


def test_a_missing_file_that_dvc_stands_for_is_told_so(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "web")
    path.rename(path.with_name(path.name + ".dvc"))
    assert "run `dvc pull` before" in only_refusal(gallery, workspace).message


def test_a_name_with_a_slip_is_suggested(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "web")
    path.rename(path.with_name("w" + path.name))
    assert only_refusal(gallery, workspace).message.endswith(f"; is 'prod/pics/web/w{path.name}' meant?")


def test_another_photo_s_file_is_never_suggested_nor_taken(workspace: Path, gallery: Gallery) -> None:
    gallery.local_path(0, "web").unlink()
    assert "meant" not in only_refusal(gallery, workspace).message


def test_many_missing_files_are_sought_in_linear_time(workspace: Path) -> None:
    gallery = make_gallery(workspace / "prod/pics", photos=600)
    for path in (gallery.source / "thumb").iterdir():
        path.rename(path.with_suffix(".jpg"))
    started = time.process_time()
    assert len(find(gallery, workspace)) == 1_800
    assert time.process_time() - started < 3


def test_everything_missing_is_told_in_one_run(workspace: Path, gallery: Gallery) -> None:
    for index in (0, 2):
        for variant in VARIANTS:
            gallery.local_path(index, variant).unlink()
    with pytest.raises(GalleryInvalid, match="6 local files are missing or unusable") as caught:
        find(gallery, workspace)
    assert len(caught.value.findings) == 6
    assert caught.value.hint
    assert "option source" in caught.value.hint


def test_a_thumbnail_that_galleria_could_not_make_is_not_laid_to_the_checkout(
    workspace: Path, gallery: Gallery
) -> None:
    gallery.local_path(1, "thumb").unlink()
    with pytest.raises(GalleryInvalid) as caught:
        find(gallery, workspace)
    assert caught.value.hint
    assert "Of a damaged photo Galleria makes no thumbnail" in caught.value.hint


def test_a_link_to_content_that_is_elsewhere_is_not_laid_to_galleria(workspace: Path, gallery: Gallery) -> None:
    web = gallery.local_path(1, "web")
    web.unlink()
    web.symlink_to("../../.git/annex/objects/aa/bb/SHA256E-s1--x/SHA256E-s1--x")
    with pytest.raises(GalleryInvalid) as caught:
        find(gallery, workspace)
    assert "git annex get" in str(caught.value.findings[0])
    assert caught.value.hint == "Each line says what is in its place and how to get the file itself."


def test_without_lines_findings_have_no_place(workspace: Path, gallery: Gallery) -> None:
    gallery.local_path(0, "full").unlink()
    with pytest.raises(GalleryInvalid) as caught:
        locate(GalleryMetadata.from_dict(gallery.document), gallery.source, Workspace(workspace))
    (finding,) = caught.value.findings
    assert (finding.file, finding.line) == (None, None)


@pytest.mark.parametrize("problem", ["does not exist", "is not a folder", "leads out of the workspace"])
def test_a_source_that_is_no_folder_of_the_workspace(workspace: Path, gallery: Gallery, problem: str) -> None:
    places = {"does not exist": "nowhere", "is not a folder": "prod/pics/gallery-metadata.json"}
    source = workspace / places[problem] if problem in places else workspace.parent
    with pytest.raises(GalleryInvalid, match=problem):
        locate(GalleryMetadata.from_dict(gallery.document), source, Workspace(workspace))


def test_the_source_may_be_relative(workspace: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    loaded = read_metadata(Path("prod/pics/gallery-metadata.json"), Workspace(Path()))
    assert len(locate(loaded.metadata, Path("prod/pics"), Workspace(Path()))) == 9
    assert loaded.file == "prod/pics/gallery-metadata.json"


# -- the fence -----------------------------------------------------------------------------------------------------


def test_links_inside_the_workspace_are_followed(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "web")
    target = workspace / "elsewhere/x.jpg"
    target.parent.mkdir()
    path.rename(target)
    (workspace / "alias").symlink_to("elsewhere")
    (workspace / "second").symlink_to(workspace / "alias/x.jpg")
    path.symlink_to("../../../second")
    assert find(gallery, workspace)[gallery.photos[0]["files"]["web"]].path == target


def test_the_workspace_itself_may_be_reached_by_a_link(workspace: Path, gallery: Gallery) -> None:
    alias = workspace.parent / "alias"
    alias.symlink_to(workspace)
    loaded = load_metadata(gallery.raw, "x")
    assert len(locate(loaded.metadata, alias / "prod/pics", Workspace(alias))) == 9


def _link(target: str) -> Callable[[Path, Path], None]:
    return lambda path, _workspace: path.symlink_to(target)


def _link_by_way_of_a_folder(path: Path, workspace: Path) -> None:
    (workspace / "door").symlink_to(workspace.parent)
    path.symlink_to(workspace / "door/secret")


def _link_to_a_link_out(path: Path, workspace: Path) -> None:
    (workspace / "hop").symlink_to("../secret")
    path.symlink_to(workspace / "hop")


def _git_config(path: Path, workspace: Path) -> None:
    (workspace / ".git").mkdir()
    (workspace / ".git/config").write_text("token")
    path.symlink_to(workspace / ".git/config")


def _hidden(path: Path, workspace: Path) -> None:
    (workspace / ".env").write_text("token")
    path.symlink_to(workspace / ".env")


def _socket(path: Path, workspace: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # A socket's path may have 107 bytes only.
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_link("/etc/hostname"), "leads out of the workspace"),
        (_link("../../../../secret"), "leads out of the workspace"),
        (_link("/proc/self/environ"), "leads out of the workspace"),
        (_link("/dev/zero"), "leads out of the workspace"),
        (_link_by_way_of_a_folder, "leads out of the workspace"),
        (_link_to_a_link_out, "leads out of the workspace"),
        (_git_config, "git's own folder"),
        (_hidden, "hidden file '.env'"),
        (_link("wedding-loop"), "missing"),
        (_link("/"), "leads out of the workspace"),
        (_link(".."), "is a folder instead of a file"),
        (_link("../web"), "is a folder instead of a file"),
        (lambda path, _: path.mkdir(), "is a folder instead of a file"),
        (lambda path, _: os.mkfifo(path), "is a pipe instead of a file"),
        (_socket, "is a socket instead of a file"),
    ],
)
def test_what_may_not_be_published(
    workspace: Path, gallery: Gallery, make: Callable[[Path, Path], None], words: str
) -> None:
    path = gallery.local_path(1, "full")
    path.unlink()
    make(path, workspace)
    finding = only_refusal(gallery, workspace)
    assert words in finding.message
    assert finding.message.startswith(f"photo {gallery.photos[1]['id']!r}: the file of full")
    assert finding.line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a device")
def test_a_device_is_refused(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(1, "full")
    path.unlink()
    try:
        os.mknod(path, 0o20666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container may not make a device")
    assert "is a device instead of a file" in only_refusal(gallery, workspace).message


def test_links_in_a_circle(workspace: Path, gallery: Gallery) -> None:
    one, two = gallery.local_path(0, "full"), gallery.local_path(1, "full")
    for path, target in ((one, two), (two, one)):
        path.unlink()
        path.symlink_to(target)
    messages = [finding.message for finding in refusals(gallery, workspace)]
    assert len(messages) == 2
    assert all("leads in a circle" in message for message in messages)


def test_a_folder_that_is_a_link_in_a_circle(workspace: Path, gallery: Gallery) -> None:
    (gallery.source / "photos").symlink_to("photos")
    assert "in a circle" in refusals(gallery, workspace)[0].message


def test_a_folder_that_leads_out(workspace: Path, gallery: Gallery) -> None:
    outside = workspace.parent / "web"
    (gallery.source / "web").rename(outside)
    (gallery.source / "web").symlink_to(outside)
    messages = [finding.message for finding in refusals(gallery, workspace)]
    assert len(messages) == 3
    assert all("leads out of the workspace" in message for message in messages)


def test_on_a_terminal_originals_may_lie_anywhere(workspace: Path) -> None:
    originals = workspace.parent / "originals"
    gallery = make_gallery(workspace / "prod/pics", originals=originals)
    for variant in ("full", "web"):
        for path in (gallery.source / variant).iterdir():
            target = path.resolve()
            path.unlink()
            path.symlink_to(target)
    metadata = GalleryMetadata.from_dict(gallery.document)
    found = locate(metadata, gallery.source, Workspace(workspace, bounded=False))
    assert found[gallery.photos[0]["files"]["full"]].path.is_relative_to(originals)
    with pytest.raises(GalleryInvalid, match="6 local files"):
        locate(metadata, gallery.source, Workspace(workspace))


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("folder", [".ssh", "deep/.ssh/keys"])
def test_links_into_hidden_folders_are_refused_everywhere(
    workspace: Path, gallery: Gallery, folder: str, bounded: bool
) -> None:
    hidden = (workspace if bounded else workspace.parent) / folder
    hidden.mkdir(parents=True)
    path = gallery.local_path(0, "full")
    path.rename(hidden / "x.jpg")
    path.symlink_to(hidden / "x.jpg")
    with pytest.raises(GalleryInvalid) as caught:
        locate(GalleryMetadata.from_dict(gallery.document), gallery.source, Workspace(workspace, bounded=bounded))
    assert "leads into the hidden folder '.ssh'" in caught.value.findings[0].message


def test_a_neighbour_with_the_same_beginning_is_outside(workspace: Path, gallery: Gallery) -> None:
    neighbour = workspace.parent / "workspace-2"
    neighbour.mkdir()
    (neighbour / "x").write_bytes(SECRET)
    path = gallery.local_path(0, "full")
    path.unlink()
    path.symlink_to(neighbour / "x")
    assert "leads out" in only_refusal(gallery, workspace).message


def test_photos_of_git_annex_are_published(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "full")
    target = workspace / ".git/annex/objects/x/y.jpg"
    target.parent.mkdir(parents=True)
    path.rename(target)
    path.symlink_to(target)
    assert find(gallery, workspace)[gallery.photos[0]["files"]["full"]].path == target


def test_a_link_of_git_annex_whose_content_is_not_here_says_what_to_do(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "full")
    path.unlink()
    path.symlink_to("../../../.git/annex/objects/x/y.jpg")
    assert "run `git annex get` before" in only_refusal(gallery, workspace).message


def test_a_dangling_link_says_where_it_leads_and_why_that_may_be(workspace: Path, gallery: Gallery) -> None:
    path = gallery.local_path(0, "full")
    path.unlink()
    path.symlink_to("/no/such/folder/a.jpg")
    message = only_refusal(gallery, workspace).message
    assert "is a symbolic link to '/no/such/folder/a.jpg', which does not exist here; make links relative" in message
    path.unlink()
    path.symlink_to("../gone.jpg")
    message = only_refusal(gallery, workspace).message
    assert message.endswith("is a symbolic link to '../gone.jpg', which does not exist here)")


def test_a_file_that_may_not_be_read(workspace: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, who may read everything.
    private = str(gallery.local_path(2, "thumb"))
    Path(private).chmod(0o600)
    monkeypatch.setattr(os, "access", lambda path, _mode: str(path) != private)
    assert "may not be read" in only_refusal(gallery, workspace).message


@pytest.mark.parametrize("key", ["../../../secret", "/etc/passwd", "full/../../../../secret", "a\0b", "\udc80"])
def test_metadata_that_nobody_validated_cannot_lead_out_either(workspace: Path, gallery: Gallery, key: str) -> None:
    gallery.photos[0]["files"]["full"] = key
    with pytest.raises(GalleryInvalid) as caught:
        locate(GalleryMetadata.from_dict(gallery.document), gallery.source, Workspace(workspace))
    assert "the key of full" in caught.value.findings[0].message


def test_names_too_long_for_the_disk_are_missing(workspace: Path, gallery: Gallery) -> None:
    gallery.photos[0]["files"]["full"] = "x" * 1000 + ".jpg"
    gallery.save()
    assert "is missing" in only_refusal(gallery, workspace).message


parts = st.sampled_from(["..", ".", "a", "out", "in", "loop", "pipe", "f", "up", "/", "secret", "root"])


@given(keys=st.lists(st.lists(parts, min_size=1, max_size=5).map("/".join), min_size=1, max_size=3, unique=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_through_any_links_leads_out(workspace: Path, keys: list[str]) -> None:
    source = workspace / "s"
    if not source.exists():
        source.mkdir()
        (source / "f").write_bytes(b"fine")
        for name, target in {
            "out": "../..",
            "in": ".",
            "loop": "loop",
            "up": "../s/f",
            "root": "/",
            "a": "../../secret",
        }.items():
            (source / name).symlink_to(target)
        os.mkfifo(source / "pipe")
    photo = make_document(keys)
    with no_hang():
        try:
            found = locate(GalleryMetadata.from_dict(photo), source, Workspace(workspace))
        except GalleryInvalid:
            return
    assert {read_file(local) for local in found.values()} == {b"fine"}


def make_document(keys: list[str]) -> dict[str, object]:
    files = dict(zip(VARIANTS, keys * 3, strict=False))
    photo = {"id": "p", "original_path": "", "file_hash": "", "deployment_file_hash": "", "files": files}
    return {"schema_version": "1.0", "photos": [photo]}


# -- reading -------------------------------------------------------------------------------------------------------


@pytest.fixture
def local(workspace: Path, gallery: Gallery) -> LocalFile:
    return find(gallery, workspace)[gallery.photos[0]["files"]["full"]]


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def _shrink(path: Path) -> None:
    os.truncate(path, 5)


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.rename(path)


def _replace_by_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def _replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_grow, "changed its size"),
        (_shrink, "changed its size"),
        (Path.unlink, "vanished"),
        (_replace, "was replaced"),
        (_replace_by_link, "was replaced by a link"),
        (_replace_by_pipe, "was replaced"),
        (_replace_by_folder, "was replaced"),
    ],
)
def test_a_file_that_changed_since_planning_is_not_read(
    local: LocalFile, change: Callable[[Path], None], words: str
) -> None:
    change(local.path)
    with no_hang(), pytest.raises(GalleryInvalid, match=words) as caught:
        read_file(local)
    assert "since the plan was made" in caught.value.message
    assert caught.value.hint


def test_a_folder_replaced_by_a_link_out_is_noticed(local: LocalFile, workspace: Path) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    (outside / local.path.name).write_bytes(local.path.read_bytes())
    local.path.parent.rename(workspace / "moved")
    local.path.parent.symlink_to(outside)
    with pytest.raises(GalleryInvalid, match="was replaced"):
        read_file(local)


def test_an_empty_file_can_be_read(local: LocalFile) -> None:
    os.truncate(local.path, 0)
    assert read_file(replace(local, size=0)) == b""


# -- speed ---------------------------------------------------------------------------------------------------------


def test_many_photos_are_found_with_few_system_calls(
    workspace: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = make_gallery(workspace / "many", photos=200, originals=workspace / "originals")
    calls = 0

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def counting(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            return call(*arguments, **named)

        return counting

    for name in ("lstat", "stat", "readlink", "access"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    started = time.process_time()
    metadata = GalleryMetadata.from_dict(gallery.document)
    found = locate(metadata, gallery.source, Workspace(workspace))
    assert len(found) == 600
    # lstat of the link, readlink, lstat of its target, access; two variants of three are links.
    assert calls < 600 * 4
    assert time.process_time() - started < 2


# -- a document that is left on the disk ---------------------------------------------------------------------------


@pytest.mark.parametrize("change", [lambda raw: raw.replace(b"wedding", b"WEDDING"), lambda raw: raw + b" "])
def test_large_metadata_is_read_again_and_has_to_be_the_same(
    gallery: Gallery, workspace: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(document, "_LARGE", 0)
    loaded = read_metadata(gallery.metadata_path, Workspace(workspace))
    raw = gallery.metadata_path.read_bytes()
    assert not isinstance(loaded.content, bytes)
    assert len(loaded.content) == len(raw)
    assert loaded.raw == raw
    gallery.metadata_path.write_bytes(change(raw))
    with pytest.raises(GalleryInvalid, match="metadata"):
        _ = loaded.raw
