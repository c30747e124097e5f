"""What a photographer wrote into a photo: title, caption, keywords, creator and copyright, made safe to show.

Where the places differ, XMP comes before IPTC and that before EXIF (Metadata Working Group, guidelines 2.0). Text that
cameras write by themselves is not a caption.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from galleria_action.values import dataclass, field

_LONGEST = {"caption": 2000, "title": 300, "creator": 200, "copyright": 300}
_LONGEST_KEYWORD, _MOST_KEYWORDS = 100, 50
#: far above any real packet; bounds the time a hostile one takes
_MAX_PACKET, _MAX_DEPTH = 1 << 20, 64

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_TEXTS = {
    f"{_DC} title": "title",
    f"{_DC} description": "caption",
    f"{_DC} creator": "creator",
    f"{_DC} rights": "copyright",
    f"{_DC} subject": "keywords",
    "http://ns.adobe.com/exif/1.0/ DateTimeOriginal": "taken",
    "http://ns.adobe.com/photoshop/1.0/ DateCreated": "taken",
}
#: record 2 of IPTC-IIM
_IPTC = {5: "title", 120: "caption", 80: "creator", 116: "copyright", 25: "keywords"}

_CAMERA_TALK = re.compile(
    r"(?:\S+(?: \S+)? )?digital (?:still )?camera|sony dsc|exif[_ -]jpeg\S*|dcf 1\.0|image[ -]description|default|"
    r"untitled|screenshot|scanned image|none|[\W\d_]+|"
    r"(?:jpeg|dcim|dsc|img|mde|oznor|sdr|hdr|rhdr|fhdr|cof|ptr|nor|edf|binary)[\W\d_]\S*"
)


@dataclass(frozen=True, slots=True)
class Words:
    """Texts for humans, on one line each but the caption; empty where there is nothing to say."""

    title: str = ""
    caption: str = ""
    creator: str = ""
    copyright: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class XmpValues:
    """What an XMP packet says, as written: each name with its values in order."""

    values: Mapping[str, list[str]] = field(default_factory=dict)

    def first(self, name: str) -> str:
        """The first value that is not blank."""
        return next((text for text in self.values.get(name, ()) if text.strip()), "")


def gather(xmp: XmpValues, iptc: Mapping[str, list[str]], exif: Mapping[str, str], camera: str) -> Words:
    """The words of a photo from the three places they may stand in, each raw. ``camera`` is its make and model."""

    def text(name: str) -> str:
        candidates = (xmp.first(name), "".join(iptc.get(name, ())[:1]), exif.get(name, ""))
        cleaned = (clean(candidate, _LONGEST[name], lines=name == "caption") for candidate in candidates)
        return next(
            (words for words in cleaned if words and not (name in _PROSE and _said_by_camera(words, camera))), ""
        )

    keywords = xmp.values.get("keywords") or iptc.get("keywords") or []
    tidy = dict.fromkeys(clean(word, _LONGEST_KEYWORD) for word in keywords[:_MOST_KEYWORDS])
    return Words(text("title"), text("caption"), text("creator"), text("copyright"), tuple(filter(None, tidy)))


def clean(text: str, longest: int, *, lines: bool = False) -> str:
    """``text`` without control, direction and invalid characters, spaces joined, at most ``longest`` characters.

    With ``lines`` the breaks between lines stay.
    """
    shown = []
    for line in text[: 4 * longest].splitlines():
        kept = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in line)
        kept = "".join(letter for letter in kept if unicodedata.category(letter) not in _UNWANTED)
        shown.append(" ".join(kept.split()))
    joined = ("\n" if lines else " ").join(filter(None, shown))
    return joined if len(joined) <= longest else joined[: longest - 1].rstrip() + "…"


#: format characters can turn the direction of a whole page; surrogates and private ones show as boxes
_UNWANTED = frozenset({"Cf", "Cs", "Co", "Cn"})


_PROSE = frozenset({"title", "caption"})


def _said_by_camera(text: str, camera: str) -> bool:
    """Whether a text is what a camera or phone writes into each of its photos, or only a file's number."""
    plain = text.lower().strip(" ._-")
    return _CAMERA_TALK.fullmatch(plain) is not None or plain in camera.lower()


def read_xmp(packet: bytes) -> XmpValues:
    """The values of ``packet`` that we know; nothing when it is not well-formed or brings its own entities."""
    reader = _XmpReader()
    try:
        reader.read(packet[:_MAX_PACKET].strip(b"\0 \r\n\t"))
    except expat.ExpatError:
        return XmpValues()
    return XmpValues(reader.values)


class _XmpReader:
    """Collects properties that are written as attributes, as plain text or as lists."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._text: list[str] = []

    def read(self, packet: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(packet, True)

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise expat.ExpatError("too deep")
        self._open.append(name)
        self._text.clear()
        if name == f"{_RDF} Description":
            for attribute, value in attributes.items():
                self._note(attribute, value)

    def _end(self, name: str) -> None:
        self._open.pop()
        text = "".join(self._text)
        self._text.clear()
        if name == f"{_RDF} li" and len(self._open) >= 2:
            self._note(self._open[-2], text)
        else:
            self._note(name, text)

    def _note(self, name: str, value: str) -> None:
        if (known := _TEXTS.get(name)) and value.strip():
            self.values.setdefault(known, []).append(value)

    def _refuse(self, *_: object) -> None:
        raise expat.ExpatError("a document type")


def read_iptc(records: bytes) -> dict[str, list[str]]:
    """The texts of IPTC-IIM ``records`` that we know, by our names for them."""
    texts: dict[str, list[str]] = {}
    for number, value in _iptc_records(records):
        if name := _IPTC.get(number):
            texts.setdefault(name, []).append(decoded(value))
    return texts


def _iptc_records(records: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 5 <= len(records) and records[at] == 0x1C:
        size = int.from_bytes(records[at + 3 : at + 5], "big")
        if size & 0x8000:
            return  # an extended record holds pictures, not text
        if records[at + 1] == 2:
            yield records[at + 2], records[at + 5 : at + 5 + size]
        at += 5 + size


def decoded(raw: bytes) -> str:
    """Text of which nobody says how it is written: UTF-8 when it can be, else Latin-1, as cameras of old."""
    raw = raw.strip(b"\0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
