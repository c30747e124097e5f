"""Which previews of a gallery there are: since when, of which pull request, in which bucket, and which are to go.

Each has a mark among the records of the gallery that it is a preview of, ``.galleria/previews/<name>.json``: written
before anything of the preview, removed after everything of it is proved gone. One that is to go has a second one,
``<name>.closing.json``, so that whoever comes next goes on with a removal that did not come to its end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from galleria_action.deployment.layout import PREVIEWS_FOLDER, Layout
from galleria_action.errors import ConfigInvalid
from galleria_action.storage.interface import RECORDS, Indivisible, Part, ReadStore, Target
from galleria_action.values import dataclass

#: where the marks lie
MARKS = f"{RECORDS}{PREVIEWS_FOLDER}"
#: the largest mark that is read
MARK_BYTES = 1 << 14
_CLOSING, _MARK = ".closing.json", ".json"
_SCHEMA = 1
_LAST = "\U0010ffff"


class MarkUnreadable(ValueError):
    """What lies there is not the mark of a preview."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview: ``touched`` is when it was deployed last, ``pull_request`` of which it is, where it is of one.
    ``bucket`` and ``prefix`` say where it lies."""

    name: str
    touched: datetime
    bucket: str
    prefix: str
    pull_request: int | None = None

    @property
    def key(self) -> str:
        """Where its mark lies."""
        return mark_of(self.name)

    def lies_in(self, target: Target) -> bool:
        """Whether ``target`` is where it lies."""
        return (self.bucket, self.prefix) == (target.bucket, target.prefix)

    def to_bytes(self) -> bytes:
        """The document that is stored."""
        document = {
            "schema": _SCHEMA, "name": self.name, "touched": self.touched.astimezone(UTC).isoformat(),
            "pull_request": self.pull_request, "bucket": self.bucket, "prefix": self.prefix,
        }  # fmt: skip
        return json.dumps(document).encode()


def mark_of(name: str) -> str:
    """Where the mark of the preview ``name`` lies."""
    return f"{MARKS}{name}{_MARK}"


def closing_of(name: str) -> str:
    """Where it says that the preview ``name`` is to go."""
    return f"{MARKS}{name}{_CLOSING}"


def marked_in(keys: Iterable[str]) -> frozenset[str]:
    """The names of the previews that have a mark among ``keys``."""
    return frozenset(_names(keys, _MARK))


def closing_in(keys: Iterable[str]) -> frozenset[str]:
    """The names of the previews of which ``keys`` say that they are to go."""
    return frozenset(_names(keys, _CLOSING))


def _names(keys: Iterable[str], ending: str) -> Iterator[str]:
    for key in keys:
        name = key[len(MARKS) : -len(ending)]
        if key.startswith(MARKS) and key.endswith(ending) and is_name(name):
            yield name


def is_name(text: str) -> bool:
    """Whether a preview may be called so. Nothing else is ever deleted as one."""
    try:
        Layout.preview(text)
    except ValueError:
        return False
    return True


def parse_mark(raw: bytes, name: str) -> Preview:
    """Read the stored mark of the preview ``name``.

    Raises ``MarkUnreadable`` for anything else (the state may be writable by others), and ``ConfigInvalid`` for one
    that a newer version has written.
    """
    try:
        document = json.loads(raw)
        schema, number = document["schema"], document["pull_request"]
        if type(schema) is int and schema > _SCHEMA:
            raise ConfigInvalid(
                f"The mark of the preview {name} was written by a newer version of Galleria Action (schema {schema}).",
                hint="Use that version, or a newer one, for this gallery.",
            )
        touched = datetime.fromisoformat(_text(document["touched"]))
        if schema != _SCHEMA or document["name"] != name or touched.tzinfo is None:
            raise MarkUnreadable("it is not the mark of this preview")
        if number is not None and (type(number) is not int or not 0 < number < 10**10):
            raise MarkUnreadable("its pull request has no number")
        return Preview(name, touched.astimezone(UTC), _text(document["bucket"]), _text(document["prefix"]), number)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise MarkUnreadable(str(error)) from error


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 2000:
        raise MarkUnreadable("something in it has a wrong type")
    return value


def why_it_goes(preview: Preview | None, now: datetime, days: int, is_open: bool | None) -> str:
    """Why a preview is to go (``None``: nothing is known of it but that something of it lies there); empty where it
    stays. ``is_open`` says of its pull request whether it is, ``None`` where nobody knows."""
    if preview is None:
        return "nothing says what it is of"
    if is_open is False:
        return f"pull request {preview.pull_request} is closed"
    age = now - preview.touched
    return f"it was deployed {age.days} days ago" if age > timedelta(days=days) else ""


def folders_in(store: ReadStore, folder: str) -> Iterator[str]:
    """The names of the previews of which anything lies below ``folder``, by one request for each, where the service
    lists in parts. ``store`` is rooted at the target. Raises the store's errors."""
    try:
        yield from _by_leaps(store, folder)
    except Indivisible:
        found = (it.key.removeprefix(folder).partition("/") for it in store.list(folder))
        yield from sorted({name for name, slash, _ in found if slash and is_name(name)})


def _by_leaps(store: ReadStore, folder: str) -> Iterator[str]:
    after = folder
    while found := next(iter(store.list(folder, Part(after, None))), None):
        name, slash, _ = found.key.removeprefix(folder).partition("/")
        after = f"{folder}{name}/{_LAST}" if slash else found.key
        if slash and is_name(name):
            yield name
