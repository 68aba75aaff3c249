"""`context` at import: refused, there is no execution yet."""

from bifrost import context, workflow

ORGANIZATION = context.org_id


@workflow
async def context_at_import() -> str | None:
    """Never found."""
    return ORGANIZATION
