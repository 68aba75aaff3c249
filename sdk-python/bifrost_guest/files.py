"""Files as workflows see them: the workspace, to be read, and `/tmp`, to be written as well.

Both are one file system with its root at `/`, which is the current directory at first; the home
of the user, for code that asks where to keep its files, is `/tmp`.
`open` and what `os` has for files are replaced, which is what `pathlib`, `tempfile`,
`shutil`, `glob`, `csv`, `zipfile` and the like are built on.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import posixpath
import shutil
import stat
import tarfile
import tempfile
import time
import tokenize
from collections.abc import Iterator
from typing import Any, NoReturn

from componentize_py_types import Err
from wit_world.imports import modules
from wit_world.imports.bifrost_workflow_types import ErrorKind

from bifrost._text import is_well_formed

from . import scratch

_FILE_MODE = stat.S_IFREG | 0o444
_FOLDER_MODE = stat.S_IFDIR | 0o555
_WRITABLE = 0o200
_WORKSPACE_TIME = 315_532_800.0
"""When files of the workspace were changed, in seconds: 1980, the first year that archives know."""
_NULL = "dev/null"
_READABLE = "only files of the workspace, by their path relative to its root, and of /tmp can be read"

_folder = "/"
"""The current directory."""


def read(path: Any) -> bytes:
    """The content of a file. Raises `FileNotFoundError`, `IsADirectoryError` or `PermissionError`."""
    relative = locate(path)
    if scratch.covers(relative):
        entry = scratch.find(relative)
        if isinstance(entry, scratch.File):
            return bytes(entry.content)
        if entry is not None:
            raise IsADirectoryError(errno.EISDIR, "Is a folder", path)
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
        self._number: int | None = None

    def fileno(self) -> int:
        if self._number is None:
            self._number = scratch.register(self)
        return self._number

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
    binary, flags = _flags(mode)
    if binary and (encoding is not None or errors is not None or newline is not None):
        raise ValueError("binary mode doesn't take an encoding, errors or newline argument")
    raw: Any
    if opener is not None:
        raw = _opened(opener(file, flags), file)
    elif isinstance(file, int):
        raw = _opened(file, file)
    elif locate(file) == _NULL:
        raw = scratch.Raw(scratch.File(), file, True, True, False)
    elif flags != os.O_RDONLY or _in_scratch(file):
        raw = scratch.open_raw(_writable(file), file, flags)
    else:
        raw = _WorkspaceFile(read(file), file, "rb")
    if isinstance(raw, io.RawIOBase):
        if buffering == 0 and binary:
            return raw
        if raw.readable() and raw.writable():
            raw = io.BufferedRandom(raw)
        else:
            raw = io.BufferedWriter(raw) if raw.writable() else io.BufferedReader(raw)
        if flags & os.O_APPEND:
            raw.seek(0, os.SEEK_END)
    if binary:
        return raw
    text = io.TextIOWrapper(raw, encoding or "utf-8", errors, newline, line_buffering=buffering == 1)
    text.mode = mode  # type: ignore[misc]
    return text


def open_descriptor(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """`os.open`."""
    if dir_fd is not None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), path)
    if locate(path) == _NULL:
        return scratch.hold(scratch.Raw(scratch.File(), path, True, True, False))
    reads_only = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR) == os.O_RDONLY and not flags & os.O_CREAT
    if not reads_only or _in_scratch(path):
        return scratch.hold(scratch.open_raw(_writable(path), path, flags))
    return scratch.hold(scratch.Raw(scratch.File(read(path)), path, True, False, False))


def stat_file(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    """`os.stat` for files and folders of the workspace."""
    if isinstance(path, int):
        return stat_descriptor(path)
    relative = locate(path)
    if scratch.covers(relative):
        entry = scratch.find(relative)
        if isinstance(entry, scratch.File):
            return _stat_result(_FILE_MODE | _WRITABLE, len(entry.content), entry)
        if entry is not None:
            return _stat_result(_FOLDER_MODE | _WRITABLE, 0, entry)
    if not relative or modules.list(relative):
        return _stat_result(_FOLDER_MODE, 0)
    return _stat_result(_FILE_MODE, len(read(path)))


def stat_descriptor(fd: int) -> os.stat_result:
    """`os.fstat`."""
    opened = _opened(fd, None)
    if isinstance(opened, scratch.Raw):
        return _stat_result(_FILE_MODE | _WRITABLE, len(opened.file.content), opened.file)
    return _stat_result(_FILE_MODE, len(opened.getbuffer()))


def list_folder(path: Any = ".") -> list[Any]:
    """`os.listdir` for folders of the workspace."""
    names = [name.removesuffix("/") for name in _list(path)]
    return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names


class DirEntry:
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

    def __init__(self, entries: list[DirEntry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[DirEntry]:
        return self._entries

    def __next__(self) -> DirEntry:
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
    return _Scan([DirEntry(folder, name) for name in _list(path)])


def change_folder(path: Any) -> None:
    """`os.chdir`."""
    global _folder
    if not stat.S_ISDIR(stat_file(path).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    _folder = f"/{locate(path)}"


def is_allowed(path: Any, mode: int, *, dir_fd: int | None = None, effective_ids: bool = False,
               follow_symlinks: bool = True) -> bool:  # fmt: skip
    """`os.access`."""
    try:
        found = stat_file(path)
    except OSError:
        return False
    return not mode & os.W_OK or bool(found.st_mode & _WRITABLE)


def set_times(path: Any, times: Any = None, *, ns: Any = None, dir_fd: int | None = None,
              follow_symlinks: bool = True) -> None:  # fmt: skip
    """`os.utime`."""
    stat_file(path)
    entry = scratch.find(_writable(path))
    if entry is not None:
        entry.modified = times[1] if times else ns[1] / 1e9 if ns else time.time()


def set_mode(path: Any, mode: int, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> None:
    """`os.chmod`: there are no rights to be changed."""
    stat_file(path)


def make_folder(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    """`os.mkdir`."""
    scratch.make_folder(_writable(path), path)


def remove_file(path: Any, *, dir_fd: int | None = None) -> None:
    """`os.remove`."""
    scratch.remove(_writable(path), path, folders=False)


def remove_folder(path: Any, *, dir_fd: int | None = None) -> None:
    """`os.rmdir`."""
    scratch.remove(_writable(path), path, folders=True)


def move(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
    """`os.rename` and `os.replace`."""
    scratch.move(_writable(src), _writable(dst), (src, dst))


def truncate(path: Any, length: int) -> None:
    """`os.truncate`."""
    raw = _opened(path, path) if isinstance(path, int) else scratch.open_raw(_writable(path), path, os.O_WRONLY)
    raw.truncate(length)


def close_descriptor(fd: int) -> None:
    """`os.close`."""
    opened = scratch.release(fd)
    if opened is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    opened.close()


def install() -> None:
    """Replaces the standard library's ways to reach a file system."""
    builtins.open = io.open = open_file
    tarfile.bltn_open = tokenize._builtin_open = open_file  # type: ignore[attr-defined]
    shutil._use_fd_functions = False  # type: ignore[attr-defined]
    tempfile.tempdir = os.environ["HOME"] = f"/{scratch.ROOT}"
    # Their modules can be imported, and do nothing.
    for absent in ("bz2", "xz"):
        del tarfile.TarFile.OPEN_METH[absent]  # type: ignore[attr-defined]
    tempfile._TemporaryFileCloser.cleanup.__defaults__ = (False, remove_file)  # type: ignore[attr-defined]
    replaced: dict[str, Any] = {
        "access": is_allowed,
        "chdir": change_folder,
        "chmod": set_mode,
        "close": close_descriptor,
        "fstat": stat_descriptor,
        "fsync": _opened_only,
        "ftruncate": truncate,
        "getcwd": lambda: _folder,
        "getcwdb": lambda: os.fsencode(_folder),
        "listdir": list_folder,
        "lseek": lambda fd, position, how: _opened(fd, None).seek(position, how),
        "lstat": stat_file,
        "mkdir": make_folder,
        "open": open_descriptor,
        "read": lambda fd, length: _opened(fd, None).read(length),
        "remove": remove_file,
        "rename": move,
        "replace": move,
        "rmdir": remove_folder,
        "scandir": scan_folder,
        "stat": stat_file,
        "truncate": truncate,
        "unlink": remove_file,
        "utime": set_times,
        "write": lambda fd, data: _opened(fd, None).write(data),
    }
    for name, function in replaced.items():
        setattr(os, name, function)
    os.DirEntry = DirEntry  # type: ignore[misc,assignment]
    os.supports_dir_fd.clear()
    os.supports_fd.clear()


