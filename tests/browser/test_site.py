"""The generated site as visitors meet it: keyboard, fingers, no script, strict policies, readers, slow lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")

from galleria_action.fence.workspace import Workspace
from galleria_action.gallery.originals.times import TimeSettings
from galleria_action.studio.process import Task, process
from galleria_action.studio.recipe import Recipe
from galleria_action.studio.site.build import build_site
from galleria_action.studio.site.model import Albums, Archive, SiteSettings
from tests.browser.conftest import serious, served
from tests.studio.photos import exif, packet, photo, put
from tests.studio.scenes import scene

pytestmark = pytest.mark.slow
PHOTOS = 24
OpenPage = Callable[..., Any]
STRICT = "default-src 'self'; object-src 'none'; base-uri 'none'; require-trusted-types-for 'script'"


@pytest.fixture(scope="module")
def online(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What visitors reach: site and photos under one address, as a deploy puts them."""
    folder = tmp_path_factory.mktemp("gallery")
    sizes = [(600, 400), (400, 600), (640, 400), (480, 480), (900, 300)]
    for number in range(PHOTOS):
        image = scene(number, sizes[number % 5])
        words = packet(title=[f"Photo {number}"], description=["&lt;b onload=alert(1)&gt; &amp; swans"])
        block = exif(f"2024:06:{15 + number // 12} 14:{number:02d}:00", make="Canon", model="Canon EOS R5")
        put(
            folder,
            f"originals/{'lake' if number % 2 else 'church'}/{number:02d}.jpg",
            photo(block=block, xmp=words, image=image),
        )
    source = folder / "prod/pics"
    task = Task(folder / "originals", source, recipe=Recipe(avif=True))
    made = process(task, Workspace(folder), stopped=lambda: False, tell=lambda _: None)
    online = folder / "online"
    build_site(made.photos, source, online, TimeSettings(), SiteSettings("Wedding", archive=Archive.WEB))
    by_folder = SiteSettings("Wedding", Albums.FOLDER, noindex=True)
    build_site(made.photos, source, folder / "online/albums", TimeSettings(), by_folder)
    for base in (online, online / "albums"):
        (base / "photos").symlink_to(source)
    return online


@pytest.fixture(scope="module")
def address(online: Path) -> Iterator[str]:
    with served(online) as address:
        yield address


@pytest.fixture(scope="module")
def strict_address(online: Path) -> Iterator[str]:
    with served(online, Content_Security_Policy=STRICT) as address:
        yield address


def shown(page: Any) -> str:
    """What the viewer tells: title and place, empty while it is closed."""
    if not page.evaluate("document.querySelector('dialog').open"):
        return ""
    page.wait_for_function("document.querySelector('dialog img').complete")
    return str(page.locator("dialog figcaption strong").inner_text() + " " + page.locator("[role=status]").inner_text())


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.className"))


