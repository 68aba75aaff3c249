"""Files: those of the workspace, to be read, and those that an organization keeps.

A file is named by its location and its path. `workspace` is the code that runs, `uploads` what
people have sent, `temp` what is deleted after 24 hours; every other name of small letters, digits
and `-` is a location of the organization's own.
"""

from __future__ import annotations

import base64
import itertools
import os
import posixpath
import re
import uuid
from collections.abc import Iterator
from typing import Any

from . import _context, _platform, _status
from ._immediate import Content, Done, Fields, Flag, Items, Text
from ._models import FileMatch
from .errors import ConflictError

_PIECE = 4 << 20
"""Bytes of a file in one call; in base64 they fit into what a call may have."""
_ATTEMPTS = 3
"""How often a file is read again that is written meanwhile."""
_WORKSPACE = "workspace"


def _call(operation: str, arguments: dict[str, Any], scope: str | None) -> Any:
    named = scope if scope is not None else _context.scope_override()
    answer = _platform.current().call(f"files.{operation}", {**arguments, "scope": named})
    return _status.checked(answer, f"files.{operation}")


def _is_workspace(location: str, mode: str) -> bool:
    if mode not in ("cloud", "local"):
        raise ValueError(f"files: mode is {mode!r}, which is neither 'cloud' nor 'local'")
    return location == _WORKSPACE


def _local(path: str) -> str:
    """A plain path of the workspace, where the interpreter finds it."""
    parts = path.split("/")
    plain = not any(part in ("", ".", "..") for part in parts) and "\\" not in path
    if not plain or any(ord(character) < 32 or ord(character) == 127 for character in path):
        raise ValueError(f"files: {path[:60]!r} is not a relative path of the workspace")
    return posixpath.join(_platform.current().workspace, path)


def _walk(directory: str) -> Iterator[str]:
    """Paths of the workspace's files in a folder and below, sorted."""
    root = _local(directory) if directory else _platform.current().workspace
    for folder, names, found in os.walk(root):
        # The scratch space of a run is no part of its code.
        names[:] = sorted(name for name in names if not (folder == root == "/" and name in ("tmp", "dev")))
        for name in found:
            path = posixpath.relpath(posixpath.join(folder, name), root)
            yield posixpath.join(directory, path) if directory else path


def _pieces(path: str, location: str, scope: str | None) -> bytes:
    content = b""
    arguments: dict[str, Any] = {"path": path, "location": location}
    while True:
        answer = _call("read", {**arguments, "offset": len(content)}, scope)
        piece = base64.b64decode(answer["content"])
        content += piece
        if not piece or len(content) >= answer["size"]:
            return content
        arguments["sha256"] = answer["sha256"]


def _read(path: str, location: str, mode: str, scope: str | None) -> bytes:
    if _is_workspace(location, mode):
        with open(_local(path), "rb") as file:
            return file.read()
    for _ in range(_ATTEMPTS - 1):
        try:
            return _pieces(path, location, scope)
        except ConflictError:
            # It was written in between; the next content is whole, too.
            continue
    return _pieces(path, location, scope)


def _write(path: str, content: bytes, location: str, mode: str, scope: str | None) -> None:
    _is_workspace(location, mode)
    parts: list[str] = []
    folder = f".parts/{uuid.uuid4().hex}"
    while len(content) > _PIECE:
        parts.append(f"{folder}/{len(parts)}")
        piece, content = content[:_PIECE], content[_PIECE:]
        part = {"path": parts[-1], "location": "temp", "content": base64.b64encode(piece).decode("ascii")}
        _call("write", part, scope)
    whole = {"path": path, "location": location, "content": base64.b64encode(content).decode("ascii")}
    _call("write", {**whole, "parts": parts}, scope)


def _list(directory: str, location: str, mode: str, scope: str | None) -> Iterator[str]:
    if _is_workspace(location, mode):
        yield from sorted(_walk(directory.rstrip("/")))
        return
    arguments = {"directory": directory, "location": location}
    after = None
    while True:
        answer = _call("list", {**arguments, "after": after}, scope)
        yield from answer["paths"]
        after = answer["next"]
        if after is None:
            return


