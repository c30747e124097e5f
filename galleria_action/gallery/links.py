"""The links of a site's pages and style sheets to pictures: which of them lead to nothing.

Read with patterns that take each character once, whatever a page holds: the parser of the standard library takes the
square of a page's length for some. Only links are looked for that are written down as such; what a script puts together
is not seen.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from galleria_action.gallery.media import extension_of, is_photo_or_video
from galleria_action.values import dataclass, field

#: larger files are data more than pages
LARGEST_PAGE = 8 << 20
_LONGEST_LINK = 4096

_PICTURE = re.compile(
    rb"\b(?:jpe?g|jpe|jfif|png|apng|webp|avif|gif|heic|heif|jxl|tiff?|bmp|mp4|m4v|webm|mov|ogv)\b", re.I
)
_TOKEN = re.compile(
    r"<!--.*?(?=-->|\Z)"  # a comment
    r"|<(?P<tag>[a-z][^\s/>]*+)"
    r"(?P<attributes>(?:[\s/]++|[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"?+|'[^']*+'?+|[^\s>\"'][^\s>]*+)?+)?+|=)*+)",
    re.I | re.S,
)
_ATTRIBUTE = re.compile(r"(?<![^\s/>=])([^\s/>=]++)\s*+=\s*+(?:\"([^\"]*+)\"?+|'([^']*+)'?+|([^\s>\"'][^\s>]*+))", re.S)
#: a path below the page's folder, as it would be as a key
_PLAIN = re.compile(r"(?>(?:[\w-][\w.-]*+/)*)[\w-][\w.-]*+\Z", re.A)
#: elements whose content is text: what looks like a tag in it is none
_RAW = ("script", "style", "textarea", "title", "xmp", "iframe")
_ENDS = {name: re.compile(f"</{name}", re.I) for name in _RAW}
_LINKS = frozenset({
    "href", "src", "poster", "data", "content", "xlink:href", "background", "data-src", "data-original", "data-full",
})  # fmt: skip
_SETS = frozenset({"srcset", "imagesrcset", "data-srcset"})
#: one candidate of a srcset: an address up to the next blank, then what describes it
_CANDIDATE = re.compile(r"[\s,]*+(\S++)(?:(?<!,)(?:[^,(]++|\([^)]*+\)?+)*+)?+")
_COMMENT_IN_CSS = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_URL_IN_CSS = re.compile(r"\burl\(\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'()]++))\s*+\)", re.I)


@dataclass(frozen=True, slots=True)
class Link:
    """A link on the page ``page`` (its key): ``text`` as it is written, ``key`` what it leads to."""

    page: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Base:
    """Where visitors see the site: its host (lower case; empty: not known) and the path of its root, with a slash at
    its end. ``rooted`` tells that the path is known."""

    host: str = ""
    path: str = "/"
    rooted: bool = True

    @classmethod
    def of(cls, public_url: str | None, prefix: str) -> Base:
        """The base of a site under ``public_url``, or in the bucket under ``prefix`` where that is not known."""
        if public_url:
            parts = urlsplit(public_url)
            return cls(parts.netloc.lower(), f"{parts.path.rstrip('/')}/")
        return cls(path="/", rooted=not prefix)


def links_of(page: str, content: bytes, base: Base) -> Iterator[Link]:
    """The links to pictures and videos of this site that the page or style sheet ``page`` holds."""
    if not _PICTURE.search(content):
        return
    text = content.decode("utf-8", "replace")
    written = _in_css(text) if extension_of(page) == "css" else _in_html(text)
    folder = page.rpartition("/")[0]
    for it in written:
        if isinstance(it, _BaseElement):
            folder = _folder(it.href, folder, base)
        elif (key := _leads_to(it, folder, base)) is not None:
            yield Link(page, it, key)


@dataclass(frozen=True, slots=True)
class _BaseElement:
    """What ``<base href>`` says: from now on links are relative to it."""

    href: str


def _in_html(text: str) -> Iterator[str | _BaseElement]:
    at = 0
    while token := _TOKEN.search(text, at):
        at = token.end()
        tag = (token["tag"] or "").lower()
        attributes = token["attributes"] or ""
        for name, value in _attributes(attributes):
            if tag == "base":
                yield from [_BaseElement(value)] if name == "href" else []
            elif name in _LINKS:
                yield value
            elif name in _SETS:
                yield from (candidate[1].rstrip(",") for candidate in _CANDIDATE.finditer(value))
            elif name == "style":
                yield from _in_css(value)
        if tag in _ENDS:
            end = _ENDS[tag].search(text, at)
            inside = text[at : end.start()] if end else text[at:]
            if tag == "style":
                yield from _in_css(inside)
            at += len(inside)


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        yield name.lower(), html.unescape(double or single or bare)


def _in_css(text: str) -> Iterator[str]:
    for double, single, bare in _URL_IN_CSS.findall(_COMMENT_IN_CSS.sub(" ", text)):
        yield double or single or bare


def _leads_to(text: str, folder: str, base: Base) -> str | None:
    """The key of the picture that a link in ``folder`` leads to; ``None`` for other files, other sites, and places that
    a script or a template fills in."""
    if len(text) <= _LONGEST_LINK and _PLAIN.match(text):  # most are, and there may be millions
        return f"{folder}/{text}".lstrip("/") if _shows(text) else None
    path = _path(text, base)
    return _below(path, folder, base) if path is not None and _shows(path) else None


def _shows(path: str) -> bool:
    """Whether ``path`` is a picture's or a video's; the icon of a site is nobody's loss."""
    return is_photo_or_video(path) and extension_of(path) != "ico"


