"""Exceptions that workflows raise, and that the SDK raises at them."""

from __future__ import annotations


class UserError(Exception):
    """A message for the end user of a workflow.

    Its text is shown to whoever started the run. The text of any other exception
    is shown to developers only.
    """


class WorkflowError(Exception):
    """Base of the errors that are about a workflow or what it uses."""


class ValidationError(WorkflowError):
    """A parameter is missing or has a value that cannot be used."""


class IntegrationError(WorkflowError):
    """A call to another system failed."""


class ConfigurationError(WorkflowError):
    """Configuration is missing, malformed or cannot be reached."""


class NotFoundError(WorkflowError, ValueError, LookupError):
    """There is no such thing in the scope of this run."""


class ConflictError(WorkflowError):
    """What was asked is valid, but not in this state.

    `code` says why, for programs: `already_exists`, `version_changed`, `table_full`,
    `too_many_tables`, `files_full`, `file_changed`.
    """

    def __init__(self, message: str, code: str = "conflict") -> None:
        super().__init__(message)
        self.code = code


class NotSupported(WorkflowError, NotImplementedError):
    """This platform does not have it; the message names what to use instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"{what}: not supported here; {instead}")


class OutsideExecutionError(RuntimeError, AttributeError):
    """Something that exists only during a run was used outside of one.

    It is an `AttributeError` as well, so that `hasattr(context, ...)` and
    `getattr(context, ..., default)` answer instead of raising.
    """
