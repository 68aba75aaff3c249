"""Errors of the platform as `httpx` has them, for workspaces that catch those.

Code of earlier generations has `except httpx.HTTPStatusError` around calls of the SDK. Where a
workspace has imported `httpx`, errors that stand for a status are of that class, too, beside their
own; where it has not, nothing is imported.
"""

from __future__ import annotations

import sys
from typing import Any

from .errors import ConflictError, NotFoundError, ValidationError

_STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (PermissionError, 403),
    (ValidationError, 422),
)

_BASE = "http://bifrost"
"""Stands before paths where a whole URL is asked for."""

_classes: dict[tuple[type[Exception], type[Exception]], type[Exception]] = {}


def known(error: Exception, operation: str) -> Exception:
    """The error to raise for `error`, which the platform has answered to `operation`.

    It keeps its class, its text and its fields; `response` and `request` come in addition.
    """
    httpx: Any = sys.modules.get("httpx")
    parent = getattr(httpx, "HTTPStatusError", None)
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if status is None or not isinstance(parent, type) or isinstance(error, parent):
        return error
    try:
        return _mixed(error, operation, status, httpx)
    except (AttributeError, TypeError):
        # Something else of that name, or half imported.
        return error


def checked(answer: Any, operation: str) -> Any:
    """`answer`, unless the platform says with it that there is a conflict."""
    if isinstance(answer, dict) and isinstance(answer.get("conflict"), dict):
        conflict = answer["conflict"]
        raise known(ConflictError(str(conflict.get("message")), str(conflict.get("code"))), operation)
    return answer


def _mixed(error: Exception, operation: str, status: int, httpx: Any) -> Exception:
    kind, parent = type(error), httpx.HTTPStatusError
    request = httpx.Request("POST", f"{_BASE}/{operation.replace('.', '/')}")
    detail = {"detail": str(error)}
    if isinstance(error, ConflictError):
        detail["code"] = error.code
    response = httpx.Response(status, json=detail, request=request)
    mixed_kind = _classes.get((kind, parent))
    if mixed_kind is None:
        names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
        mixed_kind = type(kind.__name__, (kind, parent), {**names, "__reduce__": _reduced})
        _classes[kind, parent] = mixed_kind
    mixed: Any = mixed_kind.__new__(mixed_kind, *error.args)
    parent.__init__(mixed, str(error), request=request, response=response)
    mixed.args = error.args
    mixed.__dict__.update(error.__dict__)
    mixed.__dict__["_plain"] = (kind, error.args, dict(error.__dict__), operation)
    answer: Exception = mixed
    return answer


def _reduced(error: Any) -> tuple[Any, ...]:
    return _again, error._plain


def _again(kind: type[Exception], args: tuple[Any, ...], fields: dict[str, Any], operation: str) -> Exception:
    """What was pickled, as this interpreter knows it."""
    error = kind(*args)
    error.__dict__.update(fields)
    return known(error, operation)
