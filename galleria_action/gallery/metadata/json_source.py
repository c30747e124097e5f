"""JSON from strangers: strict where Python's reader is lax, bounded, and with the line of every value.

Reading goes at the speed of Python's C parser. What costs time (which line is it?) is done only for documents that
have something wrong, and there only where something is wrong.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

from galleria_action.gallery.metadata.plainly import is_plainly_shallow
from galleria_action.gallery.wording import shown
from galleria_action.values import dataclass

#: Where a value is in a document: ("photos", 3, "files", "web")
Place = tuple[str | int, ...]

#: Largest document that is read, in bytes. Galleria writes about 800 bytes per photo, so this is a gallery of some
#: 300,000 photos, which takes about 1.5 GB of memory; a larger one is refused before it exhausts the machine.
MAX_BYTES = 256 * 2**20
#: Most values in a document; a photo has 22. Bounds the memory that a dense document ("[[],[],...") takes: about
#: 100 bytes for each value.
MAX_VALUES = 16_000_000
#: Deepest nesting; Galleria's own documents have five levels.
MAX_DEPTH = 64
#: After so many problems no more are looked for: a document can have millions.
MAX_PROBLEMS = 1000

#: bytes that may hold whatever they like
DENSE = 16 * 2**20
#: of so many values it takes less time to look at each than to load what looks at all
_FEW_VALUES = 20_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a document, and the line (from 1) where it is."""

    message: str
    line: int | None = None


