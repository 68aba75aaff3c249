from dataclasses import dataclass
from enum import Enum


class ErrorKind(Enum):
    INVALID = 0
    DENIED = 1
    NOT_FOUND = 2
    LIMIT = 3
    LOADING = 4
    UNAVAILABLE = 5


@dataclass
class Error:
    kind: ErrorKind
    message: str
