"""Parameters: inference, coercion, binding."""

from typing import Any, Literal, Optional

from bifrost import context, workflow


@workflow
async def echo(message: str = "hello", extra: dict | None = None) -> dict[str, Any]:
    """Gives back what it was given."""
    return {"message": message, "extra": extra}


@workflow
async def typed(
    text: str,
    count: int = 1,
    ratio: float = 0.5,
    flag: bool = False,
    items: list[str] | None = None,
    data: Optional[dict] = None,
    colour: Literal["red", "green"] = "red",
    untyped="x",
) -> dict[str, dict[str, Any]]:
    """Every kind of parameter; answers value and type of each."""
    values = {"text": text, "count": count, "ratio": ratio, "flag": flag, "items": items, "data": data,
              "colour": colour, "untyped": untyped}
    return {name: {"value": value, "type": type(value).__name__} for name, value in values.items()}


@workflow
async def keywords(first: int = 0, **rest: Any) -> dict[str, Any]:
    """`**kwargs` takes every parameter that has no name of its own."""
    return {"first": first, "rest": rest}


@workflow
async def undeclared(known: str = "") -> dict[str, Any]:
    """Parameters that are not in the signature are in `context.parameters` only."""
    return {"known": known, "all": context.parameters}
