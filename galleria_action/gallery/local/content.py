"""A file is what it claims to be: its first bytes decide, before anything is published.

A checkout without Git LFS, a build that failed or a download that was refused leaves small texts where photos should
be. They have the right names and would replace the photos that are online.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from galleria_action.expressions import expression
from galleria_action.gallery.local.formats import FORMATS, HEAD_BYTES, Format, format_of
from galleria_action.gallery.local.whole import is_cut
from galleria_action.gallery.media import extension_of, is_photo_or_video
from galleria_action.gallery.wording import shown
from galleria_action.values import dataclass

#: ``read(at, length)``: these bytes of the file, fewer at its end
Read = Callable[[int, int], bytes]

#: Pointers of Git LFS have some 130 bytes (its specification says below 1,024), paths at most 4,096.
_LARGEST_POINTER = 4096


@dataclass(frozen=True, slots=True)
class Content:
    """What was found in a file: ``problem`` is why it must not be published, ``oddity`` what is worth a word; both
    are ends of sentences that begin with the file's name."""

    format: Format | None = None
    problem: str | None = None
    oddity: str | None = None


def look_at(key: str, size: int, read: Read) -> Content:
    """Judge a file of ``size`` bytes that is to be published under ``key``.

    For a picture or video only what shows one will do; any other file may hold anything but a pointer that stands for
    a file which was not fetched. Reads the beginning, and of pictures and videos what tells where they end.
    """
    head = read(0, HEAD_BYTES)
    if pointer := pointer_problem(head, size):
        return Content(problem=pointer)
    if not is_photo_or_video(key):
        return Content()
    form = format_of(head)
    if form is None:
        return Content(problem=_not_a_picture(head, size))
    if is_cut(form, size, read):
        return Content(form, problem=f"is cut off: a {form.name} file that ends in its middle; copy or make it anew")
    return Content(form, oddity=_oddity(key, form))


def of_named_type(key: str, head: bytes) -> bool:
    """Whether a file that begins with ``head`` has the type that ``key`` names."""
    form = format_of(head)
    return form is not None and extension_of(key) in form.extensions


def pointer_problem(head: bytes, size: int) -> str | None:
    """What a file is that only stands for another one, and how to get that one; ``None`` for any other file."""
    if head.startswith(_GIT_CRYPT):
        return "is encrypted by git-crypt; run `git-crypt unlock` before"
    if size > _LARGEST_POINTER:
        return None
    return next((problem for pattern, problem in _POINTERS if pattern.match(head)), None)


#: what git-crypt writes before what it has encrypted, of whatever size
_GIT_CRYPT = b"\0GITCRYPT\0"

_POINTERS = (
    (
        expression(rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/"),
        "is a Git LFS pointer, not the file itself; check out with `lfs: true` (actions/checkout), set "
        "GIT_LFS_SKIP_SMUDGE to 0, or run `git lfs pull`",
    ),
    (
        expression(rb"[^\n\0]{0,1000}[/\\]annex[/\\]objects[/\\][^\n\0]+\s*\Z"),
        "is a git-annex pointer, not the file itself; run `git annex get` before",
    ),
    (
        expression(rb"(?:[^\n\0]*\n){0,9}outs:\s*\n\s*- "),
        "is a DVC pointer, not the file itself; run `dvc pull` before",
    ),
)

_MARKUP = expression(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|script)\b", re.I | re.S
)
_XML = expression(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|[A-Za-z])")
#: age, OpenPGP, OpenSSL (and transcrypt), Ansible: of a page they may be the contents, of a photo never
_ENCRYPTED = expression(
    rb"age-encryption\.org/|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|Salted__|U2FsdGVkX1|\$ANSIBLE_VAULT;"
)
_ONE_LINE = expression(r"[^\n\r\0]{1,4095}\Z")


def _not_a_picture(head: bytes, size: int) -> str:
    if size == 0:
        return "is empty; copy or make it anew"
    if _MARKUP.match(head):
        return "is an HTML page, not a picture or video; a download that failed leaves such pages"
    if _XML.match(head):
        return "is XML, not a picture or video; a download that was refused leaves such answers"
    if _ENCRYPTED.match(head):
        return "is encrypted, not a picture or video; decrypt it before"
    text = _text(head)
    if text is not None and size <= _LARGEST_POINTER and _ONE_LINE.match(text) and "/" in text:
        return (
            f"is a symbolic link that was checked out as text ({shown(text)}); set core.symlinks to true and check out "
            "again, or copy the file itself"
        )
    if text is not None:
        return "is text, not a picture or video"
    if not head.strip(b"\0"):
        return (
            "holds only zeros, not a picture or video; a disk that was full or a copy that broke off leaves such files"
        )
    return "is not a picture or video of a kind that is known here"


def _text(head: bytes) -> str | None:
    """``head`` as text, or ``None`` when it is not; a character that the end cuts off does not count."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return None
        text = head[: error.start].decode()
    return text if text and all(character.isprintable() or character in "\t\n\r" for character in text) else None


_KNOWN = frozenset(extension for form in FORMATS for extension in form.extensions)


def _oddity(key: str, form: Format) -> str | None:
    extension = extension_of(key)
    if extension in form.extensions or extension not in _KNOWN:
        return None
    return f"holds {form.name}, though its key ends in .{extension}"
