"""The context as a proxy, and what the second generation asked of it."""

from bifrost import context, workflow


@workflow(name="context_b")
async def context_b() -> dict:
    """What a run knows of itself."""
    assert context.get_config("compat_plain") == "plain"
    assert context.is_platform_admin and not context.is_global_scope
    return {"org": context.org_id, "by": context.executed_by_email}
