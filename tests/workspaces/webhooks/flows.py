"""What deliveries and endpoints start."""

from typing import Any

from bifrost import UserError, context, events, workflow


@workflow
async def note(n: int) -> dict[str, Any]:
    """Tells what it was started for."""
    event = context.event
    return {"n": n, "event": None if event is None else event.data["n"], "by": context.email}


@workflow
async def even(n: int) -> int:
    """Started for half of them."""
    return n


@workflow
async def page(name: str) -> dict[str, Any]:
    """A page with a script in it, which is not this platform's."""
    return {
        "status_code": 201,
        "headers": {"Content-Type": "text/html", "Set-Cookie": "a=b", "X-Made-By": "flows"},
        "body": f"<script>alert('{name}')</script>",
    }


@workflow
async def refuse() -> None:
    """Says why not."""
    raise UserError("no such customer")


@workflow
async def again(left: int) -> dict[str, Any]:
    """Emits what starts it."""
    if left == 0:
        return {"left": 0}
    return await events.emit("steps.done", {"left": left - 1})
