"""All of the context."""

from bifrost import context, workflow


@workflow
async def context_c(organization: str) -> dict:
    described = [
        context.user_id, context.email, context.name, context.scope, context.execution_id, context.workflow_name,
        context.public_url, context.org_name, context.executed_by, context.executed_by_email, context.executed_by_name,
    ]  # fmt: skip
    assert all(isinstance(text, str) and text for text in described), described
    assert context.organization.is_provider and context.organization.is_active and context.organization.name
    assert context.is_platform_admin is True and context.is_function_key is False and context.is_agent is False
    assert context.parameters == {"organization": organization}
    assert context.startup is None and context.event is None and context.is_global_scope is False
    assert context.to_public_dict()["execution_id"] == context.execution_id
    try:
        context.db
    except RuntimeError as error:
        assert "not available" in str(error)
    else:
        raise AssertionError("there is no database")
    context.roi.time_saved = 30
    context.roi.value = 12.5
    own = context.org_id
    context.set_scope(organization)
    assert context.org_id == organization
    context.set_scope(None)
    assert context.org_id is None and context.is_global_scope
    context.set_scope(own)
    return {"own": context.org_id == own}
