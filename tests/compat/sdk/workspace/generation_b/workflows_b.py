"""Starting others with `org_id`."""

import asyncio

from bifrost import ExecutionStatus, context, executions, workflow, workflows


@workflow(name="workflows_b")
async def workflows_b() -> dict:
    run = await workflows.execute("tool_b", {"a": 1, "b": "2"}, org_id=context.org_id)
    for _ in range(200):
        execution = await executions.get(run)
        if execution.status not in (ExecutionStatus.PENDING, ExecutionStatus.RUNNING):
            break
        await asyncio.sleep(0.1)
    assert execution.status == "Success" and execution.result == 3, execution
    assert run in [one.execution_id for one in await executions.list("tool_b", limit=10)]
    assert (await workflows.get(run)).workflow_name == "tool_b"
    return {"result": execution.result}
