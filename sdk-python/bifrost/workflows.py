"""Starting workflows from workflows."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Any

from . import _context, _platform
from ._metadata import WorkflowMetadata
from ._models import WorkflowExecution
from .executions import executions


def _metadata(fields: dict[str, Any]) -> WorkflowMetadata:
    kind = fields.get("kind", "workflow")
    metadata = WorkflowMetadata(
        name=fields["name"],
        description=fields.get("description", ""),
        category=fields.get("category", ""),
        tags=fields.get("tags", []),
        type=kind,
        parameters=fields.get("parameters", []),
        is_tool=kind == "tool",
        defaults=fields.get("defaults", {}),
        accepts_kwargs=fields.get("accepts_kwargs", False),
    )
    metadata.__dict__.update(id=fields["id"], path=fields["path"], organization_id=fields.get("organization_id"))
    return metadata


class workflows:
    """`from bifrost import workflows`, then `await workflows.execute("name", {...})`."""

    @staticmethod
    async def list() -> builtins.list[WorkflowMetadata]:
        """What can be started: the organization's own workflows and the provider's."""
        answer = _platform.current().call("workflows.list", {"scope": _context.scope_override()})
        return [_metadata(one) for one in answer]

    @staticmethod
    async def execute(
        workflow: str,
        input_data: dict[str, Any] | None = None,
        *,
        org_id: str | None = None,
        run_as: str | None = None,
        scheduled_at: datetime | str | None = None,
        delay_seconds: int | None = None,
        priority: str | None = None,
    ) -> str:
        """Starts a workflow and answers the id of its run, without waiting for its end.

        `workflow` is an id, a name or `path::function`: the organization's own is found
        before the provider's. The run acts for this run's caller. `org_id` and `run_as`
        (the id or e-mail of a person) are for the provider's code: a caller with
        `platform.enter`, for `run_as` with `users.manage` too. A run with the `priority`
        `"bulk"` comes when nothing else waits; all others are `"normal"`.
        """
        if isinstance(scheduled_at, datetime):
            if scheduled_at.tzinfo is None:
                raise ValueError("scheduled_at needs a time zone, for instance datetime.now(UTC)")
            scheduled_at = scheduled_at.isoformat()
        arguments = {
            "workflow": str(workflow),
            "input_data": input_data or {},
            "scope": org_id or _context.scope_override(),
            "run_as": run_as,
            "scheduled_at": scheduled_at,
            "delay_seconds": delay_seconds,
            "priority": priority,
        }
        execution: dict[str, str] = _platform.current().call("workflows.execute", arguments)
        return execution["execution_id"]

    @staticmethod
    async def cancel(execution_id: str) -> None:
        """Asks a run to end."""
        arguments = {"execution_id": str(execution_id), "scope": _context.scope_override()}
        _platform.current().call("workflows.cancel", arguments)

    @staticmethod
    async def get(execution_id: str) -> WorkflowExecution:
        """A run; the same as `executions.get`."""
        return await executions.get(execution_id)
