"""What a picture tells of people and their things, besides where it was taken: serial numbers, names, paths.

Read from its beginning, where cameras, phones and editors write it. What makers keep in notes of their own forms is not
read. Sources: Exif 3.0 (CIPA DC-008-2023), DNG 1.7, IPTC-IIM 4.2, XMP part 2, the IPTC extension of XMP.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from galleria_action.gallery.containers import jpeg, tiff

_TAGS = {
    0x013B: "Artist", 0x013C: "HostComputer", 0x9C9D: "XPAuthor", 0xA430: "CameraOwnerName", 0xA431: "BodySerialNumber",
    0xA435: "LensSerialNumber", 0xA437: "Photographer", 0xA438: "ImageEditor", 0xC62F: "CameraSerialNumber",
}  # fmt: skip
#: properties of XMP, as attributes, or as elements with a text or a list in them
_XMP = re.compile(
    rb":(SerialNumber|BodySerialNumber|CameraSerialNumber|LensSerialNumber|OwnerName|CameraOwnerName|creator"
    rb"|PersonInImage|filePath)"
    rb"(?:\s{0,4}=\s{0,4}[\"']\s{0,9}[^\"'\s]"
    rb"|[^<>]{0,60}>\s{0,60}(?:<rdf:(?:Seq|Bag|Alt)>\s{0,60}<rdf:li[^<>]{0,60}>\s{0,60})?[^<\s])"
)
#: records of IPTC's application part that name somebody, behind the mark of Photoshop's resource
_IPTC_RESOURCE = b"8BIM\x04\x04"
_IPTC = re.compile(rb"\x1c\x02([\x50\x76\x7a])[\0-\x07][\x01-\xff]", re.DOTALL)
_IPTC_NAMES = {0x50: "By-line", 0x76: "Contact", 0x7A: "Writer-Editor"}
#: a folder of somebody's: their name is often a part of it
_PATH = re.compile(rb"(?:[A-Za-z]:[\\/](?:Users|Documents and Settings)[\\/]|/(?:Users|home)/)[\w .-]{2,}")
#: EXIF as JPEG, WebP and PNG have it
_EXIF = re.compile(rb"(?:Exif\0\0|EXIF.{4}|eXIf)(?=II\*\0|MM\0\*)", re.DOTALL)
#: more blocks, and larger ones, than any segment of a real photo has
_MOST_BLOCKS, _LARGEST_BLOCK = 4, 1 << 16


def tells_of_people(beginning: bytes) -> tuple[str, ...]:
    """The names of fields with something in them that tells who took a photo, whose camera it was, who is on it or on
    which machine it lay; each once. ``beginning`` of the file may be cut anywhere: what is not in it is not known."""
    head = _head(beginning)
    found: dict[str, None] = {}
    for match in islice(_EXIF.finditer(head), _MOST_BLOCKS):
        found |= dict.fromkeys(_in_exif(head[match.end() : match.end() + _LARGEST_BLOCK]))
    found |= dict.fromkeys(match[1].decode() for match in _XMP.finditer(head))
    if _IPTC_RESOURCE in head:
        found |= dict.fromkeys(_IPTC_NAMES[match[1][0]] for match in _IPTC.finditer(head))
    if _PATH.search(head):
        found["a path"] = None
    return tuple(found)


def _head(beginning: bytes) -> bytes:
    """What stands before a JPEG's pixels; of other formats all of it."""
    try:
        return beginning[: jpeg.read_head(memoryview(beginning)).scan]
    except jpeg.Damaged:
        return beginning


def _in_exif(block: bytes) -> Iterator[str]:
    try:
        read = tiff.read_tiff(block)
    except jpeg.Damaged:
        return
    for directory in read.directories.values():
        for entry in directory.entries:
            if entry.tag in _TAGS and read.value(entry).strip(b"\0 \t\r\n"):
                yield _TAGS[entry.tag]
