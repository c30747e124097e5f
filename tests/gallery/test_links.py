"""Links of pages and style sheets to pictures: what counts as one, where it leads, and that no page takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from galleria_action.gallery.links import Base, DeadLinks, Keys, Link, dead_links, links_of

ROOT = Base()


def leads_to(content: str, page: str = "index.html", base: Base = ROOT) -> list[str]:
    return [link.key for link in links_of(page, content.encode(), base)]


@pytest.mark.parametrize(
    "content",
    [
        "<a href='x/a.jpg'>",
        '<a title="it\'s > that" href="x/a.jpg">',
        "<A HREF = x/a.jpg >",
        "<img alt=it's src=x/a.jpg>",
        "<img src='x/a.jpg?v=3#top'>",
        "<img src='./y/../x/a.jpg'>",
        "<img src='/x/a.jpg'>",
        "<img src='x/%61.jpg'>",
        "<img src='x/a&#46;jpg'>",
        "<img data-src='x/a.jpg'>",
        "<img srcset='x/a.jpg'>",
        "<img srcset=' , x/a.jpg, '>",
        "<video poster='x/a.jpg'></video>",
        "<meta property='og:image' content='x/a.jpg'>",
        "<link rel=preload as=image imagesrcset='x/a.jpg 400w'>",
        "<div style=\"background: url('x/a.jpg')\">",
        "<style>div { background: URL( x/a.jpg ) }</style>",
        '<style>/* url(no.jpg) */ div { background: url("x/a.jpg") }',
        "<svg><image xlink:href='x/a.jpg'/></svg>",
        "<script>'<img src=no.jpg>'</script><img src='x/a.jpg'>",
        "<!-- <img src=no.jpg> --><img src='x/a.jpg'>",
        "<textarea><img src=no.jpg></textarea><img src='x/a.jpg'>",
        "<base href='/x/'><img src='a.jpg'>",
        "<img src='x/a.jpg'",
        "<img src='x/a.jpg",
    ],
)
def test_a_link(content: str):
    assert leads_to(content) == ["x/a.jpg"], content


def test_every_candidate_of_a_set_is_a_link():
    assert leads_to("<source srcset='a.jpg 1x, b,c.jpg 2x,d.jpg (max, 3) 3x , e.jpg'>") == [
        "a.jpg", "b,c.jpg", "d.jpg", "e.jpg",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "<a href='page.html'>",
        "<a href='#a.jpg'>",
        "<img src='https://elsewhere.example/a.jpg'>",
        "<img src='//elsewhere.example/a.jpg'>",
        "<img src='data:image/png;base64,a.jpg'>",
        "<a href='mailto:a.jpg'>",
        "<img src='photos/${name}.jpg'>",
        "<img src='{{ photo.url }}.jpg'>",
        "<img src='../above.jpg'>",
        "<link rel=icon href=favicon.ico>",
        "<img alt='a.jpg'>",
        "a.jpg",
        "<img src='http://[a.jpg'>",
        "<img src='C:\\a.jpg'>",
        f"<img src='{'a' * 5000}.jpg'>",
    ],
)
def test_what_is_not_a_link_to_a_picture_of_the_site(content: str):
    assert leads_to(content + "<i title='.jpg'>") == []


def test_links_are_relative_to_their_page():
    assert leads_to("<img src='a.jpg'>", "albums/one/index.html") == ["albums/one/a.jpg"]
    assert leads_to("<img src='../a.jpg'>", "albums/one/index.html") == ["albums/a.jpg"]
    assert leads_to("div { background: url(../img/a.jpg) }", "css/site.css") == ["img/a.jpg"]


def test_where_visitors_see_the_site_decides_what_is_ours():
    base = Base.of("https://Photos.example/wedding/", "")
    own = ["https://photos.example/wedding/a.jpg", "//photos.example/wedding/a.jpg", "/wedding/a.jpg", "a.jpg"]
    for text in own:
        assert leads_to(f"<img src='{text}'>", base=base) == ["a.jpg"], text
    for text in ("/a.jpg", "https://photos.example/a.jpg", "https://photos.example.org/wedding/a.jpg"):
        assert leads_to(f"<img src='{text}'>", base=base) == [], text
    assert leads_to("<img src='/a.jpg'>", base=Base.of(None, "wedding/")) == []  # nobody knows where the root is


def dead(*keys: str, photos: tuple[str, ...], elsewhere: bool = False) -> DeadLinks:
    links = iter([Link("index.html", key, key) for key in keys])
    return dead_links(links, Keys({"logo.png"}, frozenset(photos), elsewhere))


def test_a_dead_link_names_the_photo_that_is_meant():
    found = dead("photos/web/a.jpg", "photos/web/a.jpg", "web/a.jpg", "logo.png", photos=("web/a.jpg",))
    assert [(it.link.key, it.meant) for it in found.links] == [("photos/web/a.jpg", "web/a.jpg")]
    assert found.above == "photos"
    (other,) = dead("pictures/a.jpg", photos=("web/a.jpg",)).links
    assert other.meant == "web/a.jpg"
    assert dead("x/web/a.jpg", "y/web/a.jpg", photos=("web/a.jpg",)).above == ""


def test_photos_that_lie_elsewhere_may_lie_under_any_folder():
    assert not dead("photos/web/a.jpg", photos=("web/a.jpg",), elsewhere=True).links
    assert dead("photos/web/b.jpg", photos=("web/a.jpg",), elsewhere=True).links


_HOSTILE = ["<!--", "<a ", "<a x='", "<", "x=", "<style>", "url(", "/*", "a,", "(", 'url("', "=", " ", "<script>", "&#"]


@pytest.mark.parametrize("piece", _HOSTILE)
@pytest.mark.parametrize("before", ["", "<a ", "<style>", "<img srcset='", "<img style='"])
def test_no_page_takes_long(before: str, piece: str):
    def seconds(length: int) -> float:
        content = f"{before}{piece * (length // len(piece))} x.jpg".encode()
        began = time.process_time()
        list(links_of("index.html", content, ROOT))
        return time.process_time() - began

    assert seconds(100_000) < 0.4


@given(st.text(alphabet="<>='\"/ahrefsrcimgstyle.jpg(),;:{}&#%?!- \n", max_size=400))
def test_no_page_makes_it_fail(text: str):
    for page in ("index.html", "site.css"):
        for link in links_of(page, (text + ".jpg").encode("utf-8", "surrogatepass"), ROOT):
            assert not link.key.startswith(("/", "../"))


@given(st.lists(st.sampled_from(["..", "%2e.", "&#46;%2E", ".", "", "%2F", "a", "b c"]), max_size=6).map("/".join))
def test_no_path_leads_out(path: str):
    found = leads_to(f"<img src='b/c.jpg'><img src='{path}/a.jpg'>", "albums/index.html")
    assert found[0] == "albums/b/c.jpg"
    assert not [key for key in found if {"", ".", ".."} & set(key.split("/"))]
