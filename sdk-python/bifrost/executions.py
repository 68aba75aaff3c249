"""Runs of an organization: end users see their own, callers with `executions.read` all."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any

from . import _context, _platform
from ._models import ExecutionLog, WorkflowExecution


def _time(value: datetime | str | None) -> str | None:
    return value.isoformat() if isinstance(value, datetime) else value


class executions:
    """`from bifrost import executions`, then `await executions.list()`."""

    @staticmethod
    async def list(
        workflow_name: str | None = None,
        status: str | None = None,
        start_date: datetime | str | None = None,
        end_date: datetime | str | None = None,
        limit: int = 50,
    ) -> builtins.list[WorkflowExecution]:
        """The latest runs, newest first, at most 1,000; without parameters and results."""
        arguments = {
            "workflow_name": workflow_name,
            "status": status,
            "start_date": _time(start_date),
            "end_date": _time(end_date),
            "limit": limit,
            "scope": _context.scope_override(),
        }
        return [WorkflowExecution.of(one) for one in _platform.current().call("executions.list", arguments)]

    @staticmethod
    async def get(execution_id: str) -> WorkflowExecution:
        """One run with its parameters and result; `NotFoundError` (a `ValueError`) when there is none."""
        arguments = {"execution_id": str(execution_id), "scope": _context.scope_override()}
        return WorkflowExecution.of(_platform.current().call("executions.get", arguments))

    @staticmethod
    async def get_current_logs(
        execution_id: str | None = None, start: str = "0", count: int = 100
    ) -> builtins.list[ExecutionLog]:
        """Lines of a run's log that come after the id `start`; of this run unless another is named.

        The latest lines of a run in progress may be missing yet.
        """
        arguments: dict[str, Any] = {
            "execution_id": str(execution_id or _context.context.execution_id),
            "after": int(start),
            "limit": count,
            "scope": _context.scope_override(),
        }
        return [ExecutionLog.of(one) for one in _platform.current().call("executions.logs", arguments)]