class Unreadable(Exception):
    """The document cannot be read at all; ``problem`` says why and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class JsonSource:
    """A document that could be read. ``problems`` are wrong all the same (a key given twice, NaN)."""

    document: Any
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def parse(raw: bytes) -> JsonSource:
    """Read a UTF-8 JSON document.

    Raises ``Unreadable`` when the encoding or the syntax is wrong, or when a limit of this module is exceeded.
    """
    check_size(raw)
    check_density(raw)
    text = _decode(raw)
    if not text or text.isspace():
        raise Unreadable(Problem("the file is empty"))
    reader = StrictReader()
    document = _read(reader, text)
    suspicious = reader.found_something
    if not is_shallow(document):
        raise Unreadable(_first(_scan(text)))
    problems = tuple(islice(_scan_suspects(text), MAX_PROBLEMS)) if suspicious else ()
    warnings = (
        ("the file starts with a byte order mark (BOM), which JSON does not need",) if raw.startswith(_BOM) else ()
    )
    return JsonSource(document, problems, warnings)


def lines_of(raw: bytes, places: Sequence[Place]) -> list[int]:
    """The line (from 1) at which each of ``places`` begins in a document that ``parse`` has read.

    A field's line is the line of its name. A place that the document does not have gets the line of the innermost
    part it has. Takes one pass over the document, as fast as reading it.
    """
    if not places:
        return []
    text = _decode(raw)
    offsets = dict(_offsets(text, skip_space(text, 0), set(places)))
    lines: dict[int, int] = {}
    line, counted = 1, 0
    for offset in sorted(set(offsets.values())):
        line, counted = line + text.count("\n", counted, offset), offset
        lines[offset] = line
    return [lines[offsets[place]] for place in places]


# -- bytes to text -------------------------------------------------------------------------------------------------

_BOM = codecs.BOM_UTF8
_OTHER_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_size(raw: bytes) -> None:
    """Raise ``Unreadable`` for a document that is too large to be read."""
    if len(raw) > MAX_BYTES:
        raise Unreadable(too_large(len(raw)))


def check_density(raw: bytes) -> None:
    """Raise ``Unreadable`` for a document that holds too many values to be read value for value."""
    if len(raw) > DENSE and (values := raw.count(b",") + raw.count(b"{") + raw.count(b"[")) > MAX_VALUES:
        raise Unreadable(Problem(f"the file holds about {values:,} values; at most {MAX_VALUES:,} are read"))


def too_large(size: int) -> Problem:
    """What is wrong with a document of ``size`` bytes that exceeds ``MAX_BYTES``."""
    return Problem(f"the file is {size:,} bytes large; at most {MAX_BYTES:,} are read (some 300,000 photos)")


def _decode(raw: bytes) -> str:
    if raw.startswith(_OTHER_BOMS) or b"\0" in raw[:4]:
        raise Unreadable(Problem("the file is written in UTF-16 or UTF-32; save it as UTF-8", 1))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the mark.
        offset = error.start + (len(_BOM) if raw.startswith(_BOM) else 0)
        byte, line = raw[offset], raw.count(b"\n", 0, offset) + 1
    raise Unreadable(
        Problem(f"the file is not valid UTF-8: byte 0x{byte:02x} cannot stand here; save it as UTF-8", line)
    )


# -- text to values ------------------------------------------------------------------------------------------------


class StrictReader:
    """Python's reader, with an eye on what it lets pass. Says only that there is something, not where."""

    def __init__(self) -> None:
        self.found_something = False
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=self._constant, parse_float=self._float
        )
        self.decode, self.raw_decode = decoder.decode, decoder.raw_decode

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            self.found_something = True
        return fields

    def _constant(self, _name: str) -> float:
        self.found_something = True
        return 0.0

    def _float(self, digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            self.found_something = True
            return 0.0
        return value


def _read(reader: StrictReader, text: str) -> Any:
    try:
        return reader.decode(text)
    except json.JSONDecodeError as error:
        problem = _syntax(text, error)
    except (RecursionError, ValueError):
        # ValueError: an integer with more digits than Python converts (4,300; sys.int_info).
        problem = _first(_scan(text))
    raise Unreadable(problem)


def _syntax(text: str, error: json.JSONDecodeError) -> Problem:
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return Problem(f"the file is not valid JSON: it ends in the middle of something ({error.msg})", error.lineno)
    return Problem(f"the file is not valid JSON: {error.msg} in column {error.colno}", error.lineno)


def is_shallow(document: Any, *, large: bool = False) -> bool:
    """Whether ``document`` nests no deeper than ``MAX_DEPTH``, and can be written as UTF-8. Of a ``large`` one it is
    known that it has more than a few values."""
    if not large and is_plainly_shallow(document, MAX_DEPTH, _FEW_VALUES):
        return True
    try:
        valid: bool = _depth_validator().is_valid(document)
    except UnicodeEncodeError:
        # Half a surrogate pair in a field name: no such text can be written anywhere as UTF-8.
        return False
    return valid


@cache
def _depth_validator() -> Any:
    """A schema that accepts whatever is not too deep: walking all values in Rust takes a tenth of reading them."""
    import jsonschema_rs

    levels: dict[str, Any] = {str(MAX_DEPTH): {"not": {"type": ["object", "array"]}}}
    for depth in range(MAX_DEPTH):
        deeper = {"$ref": f"#/$defs/{depth + 1}"}
        levels[str(depth)] = {"additionalProperties": deeper, "items": deeper}
    return jsonschema_rs.Draft202012Validator({"$ref": "#/$defs/0", "$defs": levels})


# -- where it is ---------------------------------------------------------------------------------------------------

_space = re.compile(r"[ \t\n\r]*").match
_decode_value = json.JSONDecoder().raw_decode


def skip_space(text: str, offset: int) -> int:
    """Where in ``text`` behind ``offset`` something stands that is not space."""
    match = _space(text, offset)
    return match.end() if match else offset


@dataclass(frozen=True, slots=True)
class _Child:
    name: str | int
    offset: int
    value_offset: int
    end: int


def _children(text: str, offset: int, decode: Any = _decode_value) -> Iterator[_Child]:
    """The fields or items of the container that begins at ``offset``; none for a scalar."""
    opening = text[offset]
    if opening not in "{[":
        return
    offset = skip_space(text, offset + 1)
    index = 0
    while text[offset] not in "}]":
        name, value_offset = index, offset
        if opening == "{":
            name, value_offset = _decode_value(text, offset)
            value_offset = skip_space(text, skip_space(text, value_offset) + 1)
        _, end = decode(text, value_offset)
        yield _Child(name, offset, value_offset, end)
        index += 1
        offset = skip_space(text, end)
        if text[offset] == ",":
            offset = skip_space(text, offset + 1)


def _offsets(text: str, start: int, places: set[Place]) -> Iterator[tuple[Place, int]]:
    """Where each place begins; ``start`` for those the container at ``start`` does not have."""
    by_name: dict[str | int, set[Place]] = {}
    for place in places:
        yield place, start
        if place:
            by_name.setdefault(place[0], set()).add(place[1:])
    last_index = max((name for name in by_name if isinstance(name, int)), default=None)
    if not by_name:
        return
    for child in _children(text, start):
        if child.name in by_name:
            # Of a field given twice the last counts, as it does for the reader.
            for rest, offset in _offsets(text, child.value_offset, by_name[child.name]):
                yield (child.name, *rest), offset if offset != child.value_offset else child.offset
        if child.name == last_index:
            return


# -- what Python's reader lets pass --------------------------------------------------------------------------------

# Possessive, so that no text, however odd, makes it go back; a lone quote is a string that never ends.
_TOKEN = (
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>[ \t\n\r]*+:)?'
    r'|(?P<open>[{\[])|(?P<close>[}\]])|(?P<number>-?[0-9][0-9.eE+-]*+)|(?P<constant>NaN|-?Infinity)|(?P<stray>")'
)
_LONGEST_INTEGER = 4300


