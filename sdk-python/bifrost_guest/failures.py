"""Exceptions as people want to see them: without the frames of the runtime."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Iterator
from types import TracebackType

import bifrost

from .workspace import is_workspace_file

_HIDDEN = (
    *(os.path.dirname(str(file)) + "/" for file in (__file__, bifrost.__file__, asyncio.__file__)),
    "<frozen importlib",
)
"""What the filenames of hidden frames begin with."""


def message(error: BaseException) -> str:
    """`str(error)`, whatever the exception's `__str__` does; of a syntax error without its place."""
    try:
        return error.msg if isinstance(error, SyntaxError) and error.filename else str(error)
    except Exception:
        return "<the exception's message could not be made>"


def format_traceback(error: BaseException) -> str:
    """As native Python prints it, chained exceptions and groups included, without a final newline."""
    try:
        rendered = traceback.TracebackException(
            type(error), error, error.__traceback__, lookup_lines=False, compact=True
        )
        for part in _parts(rendered):
            part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(_HIDDEN)]
        return "".join(rendered.format()).rstrip("\n")
    except (Exception, MemoryError):
        return f"{type(error).__name__}: {message(error)}"


def line_in(path: str, error: BaseException) -> int | None:
    """The line of file `path` at which the exception was raised or passed through."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    line = None
    for filename, number in _lines(error.__traceback__):
        if filename == path:
            line = number
    return line


def origin(error: BaseException) -> tuple[str, int | None] | None:
    """The workspace's file and line where the exception began."""
    if isinstance(error, SyntaxError) and error.filename and is_workspace_file(error.filename):
        return error.filename, error.lineno
    found = None
    for filename, number in _lines(error.__traceback__):
        if is_workspace_file(filename):
            found = filename, number
    return found


def _lines(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _parts(rendered: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """The exception, its causes and contexts, and the members of groups. None of them twice."""
    seen: set[int] = set()
    waiting = [rendered]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting.extend(other for other in (part.__cause__, part.__context__) if other is not None)
        waiting.extend(part.exceptions or ())