def locate(path: Any) -> str:
    """The path as the host knows it: relative to the root, without `.` and `..`."""
    text = os.fsdecode(path)
    if "\0" in text:
        raise ValueError("embedded null byte")
    # Natively bytes that are no UTF-8 can name a file, and other surrogates cannot.
    if not is_well_formed(text) and os.fsencode(text):
        raise FileNotFoundError(errno.ENOENT, f"No such file in the workspace ({_READABLE})", path)
    if not text and not isinstance(path, int):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    return posixpath.normpath(f"/{posixpath.join(_folder, text)}").lstrip("/")


def _in_scratch(path: Any) -> bool:
    relative = locate(path)
    return scratch.covers(relative) and scratch.find(relative) is not None


def _writable(path: Any) -> str:
    """Where a path is in the scratch. Raises `PermissionError` for any other."""
    relative = locate(path)
    if not scratch.covers(relative):
        why = "The workspace is read-only while it runs; only /tmp can be written to"
        raise PermissionError(errno.EACCES, why, path)
    return relative


def _flags(mode: str) -> tuple[bool, int]:
    """What a mode of `open` means: whether it is binary, and flags of `os.open`."""
    kind, plus = set(mode) & set("rwxa"), "+" in mode
    if mode.strip("rwxabt+") or len(kind) != 1 or len(set(mode)) != len(mode) or ("b" in mode and "t" in mode):
        raise ValueError(f"invalid mode: {mode!r}")
    flags = os.O_RDWR if plus else os.O_RDONLY if "r" in kind else os.O_WRONLY
    made = {"r": 0, "w": os.O_CREAT | os.O_TRUNC, "x": os.O_CREAT | os.O_EXCL, "a": os.O_CREAT | os.O_APPEND}
    return "b" in mode, flags | made[kind.pop()]


