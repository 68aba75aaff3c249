"""Exceptions as people want to see them: without the frames of the runtime."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import bifrost

from .text import shortened
from .workspace import is_workspace_file

MAX_NAME = 200
"""Characters of an exception's class name that are kept."""

MAX_MESSAGE = 64 * 1024
"""Characters of one exception's message that are kept."""

MAX_TRACEBACK = 512 * 1024
"""Characters of a whole traceback that are kept."""

_class_name = type.__dict__["__name__"].__get__

_HIDDEN = (
    *(os.path.dirname(str(file)) + "/" for file in (__file__, bifrost.__file__, asyncio.__file__)),
    "<frozen importlib",
)
"""What the filenames of hidden frames begin with."""


# An exception may be of any class, and do anything when it is asked something: also raise
# what is no Exception. Whatever it does, the run's error is the exception itself.


def type_name(error: BaseException) -> str:
    """The name of the exception's class, well-formed and shortened."""
    return shortened(_class_name(type(error)), MAX_NAME)


def message(error: BaseException) -> str:
    """`str(error)`, well-formed and shortened; of a syntax error without its place."""
    try:
        return shortened(error.msg if isinstance(error, SyntaxError) and error.filename else str(error), MAX_MESSAGE)
    except BaseException:
        return "<the exception's message could not be made>"


def format_traceback(error: BaseException) -> str:
    """As native Python prints it, chained exceptions and groups included, without a final newline.

    Well-formed; long messages and long tracebacks are shortened in their middle.
    """
    try:
        rendered = traceback.TracebackException(
            type(error), error, error.__traceback__, lookup_lines=False, compact=True
        )
        for part in _parts(rendered):
            part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(_HIDDEN)]
            _shorten(part)
        return shortened("".join(rendered.format()).rstrip("\n"), MAX_TRACEBACK)
    except BaseException:
        return f"{type_name(error)}: {message(error)}"


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


def _shorten(part: Any) -> None:
    """Cuts what one exception says of itself, before it is copied into the whole."""
    for name, longest in (("_str", MAX_MESSAGE), ("_exc_type_qualname", MAX_NAME)):
        said = getattr(part, name, None)
        if isinstance(said, str):
            setattr(part, name, shortened(said, longest))
    notes = getattr(part, "__notes__", None)
    if isinstance(notes, list):
        part.__notes__ = [shortened(note, MAX_MESSAGE) for note in notes if isinstance(note, str)]


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
