"""Deployed for the provider alone."""

from typing import Any

from bifrost import context, organizations, workflow


@workflow
async def all_organizations() -> dict[str, Any]:
    """Lists every organization, or says why it may not."""
    try:
        return {"names": [one.name for one in await organizations.list()]}
    except PermissionError as error:
        return {"denied": str(error), "parent": context.org_id}
