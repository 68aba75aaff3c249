"""A workflow that is not `async def`."""

from bifrost import workflow


@workflow
def synchronous(count: int = 1) -> int:
    """Called, not awaited."""
    return count + 1
