"""`sqlite3.connect` for files of `/tmp` and of the workspace: each is a database in memory.

SQLite reaches files through C, which has none here. What is connected to is kept in memory
under a name that all its connections share; asked for its content, as a file, it gives what
SQLite would have written.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from . import files, scratch

_native_connect = sqlite3.connect
_names = itertools.count()


class _Database(scratch.File):
    """A file whose content is a database."""

    def __init__(self, content: bytes) -> None:
        self.uri = f"file:/bifrost/{next(_names)}?vfs=memdb"
        self._keeper = _native_connect(self.uri, uri=True, check_same_thread=False)
        if content:
            with_content = _native_connect(":memory:")
            with_content.deserialize(content)
            with_content.backup(self._keeper)
            with_content.close()
        super().__init__()

    @property
    def content(self) -> bytearray:  # type: ignore[override]
        """As SQLite would have written it."""
        return bytearray(self._keeper.serialize())

    @content.setter
    def content(self, _content: bytearray) -> None:
        """It has its own."""


_of_workspace: dict[str, _Database] = {}


def connect(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
    """See `sqlite3.connect`."""
    text, uri = os.fsdecode(database), bool(options.get("uri"))
    query: dict[str, list[str]] = {}
    if uri and text.startswith("file:"):
        parts = urlsplit(text)
        text, query = unquote(parts.path), parse_qs(parts.query)
    if text in ("", ":memory:") or query.get("mode") == ["memory"] or "vfs" in query:
        return _native_connect(database, *arguments, **options)
    read_only = query.get("mode") == ["ro"]
    found = _database(text, query.get("mode", ["rwc"])[0])
    connection = _native_connect(found.uri, *arguments, **{**options, "uri": True})
    if read_only or found in _of_workspace.values():
        connection.execute("pragma query_only = on")
    return connection


def _database(path: str, mode: str) -> _Database:
    relative = files.locate(path)
    if not scratch.covers(relative):
        if relative not in _of_workspace:
            try:
                _of_workspace[relative] = _Database(files.read(path))
            except OSError as error:
                raise sqlite3.OperationalError(f"unable to open database file: {error}") from error
        return _of_workspace[relative]
    entry = scratch.find(relative)
    if isinstance(entry, _Database):
        return entry
    if mode != "rwc" and entry is None:
        raise sqlite3.OperationalError(f"unable to open database file: there is none at {path}")
    try:
        content = files.read(path) if entry is not None else b""
        folder, name = scratch.parent(relative, path)
    except OSError as error:
        raise sqlite3.OperationalError(f"unable to open database file: {error}") from error
    made = folder.entries[name] = _Database(content)
    return made


def install() -> None:
    """Replaces `sqlite3.connect`."""
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
