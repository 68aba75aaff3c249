"""Data files of the workspace, readable as if there were a file system.

The workspace is the whole file system, read-only, and its root is both `/` and the
current directory. `open`, `os.stat`, `os.listdir` and `os.scandir` are replaced, which
is what `pathlib`, `glob`, `csv`, `zipfile` and the like are built on.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import posixpath
import stat
import tokenize
from collections.abc import Iterator
from typing import Any, NoReturn

from componentize_py_types import Err
from wit_world.imports import modules
from wit_world.imports.bifrost_workflow_types import ErrorKind

from bifrost._text import is_well_formed

_FILE_MODE = stat.S_IFREG | 0o444
_FOLDER_MODE = stat.S_IFDIR | 0o555
_READABLE = "only files of the workspace can be read, by their path relative to its root"

_native_open = io.open
_native_stat = os.stat


def read(path: Any) -> bytes:
    """The content of a file. Raises `FileNotFoundError`, `IsADirectoryError` or `PermissionError`."""
    relative = _relative(path)
    try:
        return modules.read(relative)
    except Err as error:
        if error.value.kind is ErrorKind.NOT_FOUND:
            if modules.list(relative):
                raise IsADirectoryError(errno.EISDIR, "Is a folder of the workspace", path) from None
            raise FileNotFoundError(errno.ENOENT, f"No such file in the workspace ({_READABLE})", path) from None
        raise PermissionError(errno.EACCES, error.value.message, path) from None


class _WorkspaceFile(io.BytesIO):
    """An open file: its content, with a name."""

    def __init__(self, content: bytes, name: Any, mode: str) -> None:
        super().__init__(content)
        self.name = name
        self.mode = mode  # type: ignore[misc]

    def writable(self) -> bool:
        return False

    def write(self, _data: Any) -> NoReturn:
        raise io.UnsupportedOperation("not writable")


def open_file(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """`open` for files of the workspace."""
    if isinstance(file, int):
        return _native_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    if mode.strip("rbt") or "r" not in mode:
        if mode.strip("rwxabt+"):
            raise ValueError(f"invalid mode: {mode!r}")
        raise PermissionError(errno.EACCES, f"The workspace is read-only while it runs; {_READABLE}", file)
    binary = "b" in mode
    if binary and (encoding is not None or errors is not None or newline is not None):
        raise ValueError("binary mode doesn't take an encoding, errors or newline argument")
    raw = _WorkspaceFile(read(file), file, "rb")
    if binary:
        return raw
    text = io.TextIOWrapper(raw, encoding or "utf-8", errors, newline)
    text.mode = mode  # type: ignore[misc]
    return text


def stat_file(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    """`os.stat` for files and folders of the workspace."""
    if isinstance(path, int):
        return _native_stat(path)
    relative = _relative(path)
    if not relative or modules.list(relative):
        return _stat_result(_FOLDER_MODE, 0)
    return _stat_result(_FILE_MODE, len(read(path)))


def list_folder(path: Any = ".") -> list[Any]:
    """`os.listdir` for folders of the workspace."""
    names = [name.removesuffix("/") for name in _list(path)]
    return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names


class _Entry:
    """What `os.scandir` answers for each name."""

    def __init__(self, folder: str, name: str) -> None:
        self.name = name.removesuffix("/")
        self.path = posixpath.join(folder, self.name)
        self._is_folder = name.endswith("/")

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self._is_folder

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return not self._is_folder

    def is_symlink(self) -> bool:
        return False

    def is_junction(self) -> bool:
        return False

    def inode(self) -> int:
        return 0

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return stat_file(self.path)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"


class _Scan:
    """An open folder."""

    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[_Entry]:
        return self._entries

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> _Scan:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries = iter(())


def scan_folder(path: Any = ".") -> _Scan:
    """`os.scandir` for folders of the workspace."""
    folder = os.fsdecode(path)
    return _Scan([_Entry(folder, name) for name in _list(path)])


def install() -> None:
    """Replaces the standard library's ways to reach a file system."""
    builtins.open = io.open = open_file
    tokenize._builtin_open = open_file  # type: ignore[attr-defined]
    os.stat = stat_file
    os.lstat = stat_file
    os.listdir = list_folder
    os.scandir = scan_folder  # type: ignore[assignment]


def _relative(path: Any) -> str:
    """The path as the host knows it: relative to the root, without `.` and `..`."""
    text = os.fsdecode(path)
    if "\0" in text:
        raise ValueError("embedded null byte")
    # Natively bytes that are no UTF-8 can name a file, and other surrogates cannot.
    if not is_well_formed(text) and os.fsencode(text):
        raise FileNotFoundError(errno.ENOENT, f"No such file in the workspace ({_READABLE})", path)
    return posixpath.normpath(f"/{text}").lstrip("/")


def _list(path: Any) -> list[str]:
    relative = _relative(path)
    names = modules.list(relative)
    if not names and relative:
        read(path)
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder of the workspace", path)
    return names


def _stat_result(mode: int, size: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, 0, 0, 0))
