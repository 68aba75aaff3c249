"""Not UTF-8: a Latin-1 byte, no coding line."""

from bifrost import workflow

CITY = "München"


@workflow
async def undecodable() -> str:
    """Never found."""
    return CITY
