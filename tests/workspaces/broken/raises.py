"""An exception at import, on line 13, after a workflow was declared."""

from bifrost import workflow


@workflow
async def declared_before_raise() -> str:
    """Must not be registered: its file failed."""
    return "unreachable"


settings: dict[str, str] = {}
URL = settings["url"]
