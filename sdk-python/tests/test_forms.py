"""Forms and what roles may use: what is asked of the platform, and the shapes of its answers."""

from typing import Any

import pytest

from bifrost import FormPublic, NotFoundError, context, forms, roles
from bifrost.testing import run_workflow

FORM = {
    "id": "f1",
    "name": "Order",
    "workflow_id": "w1",
    "workflow_name": "hello",
    "access_level": "role_based",
    "form_schema": {"fields": [{"name": "name", "type": "text"}]},
}


class Api:
    """Remembers what it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, operation: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((operation, arguments))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def run(body: Any, answer: Any = None, **context_fields: Any) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    api = Api(answer)
    return run_workflow(body, api=api, context=context_fields), api.asked


def test_forms_are_objects() -> None:
    async def body() -> Any:
        return await forms.list()

    (form,), asked = run(body, [FORM])
    assert isinstance(form, FormPublic)
    assert (form.name, form.access_level, form.workflow_name) == ("Order", "role_based", "hello")
    assert form.form_schema == {"fields": [{"name": "name", "type": "text"}]}
    assert asked == [("forms.list", {"scope": None})]


def test_a_form_that_is_not_there_is_a_value_error() -> None:
    async def body() -> Any:
        return await forms.get("f1")

    form, asked = run(body, FORM)
    assert form.id == "f1"
    assert asked == [("forms.get", {"form_id": "f1", "scope": None})]
    with pytest.raises(ValueError, match="form not found"):
        run(body, NotFoundError("form not found"))
    with pytest.raises(PermissionError):
        run(body, PermissionError("no"))


def test_roles_have_forms() -> None:
    async def body() -> Any:
        await roles.assign_forms("r1", ["f1", "f2"])
        return await roles.list_forms("r1")

    result, asked = run(body, ["f1", "f2"])
    assert result == ["f1", "f2"]
    assert asked == [
        ("roles.assign_forms", {"role_id": "r1", "form_ids": ["f1", "f2"], "scope": None}),
        ("roles.list_forms", {"role_id": "r1", "scope": None}),
    ]


def test_what_the_launch_workflow_returned_is_there() -> None:
    async def body() -> Any:
        return (context.startup or {}).get("vip")

    assert run(body, startup={"vip": True})[0] is True
    assert run(body)[0] is None
