"""`/tmp`: files and folders in the memory of the run, gone with it."""

from __future__ import annotations

import errno
import io
import itertools
import os
import time
import weakref
from collections.abc import Sequence
from typing import Any

from bifrost import _platform

ROOT = "tmp"
"""The folder's name, as the first part of a path."""

_FIRST_DESCRIPTOR = 1 << 16
"""Numbers of files begin here, far from those that the system gives."""

_descriptors = itertools.count(_FIRST_DESCRIPTOR)
_open: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_held: dict[int, Any] = {}
"""What `os.open` opened: nothing else holds it."""


class Entry:
    """Of a folder."""

    def __init__(self) -> None:
        self.modified = time.time()


class File(Entry):
    """Its content."""

    def __init__(self, content: bytes = b"") -> None:
        super().__init__()
        self.content = bytearray(content)


class Folder(Entry):
    """Its entries by their names."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[str, Entry] = {}


_root = Folder()


def covers(relative: str) -> bool:
    """True for paths in here."""
    return relative == ROOT or relative.startswith(f"{ROOT}/")


def find(relative: str) -> Entry | None:
    """What is at a path, relative to the root of all; `None` when there is nothing."""
    entry: Entry = _root
    for name in relative.split("/")[1:]:
        found = entry.entries.get(name) if isinstance(entry, Folder) else None
        if found is None:
            return None
        entry = found
    return entry


def parent(relative: str, path: Any) -> tuple[Folder, str]:
    """The folder that holds a path, and the name in there, to change it. Raises `OSError`."""
    if isinstance(_platform.current(), _platform.Loading):
        why = "/tmp is there while a workflow runs, and read-only while it is imported"
        raise PermissionError(errno.EACCES, why, path)
    if relative == ROOT:
        raise PermissionError(errno.EACCES, "The folder itself stays as it is", path)
    folder, _, name = relative.rpartition("/")
    entry = find(folder)
    if entry is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if not isinstance(entry, Folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    return entry, name


def make_folder(relative: str, path: Any) -> None:
    """`os.mkdir`."""
    folder, name = parent(relative, path)
    if name in folder.entries:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    folder.entries[name] = Folder()


def remove(relative: str, path: Any, folders: bool) -> None:
    """`os.unlink`, or `os.rmdir` for `folders`."""
    folder, name = parent(relative, path)
    entry = folder.entries.get(name)
    if entry is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if folders and not isinstance(entry, Folder):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    if not folders and isinstance(entry, Folder):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if isinstance(entry, Folder) and entry.entries:
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
    del folder.entries[name]


def move(source: str, target: str, paths: Sequence[Any]) -> None:
    """`os.replace`."""
    before, old = parent(source, paths[0])
    after, new = parent(target, paths[1])
    entry, taken = before.entries.get(old), after.entries.get(new)
    if entry is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), *_pair(paths))
    if isinstance(entry, Folder) and target.startswith(f"{source}/"):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), *_pair(paths))
    if isinstance(taken, Folder) and (taken.entries or not isinstance(entry, Folder)):
        code = errno.ENOTEMPTY if taken.entries else errno.EISDIR
        raise OSError(code, os.strerror(code), *_pair(paths))
    del before.entries[old]
    after.entries[new] = entry


def open_raw(relative: str, path: Any, flags: int) -> Raw:
    """Opens a file, as `os.open` does."""
    access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    reads, writes = access in (os.O_RDONLY, os.O_RDWR), access in (os.O_WRONLY, os.O_RDWR)
    entry = find(relative)
    if writes or flags & os.O_CREAT:
        folder, name = parent(relative, path)
        if entry is not None and flags & os.O_CREAT and flags & os.O_EXCL:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        if entry is None and flags & os.O_CREAT:
            entry = folder.entries[name] = File()
        elif writes and isinstance(entry, File) and type(entry) is not File:
            # What makes its content when it is asked becomes an ordinary file.
            entry = folder.entries[name] = File(entry.content)
    if entry is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if not isinstance(entry, File):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if flags & os.O_TRUNC and writes:
        entry.content.clear()
        entry.modified = time.time()
    return Raw(entry, path, reads, writes, bool(flags & os.O_APPEND))


def register(opened: Any) -> int:
    """Gives an open file its number."""
    number = next(_descriptors)
    _open[number] = opened
    return number


def opened(number: int) -> Any | None:
    """The open file of a number."""
    return _open.get(number)


def hold(raw: Raw) -> int:
    """Keeps an open file, as `os.open` does, until `release`."""
    _held[raw.fileno()] = raw
    return raw.fileno()


def release(number: int) -> Any | None:
    """Lets go of what `hold` kept."""
    return _held.pop(number, None)


class Raw(io.RawIOBase):
    """An open file without a buffer."""

    def __init__(self, file: File, name: Any, reads: bool, writes: bool, appends: bool) -> None:
        super().__init__()
        self.file = file
        self.name = name
        self.mode = "rb+" if reads and writes else "wb" if writes else "rb"
        self._reads, self._writes, self._appends = reads, writes, appends
        self._position = 0
        self._number = register(self)

    def fileno(self) -> int:
        self._checkClosed()  # type: ignore[attr-defined]
        return self._number

    def readable(self) -> bool:
        return self._reads

    def writable(self) -> bool:
        return self._writes

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._reads:
            raise io.UnsupportedOperation("not readable")
        view = memoryview(buffer).cast("B")
        data = memoryview(self.file.content)[self._position : self._position + len(view)]
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def readall(self) -> bytes:
        data = bytes(memoryview(self.file.content)[self._position :])
        self._position += len(data)
        return data

    def write(self, data: Any) -> int:
        if not self._writes:
            raise io.UnsupportedOperation("not writable")
        view, content = memoryview(data).cast("B"), self.file.content
        if self._appends:
            self._position = len(content)
        if self._position > len(content):
            content.extend(bytes(self._position - len(content)))
        content[self._position : self._position + len(view)] = view
        self._position += len(view)
        self.file.modified = time.time()
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: len(self.file.content)}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = base + offset
        return self._position

    def truncate(self, size: int | None = None) -> int:
        if not self._writes:
            raise io.UnsupportedOperation("truncate")
        size = self._position if size is None else size
        content = self.file.content
        if size < len(content):
            del content[size:]
        else:
            content.extend(bytes(size - len(content)))
        self.file.modified = time.time()
        return size


def _pair(paths: Sequence[Any]) -> tuple[Any, None, Any]:
    return paths[0], None, paths[1]
