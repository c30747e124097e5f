"""The small XML documents of S3: read strictly and within bounds, written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Never
from xml.etree import ElementTree

#: a listing has at most 1,000 objects of a dozen fields; each element takes a hundred bytes of memory
MOST_TAGS = 100_000


class BadDocument(Exception):
    """An answer that is not the document that was asked for; the text says what it is."""


class _Builder(ElementTree.TreeBuilder):
    """No entities: they need a document type, which S3 never sends. Depth needs no bound of its own, because nothing
    here calls itself for each level, and expat does not either."""

    def doctype(self, *_: str | None) -> Never:
        raise BadDocument("an answer with a document type, which S3 does not send")


def parsed(body: bytes, what: str) -> ElementTree.Element:
    """The root of ``body``. Raises ``BadDocument`` with a text like 'an answer that is not {what}'."""
    if body.count(b"<") > MOST_TAGS:
        raise BadDocument(f"an answer that is not {what}, but has far too many parts")
    try:
        return ElementTree.XML(body, ElementTree.XMLParser(target=_Builder()))
    except ElementTree.ParseError as error:
        kind = "broken XML" if body.lstrip()[:1] == b"<" else "no XML at all"
        raise BadDocument(f"an answer that is not {what}, but {kind} (line {error.position[0]})") from None
    except (LookupError, ValueError):  # of Python's own, where it helps expat with encodings
        raise BadDocument(f"an answer that is not {what}, but in an encoding that nobody knows") from None


def name_of(element: ElementTree.Element) -> str:
    """The tag without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """The children of that name, whatever their namespace."""
    return (child for child in element if name_of(child) == name)


def text(element: ElementTree.Element, name: str) -> str:
    """The text of the first child of that name, ``""`` where there is none."""
    child = next(children(element, name), None)
    return (child.text or "") if child is not None else ""


def element(name: str, *content: str) -> str:
    """An element around ``content``, which is XML already."""
    return f"<{name}>{''.join(content)}</{name}>"


def leaf(name: str, value: str) -> str:
    """An element that holds a text."""
    return element(name, value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def document(name: str, *content: str) -> bytes:
    """A whole document of S3's namespace."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f'{head}<{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(content)}</{name}>'.encode()
