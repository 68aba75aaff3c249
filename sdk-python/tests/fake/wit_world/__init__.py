from dataclasses import dataclass
from enum import Enum


@dataclass
class Invocation:
    workflow: str
    parameters: str
    context: str
    capture_variables: bool


class Status(Enum):
    SUCCESS = 0
    COMPLETED_WITH_ERRORS = 1
    FAILED = 2


class ResultType(Enum):
    JSON = 0
    TEXT = 1
    HTML = 2


@dataclass
class Failure:
    error_type: str
    message: str
    for_user: bool
    traceback: str


@dataclass
class Outcome:
    status: Status
    value: str | None
    result_type: ResultType
    failure: Failure | None
    variables: str | None
    roi: str | None


@dataclass
class Skipped:
    path: str
    reason: str
