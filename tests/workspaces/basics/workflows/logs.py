"""Everything that ends up in the log."""

import logging
import sys
import warnings

from bifrost import workflow

logger = logging.getLogger("basics.logs")


@workflow
async def log_levels() -> int:
    """One line per level, with arguments, and one with a traceback."""
    logger.debug("debug %d", 1)
    logger.info("info %s", "two")
    logger.warning("warning")
    logger.error("error")
    logger.critical("critical")
    try:
        1 / 0
    except ZeroDivisionError:
        logger.exception("with traceback")
    logging.info("root logger")
    return 7


@workflow
async def log_prints() -> None:
    """print, several lines at once, stderr, an unfinished line, an empty line, a warning."""
    print("one line")
    print("two", "lines", sep="\n")
    print("to stderr", file=sys.stderr)
    print("first half, ", end="")
    print("second half")
    print()
    sys.stdout.write("ü 🎈\n")
    warnings.warn("take care", stacklevel=1)
    print("never finished", end="")


@workflow
async def log_library_noise() -> None:
    """Records of HTTP libraries are dropped below WARNING; the author's are kept."""
    for name in ("httpx", "urllib3.connectionpool", "asyncio"):
        logging.getLogger(name).info("noise of %s", name)
    logger.info("kept")


@workflow
async def log_many(lines: int = 100, width: int = 20) -> int:
    """That many lines, numbered."""
    for number in range(lines):
        logger.info("%08d %s", number, "x" * width)
    return lines
