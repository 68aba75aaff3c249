"""What workflows do with pydantic."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distributions, version
from typing import Any

from bifrost import workflow
from models import Closed, Customer, Line, Node, Page, Ticket
from pydantic import BaseModel, EmailStr, HttpUrl, TypeAdapter, ValidationError, create_model, validate_call

IMPORTED = set(sys.modules)


@workflow
def order(customer: Customer, lines: list[Line], note: str = "none", earlier: Ticket | None = None) -> dict[str, Any]:
    """Parameters are instances, results are their JSON."""
    return {
        "types": [type(customer).__name__, type(customer.id).__name__, type(lines[0]).__name__],
        "customer": customer,
        "total": sum(line.amount for line in lines),
        "secret": customer.token,
        "earlier": earlier,
        "note": note,
    }


@workflow
def features() -> dict[str, Any]:
    """Generics, unions, recursion, aliases, adapters, dumps."""
    page = Page[Ticket].model_validate_json('{"items": [{"number": "7", "event": {"kind": "closed", "reason": "done"}}]}')
    event = page.items[0].event
    tree = Node.model_validate({"value": 1, "children": [{"value": 2, "children": [{"value": "3"}]}]})
    made = create_model("Made", count=(int, 3))

    @validate_call
    def add(a: int, b: int) -> int:
        return a + b

    return {
        "closed": [isinstance(event, Closed), page.items[0].number],
        "deep": tree.children[0].children[0].value,
        "made": made(count="4").count,
        "added": add("1", 2),
        "adapter": TypeAdapter(dict[str, datetime]).validate_python({"a": "2026-11-26T10:00:00Z"})["a"] == datetime(2026, 11, 26, 10, tzinfo=UTC),
        "url": str(HttpUrl("https://bücher.example/a b")),
        "json": page.model_dump_json(),
        "copied": page.model_copy(update={"next": "n"}).next,
        "root": TypeAdapter(list[Line]).dump_python([Line("x", 2)], mode="json"),
        "value": HttpUrl("https://example.com"),
    }


@workflow
def schemas() -> dict[str, Any]:
    """JSON schemas, made in the run."""
    return {"customer": Customer.model_json_schema(mode="serialization"), "page": Page[Ticket].model_json_schema()}


@workflow
def errors() -> list[dict[str, Any]]:
    """What a validation error says."""
    try:
        Customer.model_validate({"id": "x", "customerName": 5, "since": "never", "address": {"street": "s", "city": "c"}, "more": 1})
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False)
    return []


@workflow
def uncaught() -> None:
    """Ends with pydantic's own error."""
    Ticket.model_validate({"number": "many", "event": {"kind": "lost"}})


@workflow
def endless() -> str:
    """A validator that calls itself."""

    class Loop(BaseModel):
        next: Any = None

        @classmethod
        def again(cls, value: Any) -> Any:
            return adapter.validate_python(value)

    from pydantic import BeforeValidator
    from typing import Annotated

    adapter: Any = TypeAdapter(Annotated[Any, BeforeValidator(Loop.again)])
    try:
        adapter.validate_python(1)
    except RecursionError as error:
        return type(error).__name__
    return "it ended"


@workflow
def nested(depth: int, as_json: bool) -> str:
    """Data of any depth ends with an error that can be caught."""
    value: dict[str, Any] = {"value": 1}
    try:
        if as_json:
            Node.model_validate_json('{"value": 1, "children": [' * depth + "]}" * depth)
        else:
            for _ in range(depth):
                value = {"value": 1, "children": [value]}
            Node.model_validate(value)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["type"]
    return "fits"


@workflow
def late() -> dict[str, Any]:
    """What was not imported when the workspace was loaded."""
    import pydantic.v1
    from pydantic import Field, TypeAdapter  # noqa: F401
    from pydantic.experimental.pipeline import validate_as

    return {
        "v1": pydantic.v1.VERSION[:2],
        "pipeline": callable(validate_as),
        "file": sys.modules["pydantic.main"].__file__,
        "new": sorted({name for name in set(sys.modules) - IMPORTED if name.startswith("pydantic") and "v1" not in name}),
    }


@workflow
def versions() -> dict[str, Any]:
    """What `importlib.metadata` knows of the packages."""
    try:
        missing = version("pydantic-nothing")
    except PackageNotFoundError as error:
        missing = type(error).__name__
    return {
        "pydantic": version("pydantic"),
        "core": [version("pydantic_core"), version("Pydantic.Core")],
        "all": sorted({found.name for found in distributions()}),
        "missing": missing,
        "matches": version("pydantic") == sys.modules["pydantic"].VERSION,
    }


@workflow
def email(address: str) -> str:
    """Needs email-validator, which the workspace brings or not."""

    class Person(BaseModel):
        mail: EmailStr

    return Person(mail=address).mail
