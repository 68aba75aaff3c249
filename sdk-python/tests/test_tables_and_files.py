"""Tables, files and what there is not: what is asked of the platform, and the shapes of its answers."""

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from bifrost import (
    BatchDeleteResult,
    BatchResult,
    ConflictError,
    DocumentData,
    DocumentList,
    NotFoundError,
    NotSupported,
    TableInfo,
    agents,
    context,
    email,
    files,
    storage,
    tables,
)
from bifrost.agents import AgentPausedError
from bifrost.testing import run_workflow

DOCUMENT = {
    "id": "a",
    "table_id": "0199",
    "data": {"n": 1},
    "version": 3,
    "created_by": None,
    "updated_by": "u",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-02T00:00:00Z",
}


class Api:
    """Remembers what it was asked, and answers what it was given for each operation."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, operation: str, arguments: dict[str, Any]) -> Any:
        self.asked.append((operation, arguments))
        answer = self.answers[operation.replace(".", "_")]
        if isinstance(answer, Exception):
            raise answer
        return answer(arguments) if callable(answer) else answer


def run(body: Any, **answers: Any) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    asked = Api(**answers)
    result = run_workflow(body, api=asked, context={"public_url": "https://b.example/"})
    return result, asked.asked


def test_a_document_is_an_object_with_its_version() -> None:
    async def body() -> Any:
        return await tables.insert("t", {"n": 1}, id="a", created_by="somebody")

    made, asked = run(body, tables_insert={"documents": [DOCUMENT]})
    assert isinstance(made, DocumentData)
    assert (made.id, made.data, made.version, made.updated_by) == ("a", {"n": 1}, 3, "u")
    assert asked == [("tables.insert", {"table": "t", "documents": [{"id": "a", "data": {"n": 1}}], "scope": None})]


def test_a_version_is_asked_for_where_it_is_named() -> None:
    async def body() -> Any:
        await tables.upsert("t", "a", {"n": 1}, if_version=0)
        await tables.upsert("t", "a", {"n": 1})
        await tables.upsert_batch("t", [{"id": "a", "data": {"n": 1}, "if_version": 3}, {"id": "b", "data": {}}])
        return [await tables.delete_document("t", "a", if_version=3), await tables.delete_document("t", "b")]

    gone, asked = run(
        body,
        tables_upsert={"documents": [DOCUMENT]},
        tables_delete_documents=lambda arguments: {"deleted_ids": arguments["doc_ids"]},
    )
    assert gone == [True, True]
    said = [arguments.get("documents", arguments) for _, arguments in asked]
    assert said == [
        [{"id": "a", "data": {"n": 1}, "if_version": 0}],
        [{"id": "a", "data": {"n": 1}}],
        [{"id": "a", "data": {"n": 1}, "if_version": 3}, {"id": "b", "data": {}}],
        {"table": "t", "doc_ids": ["a"], "if_version": 3, "scope": None},
        {"table": "t", "doc_ids": ["b"], "scope": None},
    ]


def test_a_delete_that_comes_too_late_is_a_conflict() -> None:
    async def body() -> Any:
        return await tables.delete_document("t", "a", if_version=1)

    conflict = {"conflict": {"code": "version_changed", "message": "version 2 by now"}}
    with pytest.raises(ConflictError, match="version 2 by now"):
        run(body, tables_delete_documents=conflict)


def test_queries_say_what_they_mean_and_answer_pages() -> None:
    async def body() -> Any:
        where = {"status": "open", "n": {"gte": 1, "in_": [1, 2]}}
        return await tables.query("t", where=where, order_by="n", order_dir="desc", limit=10, offset=5, scope="global")

    page, asked = run(body, tables_query={"documents": [DOCUMENT], "total": 6, "limit": 10, "offset": 5})
    assert isinstance(page, DocumentList)
    assert (page.total, page.limit, page.offset, page.documents[0].id) == (6, 10, 5, "a")
    assert asked[0][1]["where"] == {"status": "open", "n": {"gte": 1, "in_": [1, 2]}}
    assert asked[0][1]["scope"] == "global"


def test_the_scope_of_the_context_is_meant() -> None:
    async def body() -> Any:
        context.set_scope(None)
        return await tables.list()

    def answer(operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "context.set_scope":
            return None
        assert arguments == {"scope": "global"}
        return [{"id": "1", "name": "t", "document_count": 2, "later": True}]

    fields = {"is_platform_admin": True}
    (table,) = run_workflow(body, api=answer, context=fields)
    assert isinstance(table, TableInfo)
    assert (table.name, table.document_count, table.later) == ("t", 2, True)


def test_what_is_not_there_is_nothing() -> None:
    async def body() -> Any:
        return [
            await tables.get("t", "a"),
            await tables.update("t", "a", {}),
            await tables.delete_document("t", "a"),
            await tables.delete("t"),
            await tables.count("t"),
            (await tables.query("t", limit=7)).model_dump(),
            (await tables.delete_batch("t", ["a"])).count,
        ]

    missing = NotFoundError("table not found")
    names = ["get", "update", "delete_documents", "delete", "count", "query"]
    result, _ = run(body, **{f"tables_{name}": missing for name in names})
    empty = {"documents": [], "total": 0, "limit": 7, "offset": 0}
    assert result == [None, None, False, False, 0, empty, 0]


def test_batches_take_documents_with_and_without_ids() -> None:
    async def body() -> Any:
        written = await tables.insert_batch("t", [{"id": "a", "data": {"n": 1}}, {"n": 2}, {"data": 5}, {"id": "x"}])
        gone = await tables.delete_batch("t", ["a", "b"])
        return written, gone

    (written, gone), asked = run(
        body, tables_insert={"documents": [DOCUMENT]}, tables_delete_documents={"deleted_ids": ["a"]}
    )
    assert isinstance(written, BatchResult) and isinstance(gone, BatchDeleteResult)
    assert (written.count, written.documents[0].id, gone.count, gone.deleted_ids) == (1, "a", 1, ["a"])
    assert asked[0][1]["documents"] == [
        {"id": "a", "data": {"n": 1}},
        {"id": None, "data": {"n": 2}},
        {"id": None, "data": {"data": 5}},
        {"id": None, "data": {"id": "x"}},
    ]

    async def nameless() -> Any:
        return await tables.upsert_batch("t", [{"n": 1}])

    with pytest.raises(ValueError, match="needs an id"):
        run(nameless)


@pytest.mark.parametrize("code", ["already_exists", "version_changed", "table_full"])
def test_a_conflict_has_a_code(code: str) -> None:
    async def body() -> Any:
        return await tables.update("t", "a", {"n": 2}, if_version=1)

    with pytest.raises(ConflictError, match="by now") as raised:
        run(body, tables_update={"conflict": {"code": code, "message": "version 2 by now"}})
    assert raised.value.code == code


def test_there_are_no_apps() -> None:
    async def body() -> Any:
        return await tables.create("t", app="0199")

    with pytest.raises(NotSupported, match="leave `app` out"):
        run(body)


@pytest.mark.parametrize(
    ("module", "verb", "instead"),
    [
        (agents, "run", "workflows.execute"),
        (email, "send", "httpx"),
        (storage, "upload", "bifrost.files"),
    ],
)
def test_what_there_is_not_names_what_there_is(module: Any, verb: str, instead: str) -> None:
    async def body() -> Any:
        return await getattr(module, verb)("x", y=1)

    with pytest.raises(NotSupported, match=f"{verb}: not supported here.*{instead}"):
        run(body)
    assert issubclass(NotSupported, NotImplementedError) and issubclass(AgentPausedError, Exception)


CONTENT = bytes(range(256)) * (20 << 10)
"""5 MiB: more than one call takes."""


def test_files_are_read_in_pieces() -> None:
    def piece(arguments: dict[str, Any]) -> Any:
        offset = arguments["offset"]
        assert ("sha256" in arguments) == (offset > 0)
        part = base64.b64encode(CONTENT[offset : offset + (4 << 20)]).decode()
        return {"size": len(CONTENT), "sha256": "00", "content": part}

    async def body() -> Any:
        return await files.read_bytes("a/b.bin", location="uploads")

    content, asked = run(body, files_read=piece)
    assert content == CONTENT
    assert [one[1]["offset"] for one in asked] == [0, 4 << 20]


def test_a_file_that_is_written_meanwhile_is_read_again() -> None:
    answers = [
        {"size": 2, "sha256": "00", "content": base64.b64encode(b"a").decode()},
        {"conflict": {"code": "file_changed", "message": "written"}},
        {"size": 1, "sha256": "01", "content": base64.b64encode(b"c").decode()},
    ]

    async def body() -> Any:
        return await files.read("a", location="uploads")

    assert run(body, files_read=lambda _: answers.pop(0))[0] == "c"


def test_large_files_are_written_in_parts() -> None:
    async def body() -> Any:
        await files.write_bytes("a", CONTENT, location="reports")
        await files.write("b", "ä", location="reports")

    _, asked = run(body, files_write={})
    part, whole, small = (arguments for _, arguments in asked)
    assert part["location"] == "temp" and whole["parts"] == [part["path"]]
    written = base64.b64decode(part["content"]) + base64.b64decode(whole["content"])
    assert written == CONTENT
    assert (small["path"], base64.b64decode(small["content"]), small["parts"]) == ("b", "ä".encode(), [])


def test_lists_go_on_to_their_end() -> None:
    def page(arguments: dict[str, Any]) -> Any:
        return {"paths": ["a/2"], "next": None} if arguments["after"] == "a/1" else {"paths": ["a/1"], "next": "a/1"}

    async def body() -> Any:
        return await files.list("a", location="uploads")

    assert run(body, files_list=page)[0] == ["a/1", "a/2"]


def test_signed_addresses_are_whole() -> None:
    async def body() -> Any:
        return await files.get_signed_url("a.csv", content_type="text/csv")

    signed, asked = run(body, files_sign={"url": "/api/files/signed/x", "path": "a.csv", "expires_in": 600})
    assert signed == {"url": "https://b.example/api/files/signed/x", "path": "a.csv", "expires_in": 600}
    assert asked[0][1]["method"] == "PUT" and asked[0][1]["location"] == "uploads"


@pytest.fixture
def workspace(tmp_path: Path) -> Any:
    (tmp_path / "features" / "deep").mkdir(parents=True)
    (tmp_path / "a.py").write_text("one\nTwo two\n")
    (tmp_path / "features" / "b.txt").write_text("two")
    (tmp_path / "features" / "deep" / "c.py").write_bytes(b"\xff two")
    before = os.getcwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def test_the_workspace_is_read_and_searched(workspace: Path) -> None:
    async def body() -> Any:
        return [
            await files.read("a.py"),
            await files.list(),
            await files.list("features/"),
            await files.exists("features/b.txt"),
            await files.exists("features"),
            [(one.path, one.line, one.text) for one in await files.search("two")],
            [one.path for one in await files.search("Two", case_sensitive=True)],
            [one.path for one in await files.search("^t.o$", is_regex=True, include_pattern="features/**")],
            [one.path for one in await files.search("two", include_pattern="**/*.py")],
            [one.path for one in await files.search("two", include_pattern="*", max_results=1)],
        ]

    everything = ["a.py", "features/b.txt", "features/deep/c.py"]
    assert run(body)[0] == [
        "one\nTwo two\n",
        everything,
        everything[1:],
        True,
        False,
        [("a.py", 2, "Two two"), ("features/b.txt", 1, "two")],
        ["a.py"],
        ["features/b.txt"],
        ["a.py"],
        ["a.py"],
    ]


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../a", "a/../../b", "features/..", "./a.py", "a//b", "a\\b", "a\0", "a\n"]
)
def test_nothing_else_is_read(workspace: Path, path: str) -> None:
    async def body() -> Any:
        return await files.read(path)

    with pytest.raises(ValueError, match="not a relative path"):
        run(body)


def test_the_workspace_is_not_written() -> None:
    async def body() -> Any:
        await files.write("a.py", "x")

    refusal = ValueError("location: the workspace changes by a deploy only")
    with pytest.raises(ValueError, match="by a deploy only"):
        run(body, files_write=refusal)
