"""String annotations: inference must resolve them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from bifrost import ExecutionContext, workflow

if TYPE_CHECKING:
    from collections.abc import Sequence


@workflow
async def future_annotations(count: int, flag: bool = False, mode: Literal["a", "b"] = "a") -> dict[str, Any]:
    """`"3"` arrives as 3."""
    return {"count": count, "flag": flag, "mode": mode, "type": type(count).__name__}


@workflow
async def future_context(ctx: ExecutionContext, count: int = 1) -> dict[str, Any]:
    """The context is passed by annotation, also when that is a string."""
    return {"execution_id": ctx.execution_id, "count": count}


@workflow
async def unresolvable(count: int = 1, items: Sequence[str] = ()) -> dict[str, Any]:
    """One annotation cannot be resolved at run time; the others still count."""
    return {"count": count, "type": type(count).__name__, "items": list(items)}
