"""Starting, finding and ending other runs."""

from datetime import UTC, datetime, timedelta

from bifrost import ExecutionStatus, context, executions, workflow, workflows


@workflow
async def workflows_c() -> None:
    known = {one.name: one for one in await workflows.list()}
    assert known["decorators_c"].type == "workflow" and known["tool_c"].is_tool
    later = datetime.now(UTC) + timedelta(hours=1)
    runs = [
        await workflows.execute(known["decorators_c"].id, scheduled_at=later),
        await workflows.execute("generation_c/decorators_c.py::decorators_c", {"name": "x"}, delay_seconds=600),
        await workflows.execute("decorators_c", run_as=context.executed_by_email, org_id=context.org_id),
    ]
    assert (await workflows.get(runs[0])).status is ExecutionStatus.SCHEDULED
    await workflows.cancel(runs[0])
    await workflows.cancel(runs[1])
    assert (await executions.get(runs[0])).status is ExecutionStatus.CANCELLED
    own = await executions.get(context.execution_id)
    assert own.workflow_name == "workflows_c" and own.executed_by == context.user_id
    today = datetime.now(UTC) - timedelta(hours=1)
    listed = await executions.list("decorators_c", "Cancelled", today, datetime.now(UTC) + timedelta(hours=1), 1000)
    assert {runs[0], runs[1]} <= {one.execution_id for one in listed}
    try:
        await executions.get("00000000-0000-7000-8000-000000000000")
    except ValueError:
        pass
    else:
        raise AssertionError("there is no such run")


@workflow
async def logs_c(of: str) -> list:
    lines = await executions.get_current_logs(of, start="0", count=100)
    assert await executions.get_current_logs() is not None
    return [[line.level, line.message] for line in lines if line.message.startswith("a line")]


@workflow
async def log_c() -> None:
    import logging

    logger = logging.getLogger(__name__)
    logger.warning("a line of warning")
    logger.log(45, "a line of a traceback")
    print("a line that is printed")
