"""The one good file: it must deploy, whatever the others do."""

from bifrost import workflow


@workflow
async def good(name: str = "world") -> str:
    """Runs."""
    return f"good morning, {name}"
