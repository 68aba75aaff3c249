"""`context`: who calls, for whom, with what."""

import asyncio
from typing import Any

from bifrost import context, workflow


@workflow
async def context_fields(note: str = "") -> dict[str, Any]:
    """Every public field."""
    return {
        "user_id": context.user_id,
        "email": context.email,
        "name": context.name,
        "scope": context.scope,
        "org_id": context.org_id,
        "org_name": context.org_name,
        "organization": None if context.organization is None else
        {"id": context.organization.id, "name": context.organization.name, "org_id": context.organization.org_id},
        "is_platform_admin": context.is_platform_admin,
        "is_function_key": context.is_function_key,
        "is_global_scope": context.is_global_scope,
        "execution_id": context.execution_id,
        "workflow_name": context.workflow_name,
        "is_agent": context.is_agent,
        "public_url": context.public_url,
        "parameters": context.parameters,
        "startup": context.startup,
        "executed_by": context.executed_by,
        "executed_by_email": context.executed_by_email,
        "executed_by_name": context.executed_by_name,
        "public": context.to_public_dict(),
    }


@workflow
async def context_in_tasks() -> bool:
    """The context is the same in every task."""

    async def inside() -> str:
        await asyncio.sleep(0)
        return context.execution_id

    return set(await asyncio.gather(*(inside() for _ in range(10)))) == {context.execution_id}


@workflow
async def context_set_scope(org_id: str | None = None) -> dict[str, Any]:
    """Tries to act for another organization; PermissionError for whoever may not."""
    try:
        context.set_scope(org_id)
    except PermissionError as error:
        return {"allowed": False, "error": str(error), "org_id": context.org_id}
    return {"allowed": True, "org_id": context.org_id}
