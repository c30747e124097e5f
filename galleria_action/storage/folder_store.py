"""A folder as bucket (``file:///…``): the embedded default, and the simplest store to look into.

ETags are MD5, as S3 gives them for a single upload, so that everything above treats both alike. A file keeps no
headers, so they are dropped; and no file system replaces a file only if it is still the same, so ``IfMatch`` is
unsupported.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from errno import EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOSYS, ENOTDIR, ENOTSUP, EOPNOTSUPP, EPERM
from pathlib import Path
from stat import S_ISREG

from galleria_action.errors import GalleriaError, PermissionRefused
from galleria_action.leftovers import is_leftover
from galleria_action.storage.faults import Call, Fault, Operation, failure
from galleria_action.storage.interface import (
    DOCUMENT,
    WHOLE,
    Body,
    Condition,
    ConditionUnsupported,
    Headers,
    IfMatch,
    IfSeen,
    Indivisible,
    ObjectHead,
    ObjectInfo,
    OwnSum,
    Part,
    PreconditionFailed,
    StoredObject,
    Target,
    chunks_of,
    md5_of,
)
from galleria_action.storage.words import clean, shown

#: Files that a killed run left unfinished; they are not objects. Whatever is younger may be another run's.
_UNFINISHED = ".galleria-unfinished-"
_OUR_NAME = re.compile(re.escape(_UNFINISHED) + "[a-z0-9_]{8}")
_STALE_SECONDS = 3600

#: What the system says about a key that has no file.
_ABSENT = frozenset((ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ELOOP))

#: What a file system says that has no hard links: FAT, exFAT, several that come over a network.
_NO_LINKS = frozenset((EPERM, ENOSYS, ENOTSUP, EOPNOTSUPP))


class FolderStore:
    """A ``WriteStore`` over the folder ``target.bucket``, which the first write creates."""

    def __init__(self, target: Target):
        self.target = target
        self._root = Path(target.bucket)
        #: by path: inode, size, time of change, MD5
        self._known: dict[str, tuple[int, int, int, str]] = {}
        self._swept = False

    def get(self, key: str, most: int = DOCUMENT) -> StoredObject | None:
        """See ``ReadStore.get``."""
        try:
            with self._file(key, "get").open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                body = file.read(size) if size <= most else b""
        except OSError as error:
            self._raise_unless_absent(error, "get", key)
            return None
        if size > most:
            raise failure(Fault("too long", message=f"more than {most:,} bytes"), Call("get", self.target, key))
        return StoredObject(body, md5_of(body))

    def head(self, key: str) -> ObjectHead | None:
        """See ``ReadStore.head``."""
        path = self._file(key, "head")
        try:
            state = path.stat()
            return ObjectHead(state.st_size, self._etag(str(path), state)) if S_ISREG(state.st_mode) else None
        except OSError as error:
            self._raise_unless_absent(error, "head", key)
            return None

    def list(self, prefix: str = "", part: Part = WHOLE) -> Iterator[ObjectInfo]:
        """See ``ReadStore.list``. Files whose names are not Unicode are no objects: no key can name them."""
        if part != WHOLE:
            raise Indivisible
        start = f"{self._root}/{self.target.prefix}"
        try:
            yield from self._walk(start, prefix)
        except OSError as error:
            raise self._problem(error, "list", prefix) from error

    def put(self, key: str, body: Body, headers: Headers, condition: Condition | None = None) -> str:
        """See ``WriteStore.put``. ``headers`` are dropped."""
        if isinstance(condition, IfMatch):
            raise ConditionUnsupported("a folder cannot compare before it replaces a file")
        if isinstance(condition, IfSeen):
            condition.check(self.head(key))
            condition = None
        return self._put(key, body, md5_of(body), replace=condition is None)

    def _put(self, key: str, body: Body, etag: str, *, replace: bool) -> OwnSum:
        path = self._file(key, "put")
        self._sweep()
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                self._inside(path, key, "put")
            state = _write(path, body, replace=replace)
        except FileExistsError:
            if not replace and path.exists():
                raise PreconditionFailed("the file exists") from None
            raise self._taken(key) from None
        except (IsADirectoryError, NotADirectoryError):
            raise self._taken(key) from None
        except OSError as error:
            if not replace and error.errno in _NO_LINKS:
                raise ConditionUnsupported("this file system creates no file only if there is none") from error
            raise self._problem(error, "put", key) from error
        self._known[str(path)] = (*_signature(state), etag)
        return OwnSum(etag)

    def copy(self, source: str, key: str, headers: Headers | None = None, origin: Target | None = None) -> str:
        """See ``WriteStore.copy``."""
        found = (FolderStore(origin) if origin else self).get(source, sys.maxsize)
        if found is None:
            raise failure(Fault("answer", status=404, code="NoSuchKey"), Call("copy", self.target, source))
        return self._put(key, found.body, found.etag, replace=True)

    def delete(self, keys: Iterable[str]) -> dict[str, str]:
        """See ``WriteStore.delete``."""
        errors: dict[str, str] = {}
        for key in dict.fromkeys(keys):
            try:
                path = self._file(key, "delete")
                path.unlink()
                self._known.pop(str(path), None)
            except GalleriaError as error:
                errors[key] = error.message
            except OSError as error:
                if error.errno not in _ABSENT:
                    errors[key] = clean(error.strerror or str(error))
        return errors

    def _sweep(self) -> None:
        """Remove, before the first write, what killed runs left unfinished. What cannot be removed harms nobody."""
        if self._swept:
            return
        self._swept = True
        for folder, _, names in os.walk(self._root / self.target.prefix):
            for path in (Path(folder, name) for name in names if _OUR_NAME.fullmatch(name)):
                with suppress(OSError):
                    state = path.lstat()
                    if S_ISREG(state.st_mode) and time.time() - state.st_mtime > _STALE_SECONDS:
                        path.unlink()

    def _walk(self, start: str, prefix: str) -> Iterator[ObjectInfo]:
        """Folder after folder; what desktops leave behind, and what a killed run has, are not objects."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(start + folder) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except FileNotFoundError:
                if folder:
                    raise
                return
            inner = [f"{folder}{entry.name}/" for entry in found if _is_folder(entry)]
            waiting.extend(name for name in reversed(inner) if name.startswith(prefix) or prefix.startswith(name))
            for entry in found:
                key = folder + entry.name
                if not key.startswith(prefix) or not _is_unicode(key) or not _is_object(entry):
                    continue
                with suppress(FileNotFoundError):  # removed meanwhile, or a link to nothing
                    state = entry.stat()
                    if S_ISREG(state.st_mode):
                        yield ObjectInfo(key, state.st_size, self._etag(entry.path, state))

    def _etag(self, path: str, state: os.stat_result) -> str:
        """The MD5 of the file; read again only when the file has changed since."""
        known = self._known.get(path)
        if known is None or known[:3] != _signature(state):
            with open(path, "rb") as file:  # noqa: PTH123 - a Path for each of many files takes a kilobyte
                known = *_signature(state), hashlib.file_digest(file, _new_md5).hexdigest()
            self._known[path] = known
        return known[3]

    def _file(self, key: str, operation: Operation) -> Path:
        """The path of ``key``, which is below the folder whatever the key and whatever links lie there."""
        segments = (self.target.prefix + key).split("/")
        if "\0" in key or not _is_unicode(key) or any(segment in ("", ".", "..") for segment in segments):
            raise PermissionRefused(
                f"{shown(key)!r} cannot be a file in {self.target}.",
                hint="Keys with empty, '.' or '..' segments exist on S3 only.",
            )
        path = self._root.joinpath(*segments)
        self._inside(path, key, operation)
        return path

    def _inside(self, path: Path, key: str, operation: Operation) -> None:
        # Of the text: a Path of each costs as much as writing a thumbnail.
        folder, root = os.path.realpath(path.parent), os.path.realpath(self._root)
        if folder != root and not folder.startswith(root.rstrip("/") + "/"):
            raise PermissionRefused(
                f"{shown(key)!r} leads out of {self.target} through a link.", hint="Remove the link from the folder."
            )

    def _raise_unless_absent(self, error: OSError, operation: Operation, key: str) -> None:
        if error.errno not in _ABSENT:
            raise self._problem(error, operation, key) from error

    def _problem(self, error: OSError, operation: Operation, key: str) -> Exception:
        if isinstance(error, PermissionError):
            return PermissionRefused(
                f"The folder {self.target} does not permit {operation} of {shown(key)!r}.",
                hint="Check the owner and permissions of the folder.",
            )
        return failure(Fault("disk", message=error.strerror or str(error)), Call(operation, self.target, key))

    def _taken(self, key: str) -> Exception:
        message = "a folder cannot hold a file and a folder of the same name"
        return failure(Fault("disk", message=message), Call("put", self.target, key))


def _write(path: Path, body: Body, *, replace: bool) -> os.stat_result:
    """Write the whole file or nothing; without ``replace`` an existing file raises ``FileExistsError``."""
    descriptor, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(chunks_of(body))
            os.fchmod(descriptor, 0o644)
            file.flush()
            state = os.fstat(descriptor)
        if replace:
            os.replace(name, path)  # noqa: PTH105 - as above
        else:
            os.link(name, path)
            os.unlink(name)  # noqa: PTH108
        return state
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not is_leftover(entry.name, folder=True)


def _is_object(entry: os.DirEntry[str]) -> bool:
    leftover = is_leftover(entry.name, folder=False) or entry.name.startswith(_UNFINISHED)
    return not leftover and not entry.is_dir(follow_symlinks=False)


def _signature(state: os.stat_result) -> tuple[int, int, int]:
    return state.st_ino, state.st_size, state.st_mtime_ns


def _is_unicode(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def _new_md5(data: bytes = b"") -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)