def _path(text: str, base: Base) -> str | None:
    text = text.strip()
    if len(text) > _LONGEST_LINK or re.search(r"[{}<>`$|\\]", text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    foreign = parts.scheme not in ("", "http", "https") or (parts.netloc and parts.netloc.lower() != base.host)
    return None if foreign or (parts.scheme and not parts.netloc) else unquote(parts.path)


def _below(path: str, folder: str, base: Base) -> str | None:
    """``path`` as a key; ``None`` where it leads out of the site."""
    if path.startswith("/"):
        if not base.rooted or not path.startswith(base.path):
            return None
        path = path.removeprefix(base.path)
    else:
        path = f"{folder}/{path}"
    key = posixpath.normpath(path.lstrip("/"))
    return None if key == ".." or key.startswith("../") else key


def _folder(href: str, folder: str, base: Base) -> str:
    path = _path(href, base)
    return folder if path is None else (_below(path.rpartition("/")[0] or "/", folder, base) or folder).strip(".")


# -- which of them are dead ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead link, and the key of the photo that is probably meant (empty: nobody knows)."""

    link: Link
    meant: str = ""


@dataclass(frozen=True, slots=True)
class DeadLinks:
    """All dead links of a site. ``above`` is the folder that every link with a photo's key in it has above that key."""

    links: tuple[Dead, ...] = ()
    above: str = ""


@dataclass(frozen=True)
class Keys:
    """The keys that will exist. ``photos`` may lie ``elsewhere``, in a bucket or under a prefix of their own: then any
    folder may be above their keys."""

    site: Collection[str]
    photos: Collection[str]
    elsewhere: bool = False
    _by_name: Mapping[str, str] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {key.rpartition("/")[2]: key for key in self.photos})

    def has(self, key: str) -> bool:
        """Whether something will lie under ``key``."""
        return key in self.site or key in self.photos or (self.elsewhere and bool(self._end(key)))

    def meant(self, key: str) -> str:
        """The photo's key that ``key`` ends in, or one with the same name."""
        return self._end(key) or self._by_name.get(key.rpartition("/")[2], "")

    def _end(self, key: str) -> str:
        while "/" in key:
            key = key.partition("/")[2]
            if key in self.photos:
                return key
        return ""


def dead_links(links: Iterator[Link], keys: Keys) -> DeadLinks:
    """Those of ``links`` that lead to nothing, each page's once."""
    broken = dict.fromkeys(link for link in links if not keys.has(link.key))
    dead = [Dead(link, keys.meant(link.key)) for link in broken]
    above = {it.link.key.removesuffix(it.meant) for it in dead if it.meant and it.link.key.endswith(f"/{it.meant}")}
    return DeadLinks(tuple(dead), above.pop().rstrip("/") if len(above) == 1 else "")
