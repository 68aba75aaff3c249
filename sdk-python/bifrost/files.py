"""Files: those of the workspace, to be read, and those that an organization keeps.

A file is named by its location and its path. `workspace` is the code that runs, `uploads` what
people have sent, `temp` what is deleted after 24 hours; every other name of small letters, digits
and `-` is a location of the organization's own.
"""

from __future__ import annotations

import base64
import builtins
import os
import posixpath
import re
import uuid
from collections.abc import Iterator
from typing import Any

from . import _context, _platform
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
    return ConflictError.raised(answer)


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


class files:
    """`from bifrost import files`, then `await files.read("reports/june.csv", location="uploads")`.

    Paths are relative, with `/` between their parts; `..`, a `/` at the beginning, `\\` and
    control characters are refused (`ValidationError`, for the workspace `ValueError`). A file has
    at most 32 MiB, an organization 10 GiB in 100,000 files (`ConflictError` with the code
    `files_full`). `scope` is an organization's id, for the provider's workflows; `mode` is taken
    for older workflows and makes no difference.
    """

    @staticmethod
    async def read(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> str:
        """A file as UTF-8 text; `NotFoundError` (for the workspace `FileNotFoundError`) when there is none."""
        return (await files.read_bytes(path, location, mode, scope)).decode("utf-8")

    @staticmethod
    async def read_bytes(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> bytes:
        """A file's content; `NotFoundError` (for the workspace `FileNotFoundError`) when there is none."""
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

    @staticmethod
    async def write(
        path: str, content: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None
    ) -> None:
        """Writes UTF-8 text; a file that is there is replaced as a whole. The workspace cannot be written."""
        await files.write_bytes(path, content.encode("utf-8"), location, mode, scope)

    @staticmethod
    async def write_bytes(
        path: str, content: bytes, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None
    ) -> None:
        """Writes bytes; a file that is there is replaced as a whole. The workspace cannot be written."""
        _is_workspace(location, mode)
        content = bytes(content)
        parts: builtins.list[str] = []
        folder = f".parts/{uuid.uuid4().hex}"
        while len(content) > _PIECE:
            parts.append(f"{folder}/{len(parts)}")
            piece, content = content[:_PIECE], content[_PIECE:]
            part = {"path": parts[-1], "location": "temp", "content": base64.b64encode(piece).decode("ascii")}
            _call("write", part, scope)
        whole = {"path": path, "location": location, "content": base64.b64encode(content).decode("ascii")}
        _call("write", {**whole, "parts": parts}, scope)

    @staticmethod
    async def list(
        directory: str = "", location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None
    ) -> builtins.list[str]:
        """Paths of all files in a folder and below, relative to the location, sorted."""
        if _is_workspace(location, mode):
            return sorted(_walk(directory.rstrip("/")))
        paths: builtins.list[str] = []
        arguments = {"directory": directory, "location": location}
        after = None
        while True:
            answer = _call("list", {**arguments, "after": after}, scope)
            paths += answer["paths"]
            after = answer["next"]
            if after is None:
                return paths

    @staticmethod
    async def delete(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> bool:
        """Deletes a file; false when there is none. The workspace cannot be written."""
        _is_workspace(location, mode)
        gone: bool = _call("delete", {"path": path, "location": location}, scope)
        return gone

    @staticmethod
    async def exists(path: str, location: str = _WORKSPACE, mode: str = "cloud", scope: str | None = None) -> bool:
        """Whether there is a file."""
        if _is_workspace(location, mode):
            return os.path.isfile(_local(path))
        found: bool = _call("exists", {"path": path, "location": location}, scope)
        return found

    @staticmethod
    async def get_signed_url(
        path: str,
        method: str = "PUT",
        content_type: str = "application/octet-stream",
        location: str = "uploads",
        scope: str | None = None,
    ) -> dict[str, Any]:
        """An address at which a browser sends (`PUT`) or reads (`GET`) this one file without a key.

        Answers `url`, `path` and `expires_in` (seconds; ten minutes). A body has at most 32 MiB and
        has to be of `content_type`, by its content too; `application/octet-stream` takes any.
        """
        arguments = {"path": path, "method": method, "content_type": content_type, "location": location}
        answer: dict[str, Any] = _call("sign", arguments, scope)
        address = (_context.context.public_url or "").rstrip("/")
        return {**answer, "url": f"{address}{answer['url']}"}

    @staticmethod
    async def search(
        query: str,
        case_sensitive: bool = False,
        is_regex: bool = False,
        include_pattern: str = "**/*",
        max_results: int = 1000,
    ) -> builtins.list[FileMatch]:
        """Lines of the workspace's text files that contain `query`, by path and line.

        With `is_regex` it is a regular expression. `include_pattern` says which files: `*` is any
        part of a name, `**/` any folders.
        """
        pattern = re.compile(query if is_regex else re.escape(query), 0 if case_sensitive else re.IGNORECASE)
        wanted = _glob(include_pattern)
        found: builtins.list[FileMatch] = []
        for path in sorted(_walk("")):
            if not wanted.fullmatch(path):
                continue
            try:
                text = (await files.read_bytes(path)).decode("utf-8")
            except UnicodeDecodeError:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                if pattern.search(line):
                    found.append(FileMatch(path, number, line))
                    if len(found) >= max_results:
                        return found
        return found


def _glob(pattern: str) -> re.Pattern[str]:
    """`**/` is any folders, also none; `*` and `?` stay within a name."""
    *folders, last = pattern.split("/")
    text = "".join("(?:[^/]+/)*" if part == "**" else f"{_name(part)}/" for part in folders)
    return re.compile(text + (".*" if last == "**" else _name(last)))


def _name(pattern: str) -> str:
    any_of = {"*": "[^/]*", "?": "[^/]"}
    return "".join(any_of.get(character) or re.escape(character) for character in pattern)
