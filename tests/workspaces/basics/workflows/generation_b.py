"""Decorators of the second and third generation, and arguments that nobody knows."""

from typing import Any, Optional

from bifrost import context, data_provider, tool, workflow


@workflow(
    name="generation_b",
    schedule="0 9 * * *",
    execution_mode="async",
    timeout_seconds=120,
    is_tool=False,
    time_saved=15,
    value=2.5,
    some_future_argument="ignored",
)
async def generation_b() -> dict[str, Any]:
    """Second generation: `context` is imported."""
    return {"org": context.org_id, "workflow": context.workflow_name}


@data_provider(name="generation_b_choices", description="Choices", cache_ttl_seconds=300, category="legacy")
async def choices(org_id: str = "", domain: str = "") -> list[dict[str, str]]:
    """Cascading parameters."""
    return [{"label": f"{org_id}/{domain}/{n}", "value": str(n)} for n in range(3)]


@tool(description="Adds two numbers")
async def add(a: int, b: Optional[int] = None) -> int:
    """A tool for agents."""
    return a + (b or 0)


@workflow
async def bare() -> str:
    """A bare decorator."""
    return "bare"


@workflow()
async def called() -> str:
    """A decorator without arguments."""
    return "called"
