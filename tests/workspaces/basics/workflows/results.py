"""What a workflow can return."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from bifrost import context, workflow

KINDS: dict[str, Any] = {
    "text": "plain",
    "html": "  <p>html</p>",
    "empty": "",
    "int": 42,
    "float": 1.5,
    "bool": True,
    "none": None,
    "list": [1, "two", None],
    "nested": {"a": {"b": [{"c": "ü 🎈 \u2028"}]}},
    "big_int": 2**70,
    "tuple": (1, 2),
    "set": {1},
    "bytes": b"raw",
    "nan": float("nan"),
    "datetime": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "decimal": Decimal("1.10"),
    "int_keys": {1: "one"},
    "object": object(),
}


@workflow
async def result(kind: Literal["text", "html", "empty", "int", "float", "bool", "none", "list", "nested", "big_int",
                               "tuple", "set", "bytes", "nan", "datetime", "decimal", "int_keys", "object"] = "text") -> Any:
    """Returns a value of that kind."""
    return KINDS[kind]


@workflow
async def unsuccessful(error: str = "two of five failed") -> dict[str, Any]:
    """CompletedWithErrors."""
    return {"success": False, "error": error, "done": 3}


@workflow
async def circular() -> list[Any]:
    """A list that holds itself."""
    items: list[Any] = [1]
    items.append(items)
    return items


@workflow
async def roi(minutes: int = 15, value: float = 12.5) -> str:
    """Says what the run was worth."""
    context.roi.time_saved = minutes
    context.roi.value = value
    return "saved"
