import enum
import warnings
from typing import Any, Literal, Optional

import pytest

from bifrost import ExecutionContext, data_provider, param, tool, workflow
from bifrost._inference import title


def parameters(function: Any) -> dict[str, dict[str, Any]]:
    return {parameter["name"]: parameter for parameter in function._executable_metadata.parameters}


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Model:
    pass


def test_bare_and_called_answer_the_function_itself() -> None:
    async def plain() -> None:
        """First line.

        More.
        """

    assert workflow(plain) is plain
    metadata = plain._executable_metadata  # type: ignore[attr-defined]
    assert (metadata.name, metadata.description, metadata.type) == ("plain", "First line.", "workflow")

    @workflow(name="Sync", description="d", category="C", tags=("a", "b"), is_tool=True)
    async def called() -> None: ...

    metadata = called._executable_metadata
    assert (metadata.name, metadata.category, metadata.tags, metadata.type) == ("Sync", "C", ["a", "b"], "tool")


def test_kinds() -> None:
    @tool
    async def one() -> None: ...

    @data_provider(name="List", cache_ttl_seconds=60)
    async def two() -> list: ...

    assert one._executable_metadata.type == "tool" and one._executable_metadata.is_tool
    assert two._executable_metadata.type == "data_provider"
    assert two._executable_metadata.defaults == {"cache_ttl_seconds": 60}


def test_registration_defaults_are_kept_and_unknown_arguments_warned_about() -> None:
    with pytest.warns(UserWarning, match="`colour`") as caught:

        @workflow(execution_mode="async", timeout_seconds=60, schedule="0 9 * * *", timezone="Europe/Berlin", retry_on_loss=False, colour="red")
        async def scheduled() -> None: ...

    assert caught[0].filename == __file__
    assert scheduled._executable_metadata.defaults == {
        "execution_mode": "async",
        "timeout_seconds": 60,
        "schedule": "0 9 * * *",
        "timezone": "Europe/Berlin",
        "retry_on_loss": False,
    }


def test_types_are_inferred() -> None:
    @workflow
    async def f(
        untyped,
        text: str,
        number: int = 3,
        ratio: float | None = None,
        flag: "bool" = False,
        names: list[str] = [],
        data: Optional[dict] = None,
        mode: Literal["a", "b"] = "a",
        level: Literal[1, 2, None] = None,
        colour: Colour = Colour.RED,
        model: Model | None = None,
        either: int | str = 1,
        pairs: tuple[int, ...] = (),
        **rest: Any,
    ) -> None: ...

    found = parameters(f)
    assert {name: parameter["type"] for name, parameter in found.items()} == {
        "untyped": "string",
        "text": "string",
        "number": "int",
        "ratio": "float",
        "flag": "bool",
        "names": "list",
        "data": "json",
        "mode": "string",
        "level": "int",
        "colour": "string",
        "model": "json",
        "either": "json",
        "pairs": "list",
    }
    assert [name for name, parameter in found.items() if parameter["required"]] == ["untyped", "text"]
    assert found["number"]["default_value"] == 3 and "default_value" not in found["names"]
    assert found["mode"]["options"] == [{"label": "a", "value": "a"}, {"label": "b", "value": "b"}]
    assert found["colour"]["default_value"] == "red"
    assert f._executable_metadata.accepts_kwargs


def test_the_context_is_not_a_parameter() -> None:
    @workflow
    async def named(context, a: int) -> None: ...

    @workflow
    async def annotated(ctx: ExecutionContext, a: int) -> None: ...

    @workflow
    async def text(ctx: "ExecutionContext", a: int) -> None: ...

    @workflow
    async def unresolved(ctx: "sdk.ExecutionContext", a: "sdk.Thing", b: "list[sdk.Thing]") -> None: ...  # noqa: F821

    for function in (named, annotated, text):
        assert list(parameters(function)) == ["a"]
    assert {name: p["type"] for name, p in parameters(unresolved).items()} == {"a": "json", "b": "list"}


@pytest.mark.parametrize(
    ("name", "label"),
    [("org_id", "Org Id"), ("orgId", "Org Id"), ("HTTPServer2", "HTTP Server2"), ("_", "_"), ("x", "X")],
)
def test_labels(name: str, label: str) -> None:
    assert title(name) == label


def test_declared_parameters_override_and_extend() -> None:
    @workflow(name="Old")
    @param("email", "email", label="E-mail", required=True, validation={"pattern": "@"}, help_text="Who?")
    @param("licence", type="string", data_provider="list_licences")
    async def below(context, email, **kwargs) -> None: ...

    @param("extra", "boolean", default_value=True)
    @workflow
    async def above(count: int) -> None: ...

    assert list(parameters(below)) == ["email", "licence"]
    assert parameters(below)["email"] == {
        "name": "email",
        "type": "string",
        "label": "E-mail",
        "required": True,
        "validation": {"pattern": "@"},
        "description": "Who?",
    }
    assert parameters(below)["licence"]["data_provider"] == "list_licences"
    assert parameters(above)["extra"]["type"] == "bool" and parameters(above)["count"]["type"] == "int"


def test_no_warning_for_known_arguments() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        @workflow(id="x", endpoint_enabled=True, allowed_methods=["POST"], time_saved=5, value=1.5)
        async def f() -> None: ...
