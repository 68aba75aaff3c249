"""Decorators of the second generation: parameters come from the signature."""

from __future__ import annotations

from typing import Any, Literal, Optional

from bifrost import data_provider, tool, workflow


@workflow(
    id="0192f6a0-0000-7000-8000-000000000001",
    name="decorators_b",
    execution_mode="async",
    timeout_seconds=900,
    retry_policy=None,
    schedule=None,
    endpoint_enabled=False,
    allowed_methods=["GET", "POST"],
    disable_global_key=True,
    public_endpoint=False,
    is_tool=False,
    tool_description="Not one",
    time_saved=15,
    value=2.5,
)
async def decorators_b(
    userName: str,
    count: int,
    ratio: float = 0.5,
    force: bool = False,
    tags: list[str] | None = None,
    options: Optional[dict] = None,
    tier: Literal["basic", "pro"] = "basic",
    anything=None,
    **others: Any,
) -> dict[str, Any]:
    """Every kind of parameter.

    And a second line."""
    return {
        "userName": userName, "count": count, "ratio": ratio, "force": force, "tags": tags, "options": options,
        "tier": tier, "anything": anything, "others": others,
    }  # fmt: skip


@workflow(schedule="0 9 * * *")
async def daily_b(days: int = 1) -> int:
    return days


@workflow(
    name="endpoint_b",
    execution_mode="async",
    endpoint_enabled=True,
    allowed_methods=["GET", "POST"],
    public_endpoint=True,
)
async def endpoint_b(number: int) -> int:
    return number + 1


@data_provider(name="choices_b", description="Domains of an organization", category="legacy", cache_ttl_seconds=300)
async def choices_b(org_id: str = "", domain: str = "") -> list[dict[str, str]]:
    return [{"label": f"{domain}{n}", "value": str(n)} for n in range(2)] if org_id else []


@tool(name="tool_b", description="Adds two numbers")
async def tool_b(a: int, b: Optional[int] = None) -> int:
    return a + (b or 0)
