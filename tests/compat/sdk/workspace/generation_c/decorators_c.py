"""Decorators of the third generation: identity only, anything else is ignored with a warning."""

from bifrost import data_provider, tool, workflow


@workflow
async def decorators_c(name: str = "you") -> str:
    """Greets."""
    return f"Hello, {name}"


@workflow(name="decorators_c_unknown", category="New", tags=["one"], is_tool=True, something_new={"a": 1}, access="x")
async def unknown() -> str:
    return "loaded"


@tool(description="Answers a question")
async def tool_c(fields: dict, max_rows: int = 10, preview: bool = False) -> dict:
    return {"fields": fields, "max_rows": max_rows, "preview": preview}


@data_provider
async def choices_c() -> list:
    return ["one", {"label": "Two", "value": "2", "metadata": {"n": 2}}]


@workflow(name="endings_c")
async def endings_c(how: str):
    """What results are."""
    return {"html": " <b>x</b>", "text": "x", "errors": {"success": False, "errors": ["one"]}, "list": [1]}[how]
