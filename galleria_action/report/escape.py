"""Makes untrusted text harmless: photo ids, file names, keys and server errors are written by anybody.

``visible`` is for every reader: nothing invisible, nothing that moves other text about, one line. ``code`` and
``prose`` put such text into GitHub-flavoured Markdown, where it may become no link, image, HTML, mention or issue
reference. The rule there is to keep plain words plain and to put all else into code spans, because those are the one
place that both the Markdown parser and GitHub's later filters (mentions, references, emoji, mathematics) leave alone.
"""

from __future__ import annotations

import re
import unicodedata

from galleria_action.expressions import expression

#: Blank or ignorable characters that Unicode counts among letters, marks and symbols (DerivedCoreProperties.txt).
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")


class _VisibleForms(dict[int, str]):
    """Code point → what is shown for it, worked out on first sight."""

    def __missing__(self, code: int) -> str:
        self[code] = shown = _visible_form(chr(code))
        return shown


def _visible_form(char: str) -> str:
    plain = (char.isprintable() or unicodedata.category(char) == "Zs") and char not in _BLANK
    return char if plain and not _selects_a_variation(char) else char.encode("unicode_escape").decode("ascii")


def _selects_a_variation(char: str) -> bool:
    """Variation selectors can carry hidden text; U+FE0E and U+FE0F stay, because emoji need them."""
    return "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef"


_FORMS = _VisibleForms()


def visible(text: str) -> str:
    """``text`` as one line without control, bidirectional, zero-width or unpaired characters.

    They are shown as Python would escape them (``\\n``, ``\\x1b``, ``\\u202e``). The result is valid Unicode.
    """
    return text.translate(_FORMS)


def visible_lines(text: str) -> str:
    """Like ``visible``, but line breaks stay, as ``\\n`` only, and blank lines go."""
    return "\n".join(visible(line) for line in text.splitlines() if line.strip())


def shorten(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters, with an ellipsis for its middle: both ends of a path matter."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[len(text) - tail :]}"


# -- Markdown ----------------------------------------------------------------------------------------------------

#: Enough to recognise a name; the whole one is in the plan file.
NAME_LIMIT = 120
_WORD_LIMIT = 300

_STRUCTURAL = expression(r"([`|]+)")


def code(text: str, limit: int = NAME_LIMIT) -> str:
    """``text`` as inline code that fits into a table cell, shortened to ``limit`` characters.

    Backticks and pipes, which would end the span or the cell, are written as entities in a span of their own: a
    longer fence would not do, since cmark gives up on fences of more than 80 backticks.
    """
    shown = shorten(visible(text), limit)
    return "".join(map(_code_piece, filter(None, _STRUCTURAL.split(shown)))) or "<code></code>"


def _code_piece(piece: str) -> str:
    if _STRUCTURAL.match(piece):
        return f"<code>{''.join(f'&#{ord(char)};' for char in piece)}</code>"
    padded = piece[0] == piece[-1] == " " and not piece.isspace()
    return f"` {piece} `" if padded else f"`{piece}`"


# Punctuation that may surround a word
_OPENING = "\"'(“‘"
_CLOSING = "\"')”’.,;:!?…"
_WORD = expression(r"[^\W_]+(?:['’-][^\W_]+)*|\d[\d,.]*%|\d{1,3}(?:,\d{3})+|\d+\.\d+|[a-z](?:\.[a-z])+|[–—]|")
#: What GitHub makes a link of inside such a word: commit ids, ``GH-1``, and trackers' keys of the same shape.
_REFERENCE = expression(r"(?<![0-9a-z])[0-9a-f]{7,40}(?![0-9a-z])|[^\W\d_][^\W_]*-\d", re.IGNORECASE)
_LIST_NUMBER = expression(r"\d+[.)]")


def prose(text: str) -> str:
    """A message as Markdown: plain words stay as they are, everything else becomes inline code.

    Line breaks become ``<br>``, so that the result fits into a list item, a quotation or a table cell.
    """
    return "<br>".join(_prose_line(line) for line in text.splitlines() if line.strip())


#: What a message itself sets in backticks, such as a command, apart from the words around it.
QUOTED = expression(r"(?:^|(?<=[\s(\"'“‘]))`([^`]*[^`\s][^`]*)`(?=[\s)\"'”’.,;:!?…]|$)")


def _prose_line(line: str) -> str:
    pieces: list[str] = []
    for index, part in enumerate(QUOTED.split(visible(line).strip())):
        if index % 2:
            pieces.append(code(part, _WORD_LIMIT))
        else:
            pieces.append(_words(part, opens=not index))
    return "".join(pieces)


def _words(text: str, *, opens: bool) -> str:
    """``text`` word by word, the blanks at its ends kept; the line ``opens`` with it."""
    words = text.split()
    if not words:
        return " " if text else ""
    shown = list(map(_token, words))
    if opens and _LIST_NUMBER.fullmatch(words[0]):
        shown[0] = code(words[0])
    return f"{' ' if text[0].isspace() else ''}{' '.join(shown)}{' ' if text[-1].isspace() else ''}"


def _token(token: str) -> str:
    rest = token.lstrip(_OPENING)
    core = rest.rstrip(_CLOSING)
    if len(core) <= _WORD_LIMIT and _WORD.fullmatch(core) and not _REFERENCE.search(core):
        return token
    before, after = token[: len(token) - len(rest)], rest[len(core) :]
    return f"{before}{code(core, _WORD_LIMIT)}{after}"


#: A web address that means nothing else anywhere, neither in Markdown nor in an HTML attribute.
PLAIN_URL = expression(r"https?://[a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._~/%-]*)?", re.IGNORECASE)


def link(url: str) -> str:
    """``url`` as a link when it is a plain web address, else as inline code."""
    return f"<{url}>" if PLAIN_URL.fullmatch(url) else code(url)