class TestKeyboard:
    def test_through_the_photos_and_back_to_where_one_was(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")  # behind the download
        page.keyboard.press("Enter")
        assert shown(page) == f"Photo 0 1 of {PHOTOS}"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert shown(page) == f"Photo 2 3 of {PHOTOS}"
        page.keyboard.press("End")
        assert shown(page) == f"Photo {PHOTOS - 1} {PHOTOS} of {PHOTOS}"
        page.keyboard.press("ArrowRight")
        assert shown(page).endswith(f"{PHOTOS} of {PHOTOS}")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Escape")
        page.wait_for_function("!document.querySelector('dialog').open")
        assert focused(page) == page.locator(".grid a").nth(1).get_attribute("id")
        assert page.url == address
        assert page.trouble == []

    def test_the_focus_stays_in_the_viewer_and_never_on_nothing(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.locator(".grid a").first.click()
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(
                "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
            )
        page.locator("dialog .next").focus()
        for _ in range(PHOTOS):
            page.keyboard.press("Enter")
        assert shown(page).endswith(f"{PHOTOS} of {PHOTOS}") or shown(page) == ""
        assert page.evaluate("document.activeElement !== document.body")

    def test_back_closes_and_forward_opens(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.locator(".grid a").nth(3).click()
        page.keyboard.press("ArrowRight")
        name = page.locator(".grid a").nth(4).get_attribute("id")
        assert page.url == f"{address}#{name}"
        page.go_back()
        assert shown(page) == ""
        assert page.url == address
        page.go_forward()
        assert shown(page) == f"Photo 4 5 of {PHOTOS}"
        page.keyboard.press("Escape")
        page.wait_for_url(address)
        assert shown(page) == ""

    def test_an_address_of_a_photo_opens_it(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        name = page.locator(".grid a").nth(7).get_attribute("id")
        page = open_page(f"{address}#{name}")
        assert shown(page) == f"Photo 7 8 of {PHOTOS}"
        page.keyboard.press("Escape")
        page.wait_for_url(address)
        assert shown(page) == ""
        assert open_page(f"{address}#%E0%A4%A").trouble == []

    def test_a_click_with_a_key_is_left_to_the_browser(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        with page.context.expect_page() as opened:
            page.locator(".grid a").first.click(modifiers=["Control"])
        opened.value.close()
        assert shown(page) == ""

    def test_a_click_shows_every_pixel_and_another_one_all_of_it(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address, viewport={"width": 320, "height": 400})
        page.locator(".grid a").nth(4).click()
        shown(page)
        page.locator("dialog img").click()
        assert page.evaluate("document.querySelector('dialog img').getBoundingClientRect().width") == 900
        page.locator("dialog img").click(position={"x": 5, "y": 5})
        assert page.evaluate("document.querySelector('dialog img').getBoundingClientRect().width") <= 320


class TestTouch:
    @staticmethod
    def swipe(page: Any, dx: int, dy: int = 0) -> None:
        session = page.context.new_cdp_session(page)
        points = [(200 + dx * step // 8, 300 + dy * step // 8) for step in range(9)]
        for kind, (x, y) in zip(["touchStart", *["touchMove"] * 8], points, strict=True):
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def test_swipes_turn_the_pages(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        page.locator(".grid a").first.tap()
        assert shown(page) == f"Photo 0 1 of {PHOTOS}"
        self.swipe(page, -150)
        assert shown(page) == f"Photo 1 2 of {PHOTOS}"
        self.swipe(page, 150)
        assert shown(page) == f"Photo 0 1 of {PHOTOS}"
        self.swipe(page, 20, 200)  # that was a scroll
        assert shown(page) == f"Photo 0 1 of {PHOTOS}"
        page.locator("dialog .close").tap()
        page.wait_for_function("!document.querySelector('dialog').open")
        assert page.trouble == []

    def test_buttons_are_large_enough_for_fingers(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
        page.locator(".grid a").nth(1).tap()
        for name in ("close", "previous", "next"):
            box = page.locator(f"dialog .{name}").bounding_box()
            assert min(box["width"], box["height"]) >= 44
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class TestWithoutScript:
    def test_every_photo_is_a_link_to_its_picture(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address, java_script_enabled=False)
        assert page.locator(".grid a img").count() == PHOTOS
        assert page.locator("dialog").count() == 0
        page.locator(".grid a").nth(2).click()
        page.wait_for_url("**/photos/web/*.jpg")

    def test_albums_lead_to_their_photos(self, open_page: OpenPage, address: str) -> None:
        page = open_page(f"{address}albums/index.html", java_script_enabled=False)
        assert page.locator(".albums a").count() == 2
        page.get_by_role("link", name="church").click()
        assert page.locator(".grid a").count() == PHOTOS // 2
        page.get_by_role("navigation").get_by_role("link", name="Wedding").click()
        assert page.locator("h1").inner_text() == "Wedding"


class TestPolicies:
    @pytest.mark.parametrize("path", ["", "albums/index.html", "albums/album-lake.html"])
    def test_a_strict_policy_is_not_violated(self, open_page: OpenPage, strict_address: str, path: str) -> None:
        page = open_page(strict_address + path)
        if page.locator(".grid a").count():
            page.locator(".grid a").first.click()
            page.keyboard.press("ArrowRight")
            assert "of" in shown(page)
        page.wait_for_load_state("networkidle")
        assert page.trouble == []

    def test_nothing_is_asked_of_anybody_else(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.locator(".grid a").first.click()
        page.wait_for_load_state("networkidle")
        assert all(asked.startswith(address) for asked in page.requested)

    def test_words_of_strangers_stay_words(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.on("dialog", lambda _: page.trouble.append("alert"))
        page.locator(".grid a").first.click()
        assert "<b onload=alert(1)> & swans" in page.locator("dialog figcaption").inner_text()
        assert page.trouble == []


class TestReaders:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("path", ["", "albums/index.html", "albums/album-lake.html"])
    def test_axe_finds_nothing_serious(self, open_page: OpenPage, address: str, path: str, scheme: str) -> None:
        page = open_page(address + path, color_scheme=scheme)
        assert serious(page) == []
        if page.locator(".grid a").count():
            page.locator(".grid a").nth(1).click()
            shown(page)
            assert serious(page) == []

    def test_the_place_is_told_as_a_status(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.locator(".grid a").first.click()
        assert page.get_by_role("status").inner_text() == f"1 of {PHOTOS}"
        assert page.get_by_role("dialog", name="Photo viewer").count() == 1


class TestLooks:
    @pytest.mark.parametrize("width", [320, 390, 800, 1280, 2000])
    def test_rows_are_full_and_nothing_moves(self, open_page: OpenPage, address: str, width: int) -> None:
        page = open_page(address, viewport={"width": width, "height": 800})
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        page.wait_for_load_state("networkidle")
        boxes = page.evaluate(
            "[...document.querySelectorAll('.grid li')].map(li => { const b = li.getBoundingClientRect();"
            " return [Math.round(b.top), b.left, b.right, b.height]; })"
        )
        rows: dict[int, list[list[float]]] = {}
        for box in boxes:
            rows.setdefault(int(box[0]), []).append(box)
        edge = page.evaluate("document.querySelector('.grid').getBoundingClientRect().right")
        for row in list(rows.values())[:-1]:
            assert abs(row[-1][2] - edge) < 1.5
            assert max(box[3] for box in row) - min(box[3] for box in row) < 1.5
        shifted = page.evaluate(
            "new Promise(done => { const sum = list => list.getEntries().reduce((all, one) => all + one.value, 0);"
            " new PerformanceObserver(list => done(sum(list))).observe({type: 'layout-shift', buffered: true});"
            " setTimeout(() => done(0), 300); })"
        )
        assert shifted == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def test_the_first_picture_is_fetched_once_and_early(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address)
        page.wait_for_load_state("networkidle")
        first = page.evaluate("document.querySelector('.grid img').currentSrc")
        assert first.endswith(".avif")
        assert page.requested.count(first) == 1
        assert page.requested.index(first) <= 4
        timing = page.evaluate(
            "new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).url))"
            ".observe({type: 'largest-contentful-paint', buffered: true}))"
        )
        assert timing.startswith(address)

    def test_pictures_out_of_view_wait(self, open_page: OpenPage, address: str) -> None:
        page = open_page(address, viewport={"width": 390, "height": 500})
        page.wait_for_load_state("networkidle")
        lazy = page.evaluate("[...document.querySelectorAll('.grid img')].map(img => img.loading)")
        assert lazy[:6] == ["auto"] * 6 or lazy[:6] == ["eager"] * 6
        assert set(lazy[6:]) == {"lazy"}
