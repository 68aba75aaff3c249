"""What deliveries start."""

from typing import Any

from bifrost import context, workflow


@workflow
async def note(n: int) -> dict[str, Any]:
    """Tells what it was started for."""
    return {"n": n, "event": context.event.data["n"], "type": context.event.type, "by": context.email}
