"""An independent judge of EXIF edits: its own reading of JPEG and TIFF, sharing no line with the editor.

It reads what a strict reader would read and says, in words, everything that differs between two files besides
DateTimeOriginal and OffsetTimeOriginal.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

DTO, OTO, EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x9003, 0x9011, 0x8769, 0x8825, 0xA005
WIDTH = dict(zip(range(1, 14), (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), strict=True))


@dataclass(frozen=True)
class Field:
    """One tag as it is: the offset is ``None`` where the value stands in the record."""

    kind: int
    count: int
    raw: bytes
    offset: int | None
    complete: bool


@dataclass(frozen=True)
class Reading:
    """A file, taken apart: what stands before and behind the EXIF segment, and all that the segment says."""

    before: bytes
    after: bytes
    fields: dict[tuple[str, int, int], Field]
    links: dict[str, int]
    thumbnail: bytes | None
    overruns: bool
    length: int


def exif_span(data: bytes) -> tuple[int, int] | None:
    """Where the first EXIF segment stands, marker included."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            at += 1
        elif data[at + 1] in (0xFF, 0x00, 0x01, *range(0xD0, 0xD9)):
            at += 1 if data[at + 1] == 0xFF else 2
        elif data[at + 1] == 0xDA:
            return None
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if data[at + 1] == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
                return at, end
            at = end
    return None


def read(data: bytes) -> Reading:
    """Take ``data`` apart; the file must have a sound EXIF segment."""
    span = exif_span(data)
    assert span is not None, "no EXIF segment"
    block = data[span[0] + 10 : span[1]]
    order = {b"II": "<", b"MM": ">"}[block[:2]]
    fields: dict[tuple[str, int, int], Field] = {}
    links: dict[str, int] = {}
    overruns = False
    todo = [("IFD0", struct.unpack_from(order + "I", block, 4)[0])]
    while todo:
        name, at = todo.pop()
        count = int.from_bytes(block[at : at + 2], "little" if order == "<" else "big")
        end = at + 2 + 12 * count
        if at < 8 or at + 2 > len(block) or end > len(block) or count > 512:
            overruns = True
            continue
        seen: dict[int, int] = {}
        for record in range(at + 2, end, 12):
            tag, kind, values = struct.unpack_from(order + "HHI", block, record)
            size = WIDTH.get(kind, 0) * values
            offset = None if size <= 4 else struct.unpack_from(order + "I", block, record + 8)[0]
            start = record + 8 if offset is None else offset
            raw = block[start : start + (4 if offset is None else size)]
            complete = offset is None or len(raw) == size
            overruns = overruns or not complete
            fields[name, tag, seen.setdefault(tag, 0)] = Field(kind, values, raw, offset, complete)
            seen[tag] += 1
            below = {EXIF_IFD: "Exif", GPS_IFD: "GPS", INTEROP_IFD: "Interop"}.get(tag)
            if below and name.count("/") < 2 and kind in (4, 13) and values == 1:
                todo.append((f"{name}/{below}", struct.unpack(order + "I", raw)[0]))
        links[name] = struct.unpack_from(order + "I", block, end)[0] if end + 4 <= len(block) else 0
        if name == "IFD0" and links[name]:
            todo.append(("IFD1", links[name]))
    thumbnail = None
    where, length = (fields.get(("IFD1", tag, 0)) for tag in (0x201, 0x202))
    if where and length and {where.kind, length.kind} <= {4, 13} and where.count == length.count == 1:
        start, size = (struct.unpack(order + "I", f.raw)[0] for f in (where, length))
        thumbnail = block[start : start + size]
        overruns = overruns or start + size > len(block)
    return Reading(data[: span[0]], data[span[1] :], fields, links, thumbnail, overruns, len(block))


def value(data: bytes, tag: int, path: str = "IFD0/Exif") -> str | None:
    """The text of a tag, or ``None`` where there is none."""
    if exif_span(data) is None:
        return None
    found = read(data).fields.get((path, tag, 0))
    return found.raw.split(b"\0")[0].decode("latin-1") if found else None


def date_and_offset(data: bytes) -> tuple[str | None, str | None]:
    """What readers will show."""
    return value(data, DTO), value(data, OTO)


MAY_CHANGE = {(path, tag) for path in ("IFD0/Exif", "IFD0", "IFD1/Exif") for tag in (DTO, OTO)}


def differences(old: bytes, new: bytes, *, gps_removed: bool = False) -> list[str]:
    """Everything that differs besides the two tags (and GPS where it was to be removed), in words."""
    if exif_span(old) is None:
        return _differences_of_insertion(old, new)
    a, b = read(old), read(new)
    found = []
    if a.before != b.before:
        found.append("bytes before the EXIF segment")
    if a.after != b.after:
        found.append("bytes behind the EXIF segment")
    if a.thumbnail != b.thumbnail:
        found.append("thumbnail")
    new_exif = ("IFD0", EXIF_IFD, 0) not in a.fields
    for key in sorted(a.fields.keys() | b.fields.keys()):
        path, tag, _ = key
        if (path, tag) in MAY_CHANGE or key == ("IFD0", EXIF_IFD, 0) or (new_exif and path == "IFD0/Exif"):
            continue
        if gps_removed and (tag == GPS_IFD or "GPS" in path):
            if key in b.fields:
                found.append(f"{path} {tag:#06x} is still there")
        elif a.fields.get(key) != b.fields.get(key):
            found.append(f"{path} {tag:#06x}: {a.fields.get(key)} became {b.fields.get(key)}")
    for path, link in a.links.items():
        now = b.links.get(path, link)
        if "GPS" not in path and now != link and (link < a.length or now < b.length):  # others lead nowhere
            found.append(f"link behind {path}")
    return found


def _differences_of_insertion(old: bytes, new: bytes) -> list[str]:
    if old == new:
        return []
    span = exif_span(new)
    if span is None or new[: span[0]] + new[span[1] :] != old:
        return ["bytes outside of the new EXIF segment"]
    return [] if {path for path, _, _ in read(new).fields} == {"IFD0", "IFD0/Exif"} else ["more than a small block"]


def further_pictures(data: bytes) -> list[bytes]:
    """The pictures that an MPF index names, by the index's own offsets."""
    at = data.find(b"MPF\0")
    if at < 0:
        return []
    base = at + 4
    order = {b"II": "<", b"MM": ">"}[data[base : base + 2]]
    directory = base + struct.unpack_from(order + "I", data, base + 4)[0]
    pictures = []
    for number in range(struct.unpack_from(order + "H", data, directory)[0]):
        tag, _, size, offset = struct.unpack_from(order + "HHII", data, directory + 2 + 12 * number)
        if tag == 0xB002:
            for entry in range(base + offset + 16, base + offset + size, 16):
                length, start = struct.unpack_from(order + "II", data, entry + 4)
                pictures.append(data[base + start : base + start + length])
    return pictures
