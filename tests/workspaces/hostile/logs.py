"""Floods of the log. Armed: ends with `limit_exceeded:log_bytes`, except where said."""

import logging
import sys

from bifrost import workflow

logger = logging.getLogger("hostile")


@workflow
async def log_flood(armed: bool = False, bytes: int = 64 << 20) -> dict[str, int]:
    """Many lines of 1,000 characters, `bytes` in all; the control writes 10 lines."""
    lines = bytes // 1000 if armed else 10
    for _ in range(lines):
        logger.info("x" * 1000)
    return {"lines": lines}


@workflow
async def log_flood_print(armed: bool = False, bytes: int = 64 << 20) -> dict[str, int]:
    """The same through `print`."""
    lines = bytes // 1000 if armed else 10
    for _ in range(lines):
        print("x" * 1000)
    return {"lines": lines}


@workflow
async def log_giant_line(armed: bool = False) -> dict[str, int]:
    """One line of 1 MiB: is cut with a note, and the run goes on."""
    size = 1 << 20 if armed else 100
    logger.info("y" * size)
    return {"size": size}


@workflow
async def log_over_all_limits_at_once(armed: bool = False) -> dict[str, int]:
    """One line of 32 MiB. It is cut, so it may pass; nothing larger than a line is kept."""
    size = 32 << 20 if armed else 100
    logger.info("z" * size)
    return {"size": size}


@workflow
async def log_never_ending_line(armed: bool = False) -> dict[str, int]:
    """`print` without a line end, for ever: what is not yet a line is bounded too."""
    written = 0
    while armed or written < 10_000:
        written += sys.stdout.write("p" * 1000)
    return {"written": written}


@workflow
async def log_empty_lines(armed: bool = False) -> dict[str, int]:
    """Millions of empty lines: a line costs more than its text."""
    count = 5_000_000 if armed else 10
    for _ in range(count):
        logger.info("")
    return {"lines": count}


@workflow
async def log_line_ends(armed: bool = False) -> dict[str, int]:
    """One record of very many line ends, of every kind."""
    count = 2_000_000 if armed else 10
    logger.info("\n\r\n\r\x0b\x0c\x1c\x85\u2028" * count)
    return {"records": 1, "count": count}


@workflow
async def log_control_characters(armed: bool = False) -> dict[str, int]:
    """Terminal escapes and NUL, which must not reach a terminal or a database as such. Succeeds."""
    text = "\x1b[2J\x1b]0;owned\x07\x00\u202eabc" if armed else "plain"
    logger.info("%s", text)
    print(text)
    return {"length": len(text)}


@workflow
async def log_giant_logger_name(armed: bool = False) -> dict[str, int]:
    """The name of the logger counts and is bounded too. Succeeds, with the name cut."""
    name = "n" * (1 << 20 if armed else 10)
    logging.getLogger(name).warning("from a long name")
    return {"size": len(name)}
