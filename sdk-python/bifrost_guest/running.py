"""One run: from an invocation to its outcome."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from inspect import isawaitable, iscoroutine
from typing import Any

from wit_world import Failure, Invocation, Outcome, ResultType, Status
from wit_world.imports.log import Level

from bifrost import ExecutionContext, UserError, ValidationError, _platform
from bifrost._context import Roi, activate

from . import entropy, failures, output, results, threads
from .loop import GuestLoop
from .platform import GuestPlatform
from .registry import Workflow
from .variables import Capture

_PLATFORM = GuestPlatform()


class UnknownWorkflow(LookupError):
    """The workspace has no workflow of that id."""


def run(workflows: dict[str, Workflow], invocation: Invocation) -> Outcome:
    """Runs one workflow. Never raises."""
    capture: Capture | None = None
    context: ExecutionContext | None = None
    try:
        entropy.reseed()
        _platform.use(_PLATFORM)
        workflow = workflows.get(invocation.workflow)
        if workflow is None:
            raise UnknownWorkflow(f"the workspace has no workflow `{invocation.workflow}`")
        submitted = json.loads(invocation.parameters)
        fields = json.loads(invocation.context)
        fields["parameters"] = submitted
        context = ExecutionContext(**fields)
        activate(context)
        args, kwargs = workflow.binding.bind(submitted, context)
        if invocation.capture_variables:
            capture = Capture(workflow.code)
            capture.start()
        error: BaseException | None = None
        try:
            result = workflow.function(*args, **kwargs)
            if isawaitable(result):
                result = GuestLoop().run_main(result if iscoroutine(result) else _awaited(result))
            threads.finish()
        except BaseException as raised:
            error = raised
            raise
        finally:
            if capture is not None:
                capture.stop(error)
        outcome = _success(result)
    except BaseException as error:
        outcome = _failed(error)
    if capture is not None:
        outcome.variables = capture.json()
    if context is not None:
        outcome.roi = _roi(context)
    output.finish()
    return outcome


def reset() -> None:
    """Back to how it is before a run."""
    activate(None)
    _platform.use(_platform.Loading())


def _success(result: Any) -> Outcome:
    status, kind = Status.SUCCESS, ResultType.JSON
    if isinstance(result, str):
        kind = ResultType.HTML if str.lstrip(result).startswith("<") else ResultType.TEXT
    elif isinstance(result, dict) and result.get("success") is False:
        status = Status.COMPLETED_WITH_ERRORS
    return Outcome(status, results.encode(result), kind, None, None, None)


def _failed(error: BaseException) -> Outcome:
    # What the caller got wrong has no place in the code that a traceback could show.
    traced = not isinstance(error, (UnknownWorkflow, results.ResultError)) and not (
        isinstance(error, ValidationError) and failures.origin(error) is None
    )
    failure = Failure(
        error_type=failures.type_name(error),
        message=failures.message(error),
        for_user=issubclass(type(error), UserError),
        traceback=failures.format_traceback(error) if traced else "",
    )
    return Outcome(Status.FAILED, None, ResultType.JSON, failure, None, None)


def _roi(context: ExecutionContext) -> str | None:
    """What the workflow said it was worth, when it said something that can be kept."""
    try:
        roi: Any = context.roi
        if isinstance(roi, dict):
            roi = Roi(roi.get("time_saved", 0), roi.get("value", 0))
        saved, value = getattr(roi, "time_saved", 0), getattr(roi, "value", 0)
        if not saved and not value:
            return None
        return results.encode({"time_saved": saved, "value": value}, fallback=str)
    except BaseException as error:
        output.emit_lines(Level.WARNING, "bifrost", f"context.roi cannot be kept: {failures.message(error)}")
        return None


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
