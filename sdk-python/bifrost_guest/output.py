"""Where output goes: `print`, `sys.stderr` and `logging` all become lines of the run's log."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable
from typing import Any

from wit_world.imports import log
from wit_world.imports.log import Level

from . import failures
from .text import well_formed
from .workspace import is_workspace_file

TRACEBACK = 45
"""Level of traceback lines, between ERROR and CRITICAL."""

MAX_PIECE = 64 * 1024
"""Characters that are held back at most while a line is not finished."""

_QUIET = frozenset({"aiohttp", "asyncio", "boto3", "botocore", "httpcore", "httpx", "s3transfer", "urllib3"})
"""Libraries of which only warnings and worse are kept."""

Emit = Callable[[Level, str, str], None]

_emit: Emit = log.emit


def redirect(emit: Emit) -> Emit:
    """Sends lines elsewhere; answers where they went until now."""
    global _emit
    previous, _emit = _emit, emit
    return previous


def emit_lines(level: Level, logger: str, text: str) -> None:
    """Emits each line of a text."""
    logger, text = well_formed(logger), well_formed(text)
    # One after the other: a text of nothing but line ends would be a list of many times its size.
    start = 0
    while (end := text.find("\n", start)) >= 0:
        _emit(level, logger, text[start:end])
        start = end + 1
    _emit(level, logger, text[start:])


class LogStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr`: each finished line is emitted at once."""

    encoding = "utf-8"
    errors = "backslashreplace"
    newlines = None

    def __init__(self, name: str, level: Level) -> None:
        super().__init__()
        self.name = name
        self._level = level
        self._pending: list[str] = []
        self._held = 0
        self.buffer = _ByteStream(self)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        end = text.rfind("\n")
        if end < 0:
            self._hold(text)
        else:
            emit_lines(self._level, self.name, "".join(self._pending) + text[:end])
            self._pending.clear()
            self._held = 0
            if end + 1 < len(text):
                self._hold(text[end + 1 :])
        return len(text)

    def finish(self) -> None:
        """Emits what is left of a line that was not finished."""
        if self._pending:
            emit_lines(self._level, self.name, "".join(self._pending))
            self._pending.clear()
            self._held = 0

    def _hold(self, text: str) -> None:
        self._pending.append(text)
        self._held += len(text)
        if self._held >= MAX_PIECE:
            whole = "".join(self._pending)
            cut = len(whole) - len(whole) % MAX_PIECE
            for start in range(0, cut, MAX_PIECE):
                emit_lines(self._level, self.name, whole[start : start + MAX_PIECE])
            self._pending[:] = [whole[cut:]] if cut < len(whole) else []
            self._held = len(whole) - cut


class _ByteStream(io.BufferedIOBase):
    """`sys.stdout.buffer`: bytes are taken for UTF-8."""

    def __init__(self, text: LogStream) -> None:
        super().__init__()
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._text.write(content.decode("utf-8", "backslashreplace"))
        return len(content)


class LogHandler(logging.Handler):
    """The root handler."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelno
        if level < logging.WARNING:
            if record.name.partition(".")[0] in _QUIET:
                return
            if level < logging.INFO and not is_workspace_file(record.pathname):
                return
        try:
            emit_lines(_level(level), str(record.name), record.getMessage())
            if record.exc_info and record.exc_info[1] is not None:
                emit_lines(Level.TRACEBACK, str(record.name), failures.format_traceback(record.exc_info[1]))
            if record.stack_info:
                emit_lines(Level.TRACEBACK, str(record.name), record.stack_info)
        except Exception:
            self.handleError(record)


def _level(number: int) -> Level:
    if number < logging.INFO:
        return Level.DEBUG
    if number < logging.WARNING:
        return Level.INFO
    if number < logging.ERROR:
        return Level.WARNING
    if number < TRACEBACK:
        return Level.ERROR
    return Level.TRACEBACK if number < logging.CRITICAL else Level.CRITICAL


stdout = LogStream("stdout", Level.INFO)
stderr = LogStream("stderr", Level.WARNING)


def finish() -> None:
    """Emits unfinished lines. At the end of a run."""
    stdout.finish()
    stderr.finish()


def install() -> None:
    """Replaces the standard streams and configures `logging`. What was open stays behind."""
    sys.stdin = sys.__stdin__ = io.StringIO()  # type: ignore[misc,assignment]
    sys.stdout = sys.__stdout__ = stdout  # type: ignore[misc,assignment]
    sys.stderr = sys.__stderr__ = stderr  # type: ignore[misc,assignment]
    logging.addLevelName(TRACEBACK, "TRACEBACK")
    # Facts that are the same for every line of every run.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.logAsyncioTasks = False  # type: ignore[attr-defined]
    logging.root.handlers[:] = [LogHandler()]
    logging.root.setLevel(logging.DEBUG)