def _search(pattern: re.Pattern[str], wanted: re.Pattern[str]) -> Iterator[FileMatch]:
    for path in sorted(_walk("")):
        if not wanted.fullmatch(path):
            continue
        try:
            text = _read(path, _WORKSPACE, "cloud", None).decode("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                yield FileMatch(path, number, line)


class files:
    """`from bifrost import files`, then `await files.read("reports/june.csv", location="uploads")`.

    Paths are relative, with `/` between their parts; `..`, a `/` at the beginning, `\\` and
    control characters are refused (`ValidationError`, for the workspace `ValueError`). A file has
    at most 32 MiB, an organization 10 GiB in 100,000 files (`ConflictError` with the code
    `files_full`). `scope` is an organization's id, for the provider's workflows; `mode` is taken
    for older workflows and makes no difference. Neither does it whether a call is awaited: it is
    carried out at once, and the oldest workflows use what it answers as it is.
    """

    @staticmethod
    def read(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> Text:
        """A file as UTF-8 text; `NotFoundError` (for the workspace `FileNotFoundError`) when there is none."""
        return Text(_read(path, location, mode, scope).decode("utf-8"))

    @staticmethod
    def read_bytes(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> Content:
        """A file's content; `NotFoundError` (for the workspace `FileNotFoundError`) when there is none."""
        return Content(_read(path, location, mode, scope))

    @staticmethod
    def write(
        path: str, content: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None
    ) -> Done:
        """Writes UTF-8 text; a file that is there is replaced as a whole. The workspace cannot be written."""
        _write(path, content.encode("utf-8"), location, mode, scope)
        return Done()

    @staticmethod
    def write_bytes(
        path: str, content: bytes, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None
    ) -> Done:
        """Writes bytes; a file that is there is replaced as a whole. The workspace cannot be written."""
        _write(path, bytes(content), location, mode, scope)
        return Done()

    @staticmethod
    def list(
        directory: str = "", location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None
    ) -> Items:
        """Paths of all files in a folder and below, relative to the location, sorted."""
        return Items(_list(directory, location, mode, scope))

    @staticmethod
    def delete(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> Flag:
        """Deletes a file; false when there is none. The workspace cannot be written."""
        _is_workspace(location, mode)
        return Flag(_call("delete", {"path": path, "location": location}, scope))

    @staticmethod
    def exists(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> Flag:
        """Whether there is a file."""
        if _is_workspace(location, mode):
            return Flag(os.path.isfile(_local(path)))
        return Flag(_call("exists", {"path": path, "location": location}, scope))

    @staticmethod
    def get_signed_url(
        path: str,
        method: str = "PUT",
        content_type: str = "application/octet-stream",
        location: str = "uploads",
        scope: str | None = None,
    ) -> Fields:
        """An address at which a browser sends (`PUT`) or reads (`GET`) this one file without a key.

        Answers `url`, `path` and `expires_in` (seconds; ten minutes). A body has at most 32 MiB and
        has to be of `content_type`, by its content too; `application/octet-stream` takes any.
        """
        arguments = {"path": path, "method": method, "content_type": content_type, "location": location}
        answer: dict[str, Any] = _call("sign", arguments, scope)
        address = (_context.context.public_url or "").rstrip("/")
        return Fields({**answer, "url": f"{address}{answer['url']}"})

    @staticmethod
    def search(
        query: str,
        case_sensitive: bool = False,
        is_regex: bool = False,
        include_pattern: str = "**/*",
        max_results: int = 1000,
    ) -> Items:
        """Lines of the workspace's text files that contain `query`, by path and line, as `FileMatch`.

        With `is_regex` it is a regular expression. `include_pattern` says which files: `*` is any
        part of a name, `**/` any folders.
        """
        pattern = re.compile(query if is_regex else re.escape(query), 0 if case_sensitive else re.IGNORECASE)
        return Items(itertools.islice(_search(pattern, _glob(include_pattern)), max_results))


def _glob(pattern: str) -> re.Pattern[str]:
    """`**/` is any folders, also none; `*` and `?` stay within a name."""
    *folders, last = pattern.split("/")
    text = "".join("(?:[^/]+/)*" if part == "**" else f"{_name(part)}/" for part in folders)
    return re.compile(text + (".*" if last == "**" else _name(last)))


def _name(pattern: str) -> str:
    any_of = {"*": "[^/]*", "?": "[^/]"}
    return "".join(any_of.get(character) or re.escape(character) for character in pattern)
