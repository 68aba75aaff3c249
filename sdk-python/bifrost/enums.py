"""Values that travel between workflows and the platform."""

from __future__ import annotations

from enum import Enum


class _Text(str, Enum):
    """A string with a fixed set of values; prints as its value."""

    def __str__(self) -> str:
        return str(self.value)


class ExecutionStatus(_Text):
    """Where an execution stands."""

    SCHEDULED = "Scheduled"
    PENDING = "Pending"
    RUNNING = "Running"
    WAITING = "Waiting"
    SUCCESS = "Success"
    FAILED = "Failed"
    TIMEOUT = "Timeout"
    STUCK = "Stuck"
    COMPLETED_WITH_ERRORS = "CompletedWithErrors"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"


class ConfigType(_Text):
    """Type of a configuration value."""

    STRING = "string"
    INT = "int"
    BOOL = "bool"
    JSON = "json"
    SECRET = "secret"


class FormFieldType(_Text):
    """Kind of a form's field."""

    TEXT = "text"
    EMAIL = "email"
    NUMBER = "number"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    CHECKBOX = "checkbox"
    TEXTAREA = "textarea"
    RADIO = "radio"
    DATE = "date"
    DATETIME = "datetime"
    MARKDOWN = "markdown"
    HTML = "html"
    FILE = "file"
