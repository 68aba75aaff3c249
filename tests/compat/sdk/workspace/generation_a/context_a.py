"""The context as the first argument."""

from bifrost import workflow


@workflow(name="context_a", description="What a run knows of itself")
async def context_a(context):
    assert context.org_id == context.organization.org_id == context.scope
    assert context.organization.name == context.org_name
    assert context.executed_by == context.user_id and context.executed_by_email == context.email
    assert context.executed_by_name == context.name
    assert context.get_config("compat_plain") == "plain" and context.get_config("no such key", 7) == 7
    return {"id": context.execution_id, "name": context.workflow_name}
