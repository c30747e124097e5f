"""The site: which pages there are, that every link leads somewhere, and what users may replace."""

from __future__ import annotations

import html.parser
import re
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

pytest.importorskip("jinja2")

from galleria_action.errors import ConfigInvalid
from galleria_action.gallery.originals.kinds import Kind
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio.recipe import Recipe
from galleria_action.studio.site import model
from galleria_action.studio.site.build import Built, build_site
from galleria_action.studio.site.model import Albums, Archive, SiteSettings
from tests.studio.job import R5, Studio
from tests.studio.photos import exif, packet, photo, put


class Links(html.parser.HTMLParser):
    """Every address in a page, and its texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "data-full", "data-avif") and value:
                self.addresses.append(value)
            if name in ("srcset", "imagesrcset") and value:
                self.addresses += [part.split()[0] for part in value.split(",")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


class Site:
    """A gallery with a site beside it."""

    def __init__(self, folder: Path) -> None:
        self.studio = Studio(folder)
        self.target = folder / "prod" / "site"

    def build(self, templates: Path | None = None, recipe: Recipe | None = None, **settings: Any) -> Built:
        made = self.studio.run(recipe=recipe or Recipe())
        wanted = SiteSettings(**({"title": "Wedding"} | settings))
        built = build_site(made.photos, self.studio.source, self.target, TimeSettings(), wanted, templates)
        self.check(built)
        return built

    def pages(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.target.glob("*.html"))}

    def check(self, built: Built) -> None:
        """Every address leads to a file of the site, or to a photo under its key; none leads elsewhere."""
        present = {str(path.relative_to(self.target)) for path in self.target.rglob("*") if path.is_file()}
        keys = {key for entry in self.studio.metadata for key in entry["files"].values()}
        for name, text in self.pages().items():
            for address in Links(text).addresses:
                place, anchor = urldefrag(unquote(address))
                assert place in present | keys, f"{name}: {address}"
                assert not anchor
        assert len(present) >= built.files


@pytest.fixture
def site(tmp_path: Path, at_hand: None) -> Site:
    return Site(tmp_path)


def some(site: Site, number: int = 3) -> Site:
    for n in range(number):
        site.studio.put(f"day {n % 2}/{n}.jpg", photo(block=exif(f"2024:06:{15 + n % 2} 14:30:{n:02d}", **R5), seed=n))
    return site


class TestPages:
    def test_one_page_without_albums(self, site: Site) -> None:
        some(site).build()
        assert list(site.pages()) == ["index.html"]
        text = site.pages()["index.html"]
        assert text.count("<li ") == 3
        assert "15 June 2024, 14:30 · Canon EOS R5" in text
        assert 'width="96" height="64"' in text
        assert (site.target / "index.css").read_text().count("--r:1.5") == 3

    def test_albums_by_folder_and_by_day(self, site: Site) -> None:
        some(site).build(albums=Albums.FOLDER)
        assert list(site.pages()) == ["album-day-0.html", "album-day-1.html", "index.html"]
        assert "day 0" in Links(site.pages()["index.html"]).texts
        site.studio.put("undated.jpg", photo(seed=50))
        site.build(albums=Albums.DAY)
        assert list(site.pages()) == [
            "album-2024-06-15.html", "album-2024-06-16.html", "album-undated.html", "index.html"
        ]  # fmt: skip
        assert "15 June 2024" in Links(site.pages()["index.html"]).texts

    def test_photos_at_the_top_form_an_album_and_odd_folders_get_sound_addresses(self, site: Site) -> None:
        for number, folder in enumerate(["", "Ü/ß", "名前", "名前2", "a b", "a-b", "../x", "<script>"]):
            site.studio.put(f"{folder.replace('../', 'dots ')}/{number}.jpg".lstrip("/"), photo(seed=number))
        site.build(albums=Albums.FOLDER)
        assert len(site.pages()) == 9
        assert all(re.fullmatch(r"(album-[a-z0-9-]+|index)\.html", name) for name in site.pages())

    def test_a_copy_in_two_folders_is_in_both_albums(self, site: Site) -> None:
        for folder in "ab":
            site.studio.put(f"{folder}/1.jpg", photo(seed=1))
        site.build(albums=Albums.FOLDER)
        assert set(site.pages()) == {"album-a.html", "album-b.html", "index.html"}

    def test_long_albums_have_further_pages(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(model, "MOST_ON_PAGE", 2)
        some(site, 5).build()
        assert list(site.pages()) == ["index.2.html", "index.3.html", "index.html"]
        assert '<span aria-current="page">2</span>' in site.pages()["index.2.html"]
        assert [text.count("<li ") for text in site.pages().values()] == [2, 1, 2]

    def test_words_of_strangers_stay_words(self, site: Site) -> None:
        evil = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}"
        site.studio.put("x.jpg", photo(xmp=packet(title=[evil], description=[evil], rights=[evil])))
        site.build(title="</title><script>alert(2)</script>")
        text = site.pages()["index.html"]
        assert text.count("<script") == 1  # ours
        assert "{{ 7*7 }}" in text
        Links(text)

    def test_sizes_in_avif(self, site: Site) -> None:
        site.studio.put("a.jpg", photo(size=(1200, 800)))
        site.build(recipe=Recipe(avif=True))
        text = site.pages()["index.html"]
        assert re.search(
            r'<source type="image/avif" srcset="avif/\S+-thumb.avif 400w, avif/\S+-double.avif 800w"', text
        )
        assert len(list((site.target / "avif").iterdir())) == 3
        site.build()
        assert "avif" not in site.pages()["index.html"]
        assert not list((site.target / "avif").iterdir())

    def test_noindex(self, site: Site) -> None:
        some(site).build()
        assert "robots" not in site.pages()["index.html"]
        some(site).build(noindex=True)
        assert '<meta name="robots" content="noindex' in site.pages()["index.html"]
        assert "Disallow: /" in (site.target / "robots.txt").read_text()
        some(site).build()
        assert not (site.target / "robots.txt").exists()

    def test_nothing_comes_from_anywhere_else(self, site: Site) -> None:
        some(site).build(albums=Albums.FOLDER, archive=Archive.WEB)
        for path in site.target.rglob("*"):
            if path.suffix in (".html", ".css", ".js"):
                text = path.read_text()
                assert not re.search(r"(?i)https?://|//[a-z]|@import|url\(", re.sub(r"(?m)^\s*//.*$| //.*$", "", text))
                assert "style=" not in text and "onclick" not in text

    def test_the_script_is_small(self, site: Site) -> None:
        some(site).build()
        assert (site.target / "gallery.js").stat().st_size < 15_000
        assert (site.target / "style.css").stat().st_size < 6_000

    def test_a_page_of_sixty_is_light(self, site: Site) -> None:
        some(site, 60).build()
        assert len(site.pages()["index.html"]) < 45_000


class TestNextTime:
    def test_nothing_changed_writes_nothing(self, site: Site) -> None:
        some(site).build(albums=Albums.FOLDER, archive=Archive.FULL)
        before = {path: path.stat().st_mtime_ns for path in site.target.rglob("*")}
        assert site.build(albums=Albums.FOLDER, archive=Archive.FULL).changed == 0
        assert {path: path.stat().st_mtime_ns for path in site.target.rglob("*")} == before

    def test_pages_of_albums_that_are_gone_go_and_files_of_others_stay(self, site: Site) -> None:
        some(site).build(albums=Albums.FOLDER)
        put(site.target, "album-mine.html", b"<p>mine")
        put(site.target, "CNAME", b"example.org")
        some(site).build()
        assert {path.name for path in site.target.glob("*.html")} == {"index.html", "album-mine.html"}
        assert (site.target / "CNAME").exists()

    @pytest.mark.parametrize("told", ["[" * 100_000, "{}", '{"site": 1e999}', "\0"])
    def test_a_list_of_files_that_nobody_understands_is_none(self, site: Site, told: str) -> None:
        some(site).build()
        (site.studio.source / ".studio" / "site.json").write_text(told)
        assert site.build().changed == 0

    def test_the_same_photos_give_the_same_site(self, site: Site, tmp_path: Path) -> None:
        some(site).build(albums=Albums.FOLDER, archive=Archive.FULL)
        (tmp_path / "other").mkdir()
        other = Site(tmp_path / "other")
        some(other).build(albums=Albums.FOLDER, archive=Archive.FULL)
        for path in site.target.rglob("*"):
            if path.is_file():
                assert (other.target / path.relative_to(site.target)).read_bytes() == path.read_bytes(), path.name


class TestArchives:
    @pytest.mark.parametrize("variant", [Archive.WEB, Archive.FULL])
    def test_an_album_as_a_zip_file(self, site: Site, variant: Archive) -> None:
        some(site).build(albums=Albums.FOLDER, archive=variant)
        with zipfile.ZipFile(site.target / "album-day-0.zip") as archive:
            names = archive.namelist()
            assert len(names) == 2 and archive.testzip() is None
            body = archive.read(names[0])
        assert 'href="album-day-0.zip" download' in site.pages()["album-day-0.html"]
        assert body.startswith(b"\xff\xd8")
        full = (site.studio.source / "full" / names[0]).read_bytes()
        assert (body == full) == (variant is Archive.FULL)


class TestTemplates:
    def test_files_are_replaced_one_by_one_and_others_join(self, site: Site, tmp_path: Path) -> None:
        mine = tmp_path / "templates"
        put(mine, "style.css", b"body{color:red}")
        put(mine, "album.html", b'{% extends "base.html" %}{% block main %}<p>{{ page.photos|length }}!{% endblock %}')
        put(mine, "fonts/x.woff2", b"font")
        put(mine, ".secret", b"no")
        some(site).build(mine)
        assert (site.target / "style.css").read_bytes() == b"body{color:red}"
        assert "<p>3!" in site.pages()["index.html"]
        assert (site.target / "fonts/x.woff2").exists() and not (site.target / ".secret").exists()
        assert (site.target / "gallery.js").exists()

    @pytest.mark.parametrize(
        "text",
        ["{% if %}", "{{ page.nothing }}", "{% include 'nowhere.html' %}", "{{ 1 / 0 }}",
         "{{ ''.__class__.__mro__[1].__subclasses__() }}", "{{ page.photos.__class__.__init__.__globals__ }}"],
    )  # fmt: skip
    def test_what_cannot_be_used_is_told_and_does_no_harm(self, site: Site, tmp_path: Path, text: str) -> None:
        put(tmp_path / "templates", "album.html", text.encode())
        with pytest.raises(ConfigInvalid) as caught:
            some(site).build(tmp_path / "templates")
        assert "album.html" in str(caught.value)


def test_an_original_that_browsers_cannot_show_is_still_offered(site: Site) -> None:
    site.studio.put("a.tif", photo(Kind.TIFF))
    site.build()
    assert re.search(r'data-full="photos/full/\S+\.tif"', site.pages()["index.html"])