def _opened(fd: int, path: Any) -> Any:
    """What is open under a number."""
    opened = scratch.opened(fd)
    if opened is None or opened.closed:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), path)
    return opened


def _opened_only(fd: Any) -> None:
    """`os.fsync`: memory is all there is."""
    _opened(fd if isinstance(fd, int) else fd.fileno(), None)


def _list(path: Any) -> list[str]:
    relative = locate(path)
    names = modules.list(relative)
    if scratch.covers(relative):
        entry = scratch.find(relative)
        if isinstance(entry, scratch.Folder):
            own = [f"{name}/" if isinstance(item, scratch.Folder) else name for name, item in entry.entries.items()]
            return sorted({*names, *own})
    if not names and relative:
        read(path)
        raise NotADirectoryError(errno.ENOTDIR, "Not a folder of the workspace", path)
    return names


def _stat_result(mode: int, size: int, entry: scratch.Entry | None = None) -> os.stat_result:
    number, when = (0, _WORKSPACE_TIME) if entry is None else (id(entry), entry.modified)
    times: dict[str, float] = {f"st_{kind}time": when for kind in "amc"}
    times |= {f"{name}_ns": int(when * 1e9) for name in times}
    return os.stat_result((mode, number, 0, 1, 0, 0, size, *[int(when)] * 3), times)
