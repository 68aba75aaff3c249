from enum import Enum


class Level(Enum):
    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3
    CRITICAL = 4
    TRACEBACK = 5


LINES: list[tuple[Level, str, str]] = []


def emit(level: Level, logger: str, message: str) -> None:
    LINES.append((level, logger, message))
