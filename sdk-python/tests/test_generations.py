"""What older workspaces use, and what they import although it is not there."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bifrost import NotFoundError, NotSupported, ai, files, integrations, knowledge, organizations, roles, users
from bifrost.client import BifrostClient, get_client
from bifrost.models import IntegrationMapping, IntegrationMappingResponse
from bifrost.testing import run_workflow


class Api:
    """Answers each operation with what it was given, and remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []

    def __call__(self, operation: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((operation, arguments))
        answer = self.answers[operation.replace(".", "_")]
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(body: Any, **answers: Any) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    api = Api(**answers)
    return run_workflow(body, api=api), api.asked


def test_files_with_and_without_await(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("ä", encoding="utf-8")

    async def body() -> Any:
        text, content, paths, there = files.read("a.txt"), files.read_bytes("a.txt"), files.list(), files.exists("a.txt")
        assert (text, content, paths, there, files.exists("b")) == ("ä", b"\xc3\xa4", ["a.txt"], True, False)
        assert isinstance(text, str) and json.dumps([text, paths]) == '["\\u00e4", ["a.txt"]]' and repr(there) == "True"
        plain = [await text, await content, await paths, await there]
        assert [type(value) for value in plain] == [str, bytes, list, bool]
        assert await asyncio.gather(files.read("a.txt"), asyncio.create_task(files.read("a.txt"))) == ["ä", "ä"]
        async with asyncio.timeout(1), asyncio.TaskGroup() as group:
            task = group.create_task(files.exists("a.txt"))
        assert task.result() is True
        with pytest.raises(FileNotFoundError):
            files.read("b.txt")
        return await asyncio.wait_for(files.list(), 1)

    assert run(body)[0] == ["a.txt"]


def test_writing_a_file_is_done_at_once() -> None:
    async def body() -> Any:
        files.write("a", "x", location="reports")
        return await files.write("a", "x", location="reports")

    result, asked = run(body, files_write=None)
    assert result is None and len(asked) == 2


def test_what_is_not_there_says_what_is_instead() -> None:
    async def body() -> list[str]:
        said = []
        for call in (ai.complete("x", temperature=1), knowledge.search("x"), get_client().get("/x")):
            with pytest.raises(NotSupported) as raised:
                await call
            said.append(str(raised.value))
        with pytest.raises(NotSupported, match=r"bifrost\.ai\.stream"):
            async for _ in ai.stream("x"):
                pass
        return said

    said, _ = run(body)
    assert "httpx" in said[0] and "tables" in said[1] and isinstance(get_client(), BifrostClient)
    assert IntegrationMapping is IntegrationMappingResponse


def test_scopes_by_their_older_name() -> None:
    mapping = {"id": "m", "integration_id": "i", "organization_id": "o", "entity_id": "e"}

    async def body() -> None:
        await integrations.get("crm", org_id="o")
        await integrations.upsert_mapping("crm", org_id="o", entity_id="e")
        await integrations.get_mapping("crm", org_id="global")
        await integrations.delete_mapping("crm", org_id="o")
        await integrations.list_mappings("crm")

    _, asked = run(
        body, integrations_get={"integration_id": "i"}, integrations_upsert_mapping=mapping,
        integrations_get_mapping=mapping, integrations_delete_mapping=True, integrations_list_mappings=[mapping],
    )  # fmt: skip
    assert [arguments["scope"] for _, arguments in asked] == ["o", "o", "global", "o", None]


def test_people_and_roles_are_changed() -> None:
    person, role = {"id": "u", "email": "a@b.c"}, {"id": "r", "name": "helpers"}

    async def body() -> list[Any]:
        await users.update("u", name="Ada")
        made = await roles.create("helpers", "They help", ["executions.read"])
        await roles.update(made.id, description="x")
        await roles.assign_users("r", ["u"])
        return [await users.delete("a@b.c"), await roles.list_users("r"), await roles.delete("r")]

    result, asked = run(
        body, users_update=person, roles_create=role, roles_update=role, roles_assign_users=["u"],
        roles_list_users=["u"], roles_delete=NotFoundError("role not found"),
    )  # fmt: skip
    assert result == [True, ["u"], False]
    assert asked[0] == ("users.update", {"user": "u", "name": "Ada", "scope": None})
    assert asked[1][1] == {
        "name": "helpers", "description": "They help", "permissions": ["executions.read"], "scope": None,
    }  # fmt: skip
    assert asked[4] == ("users.update", {"user": "a@b.c", "is_active": False, "scope": None})


def test_an_organization_is_suspended() -> None:
    async def body() -> bool:
        return await organizations.delete("o")

    result, asked = run(body, organizations_update={"id": "o", "is_active": False})
    assert result is True and asked == [("organizations.update", {"org_id": "o", "is_active": False})]
    assert run(body, organizations_update=NotFoundError("organization not found"))[0] is False