def _scan_suspects(text: str) -> Iterator[Problem]:
    """Everything in a readable document that Python lets pass, looking closely at the parts that have something."""
    line, counted = 1, 0
    for start, end in _suspects(text):
        line, counted = line + text.count("\n", counted, start), start
        for problem in _scan(text, start, end):
            yield Problem(problem.message, line + (problem.line or 1) - 1)


def _suspects(text: str) -> Iterator[tuple[int, int]]:
    """Where to look closely: single photos and fields of the document, or the whole of it."""
    root = skip_space(text, 0)
    fields = list(_suspect_children(text, root))
    if len({field.name for field, _ in fields}) < len(fields) or not fields:
        yield root, len(text)
        return
    for field, field_suspect in fields:
        if field_suspect and field.name == "photos" and text[field.value_offset] == "[":
            yield from (
                (photo.offset, photo.end) for photo, suspect in _suspect_children(text, field.value_offset) if suspect
            )
        elif field_suspect:
            yield field.value_offset, field.end


def _suspect_children(text: str, offset: int) -> Iterator[tuple[_Child, bool]]:
    reader = StrictReader()
    for child in _children(text, offset, reader.raw_decode):
        yield child, reader.found_something
        reader.found_something = False


def _scan(text: str, start: int = 0, end: int | None = None) -> Iterator[Problem]:
    """Everything between ``start`` and ``end`` that Python lets pass, with lines counted from ``start``."""
    names: list[set[str] | None] = []
    line, counted = 1, start
    for token in re.compile(_TOKEN, re.DOTALL).finditer(text, start, len(text) if end is None else end):
        message = None
        kind = token.lastgroup
        if kind == "open":
            names.append(set() if token[0] == "{" else None)
            if len(names) > MAX_DEPTH:
                message = f"the document nests more than {MAX_DEPTH} levels deep"
        elif kind == "close":
            if names:
                names.pop()
        elif kind == "colon":
            message = _name_problem(token["string"], names)
        elif kind == "constant":
            message = f"{token[0]} is not a JSON number"
        elif kind == "number":
            message = _number_problem(token[0])
        elif kind == "stray":
            return
        if message:
            line, counted = line + text.count("\n", counted, token.start()), token.start()
            yield Problem(message, line)
            if len(names) > MAX_DEPTH:
                return


def _name_problem(string: str, names: list[set[str] | None]) -> str | None:
    name = json.loads(string) if "\\" in string else string[1:-1]
    known = names[-1] if names else None
    if known is None:
        return None
    if name in known:
        return f"the field {shown(name)} is given twice in one object"
    known.add(name)
    if not name.isascii() and re.search("[\ud800-\udfff]", name):
        return f"the field name {shown(name)} holds half a surrogate pair, which is not valid Unicode"
    return None


def _number_problem(digits: str) -> str | None:
    count = len(digits.lstrip("-"))
    if digits.lstrip("-").isdigit():
        return (
            f"a number has {count:,} digits; at most {_LONGEST_INTEGER:,} are read"
            if count > _LONGEST_INTEGER
            else None
        )
    try:
        infinite = math.isinf(float(digits))
    except ValueError:
        return None
    return f"the number {shown(digits)} is too large" if infinite else None


def _first(problems: Iterator[Problem]) -> Problem:
    return next(problems, Problem(f"the document nests more than {MAX_DEPTH} levels deep"))
