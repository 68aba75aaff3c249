"""`bifrost.api`: what is asked of the host, and what is made of its answer."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import pytest

from bifrost import api, context
from bifrost.http.messages import HTTPStatusError
from bifrost.testing import run_workflow


def run(body: Any, answer: dict[str, Any] | None = None, **fields: Any) -> tuple[Any, list[dict[str, Any]]]:
    asked: list[dict[str, Any]] = []

    def host(operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "context.set_scope":
            return None
        assert operation == "api.call"
        asked.append(arguments)
        return answer or {"status": 200, "headers": [["content-type", "application/json"]], "body": encoded({"a": 1})}

    return run_workflow(body, api=host, context=fields), asked


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


@pytest.fixture(autouse=True)
def no_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)


def test_a_request_is_what_was_written() -> None:
    async def body() -> Any:
        answers = [
            await api.get("/api/executions?status=Failed", params={"limit": 10, "none": None}),
            await api.post("/api/workflows/execute", json={"workflow_id": "ä"}, headers={"X-A": "1"}),
            await api.put("/api/files/content", params={"path": "a b"}, content=b"\x00\xff", timeout=5),
            await api.patch("/api/users/1", json={"name": "x"}),
            await api.delete("/api/schedules/1"),
        ]
        return [answer.json() for answer in answers]

    result, asked = run(body)
    assert result == [{"a": 1}] * 5
    assert [one["method"] for one in asked] == ["GET", "POST", "PUT", "PATCH", "DELETE"]
    assert [one["path"] for one in asked[:3]] == [
        "/api/executions?status=Failed&limit=10",
        "/api/workflows/execute",
        "/api/files/content?path=a+b",
    ]
    assert json.loads(base64.b64decode(asked[1]["body"])) == {"workflow_id": "ä"}
    assert ["Content-Type", "application/json"] in asked[1]["headers"] and ["X-A", "1"] in asked[1]["headers"]
    assert base64.b64decode(asked[2]["body"]) == b"\x00\xff"
    assert all(one["scope"] is None for one in asked)


def test_a_status_of_failure_is_an_answer() -> None:
    async def body() -> Any:
        response = await api.get("/api/executions/1")
        with pytest.raises(HTTPStatusError, match="404 for GET http://bifrost/api/executions/1.*not found"):
            response.raise_for_status()
        return response.status_code, response.headers["content-type"]

    answer = {"status": 404, "headers": [["content-type", "application/problem+json"]], "body": encoded("not found")}
    assert run(body, answer)[0] == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "arguments", "error"),
    [
        ("https://evil.example/api/x", {}, ValueError),
        ("executions", {}, ValueError),
        ("/metrics", {}, ValueError),
        (None, {}, ValueError),
        ("/api/x", {"json": 1, "data": {"a": 1}}, ValueError),
        ("/api/x", {"content": b"", "data": {"a": 1}}, ValueError),
        ("/api/x", {"auth": ("a", "b")}, TypeError),
    ],
)
def test_what_is_no_request_is_not_sent(path: Any, arguments: dict[str, Any], error: type[Exception]) -> None:
    async def body() -> Any:
        await api.get(path, **arguments)

    with pytest.raises(error):
        run(body)


def test_the_scope_is_that_of_the_context_or_its_own() -> None:
    async def body() -> Any:
        await api.get("/api/config", scope="o1")
        context.set_scope("o2")
        await api.get("/api/config")

    _, asked = run(body, is_platform_admin=True)
    assert [one["scope"] for one in asked] == ["o1", "o2"]


def test_where_there_is_httpx_the_answer_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    httpx = pytest.importorskip("httpx")

    async def body() -> Any:
        response = await api.post("/api/tables/t/query", json={"where": {}})
        with pytest.raises(httpx.HTTPStatusError):
            response.raise_for_status()
        return response

    answer = {"status": 403, "headers": [["content-type", "application/json"]], "body": encoded({"code": "denied"})}
    response, _ = run(body, answer)
    assert isinstance(response, httpx.Response) and response.json() == {"code": "denied"}
    assert str(response.request.url) == "http://bifrost/api/tables/t/query"
