"""Everything that tables and files can do, from a workflow."""

from typing import Any

from bifrost import ConflictError, NotFoundError, NotSupported, agents, email, files, storage, tables, workflow


@workflow
async def every_table_call() -> dict[str, Any]:
    """Answers what each call said."""
    said: dict[str, Any] = {}
    schema = {"required": ["name"], "properties": {"name": {"type": "string"}}}
    made = await tables.create("people", description="Who", table_schema=schema)
    said["create"] = [made.name, made.table_schema == schema, made.document_count]
    try:
        await tables.insert("people", {"name": 1})
    except Exception as error:
        said["schema"] = [type(error).__name__, str(error)]
    ada = await tables.insert("people", {"name": "Ada", "seats": 2}, id="ada")
    said["insert"] = [ada.id, ada.version, ada.data]
    try:
        await tables.insert("people", {"name": "Ada"}, id="ada")
    except ConflictError as error:
        said["taken"] = error.code
    said["upsert"] = (await tables.upsert("people", "ada", {"name": "Ada", "seats": 3})).version
    said["update"] = (await tables.update("people", "ada", {"town": "London"}, if_version=2)).data
    try:
        await tables.update("people", "ada", {"town": "Paris"}, if_version=2)
    except ConflictError as error:
        said["stale"] = error.code
    said["get"] = (await tables.get("people", "ada")).data["town"]
    said["nobody"] = [await tables.get("people", "eve"), await tables.update("people", "eve", {"name": "Eve"})]
    many = [{"id": f"p{n}", "data": {"name": f"P{n}", "seats": n}} for n in range(10)]
    said["insert_batch"] = (await tables.insert_batch("people", many)).count
    said["upsert_batch"] = [one.version for one in (await tables.upsert_batch("people", many[:2])).documents]
    page = await tables.query("people", {"seats": {"gte": 3}}, order_by="seats", order_dir="desc", limit=2, offset=1)
    said["query"] = [[one.id for one in page.documents], page.total, page.limit, page.offset]
    said["count"] = [await tables.count("people"), await tables.count("people", {"name": {"starts_with": "P"}})]
    said["delete_document"] = [await tables.delete_document("people", one) for one in ("p0", "p0")]
    said["delete_batch"] = (await tables.delete_batch("people", ["p1", "p2", "x"])).deleted_ids
    await tables.insert("made_by_a_document", {})
    said["list"] = [one.name for one in await tables.list()]
    said["delete"] = [await tables.delete("people"), await tables.delete("people")]
    said["gone"] = [(await tables.query("people")).total, await tables.count("people")]
    return said


@workflow
async def every_file_call() -> dict[str, Any]:
    """Answers what each call said."""
    said: dict[str, Any] = {}
    await files.write("2026/june.txt", "ä", location="reports")
    said["read"] = await files.read("2026/june.txt", location="reports")
    large = bytes(range(256)) * (20 << 10)
    await files.write_bytes("large.bin", large, location="reports")
    said["large"] = await files.read_bytes("large.bin", location="reports") == large
    said["list"] = [await files.list(location="reports"), await files.list("2026", location="reports")]
    said["parts"] = await files.list(location="temp")
    said["exists"] = [await files.exists(path, location="reports") for path in ("2026/june.txt", "2026")]
    said["delete"] = [await files.delete("large.bin", location="reports") for _ in range(2)]
    try:
        await files.read("large.bin", location="reports")
    except NotFoundError as error:
        said["missing"] = str(error)
    said["up"] = await files.get_signed_url("in.csv", content_type="text/csv")
    said["down"] = await files.get_signed_url("2026/june.txt", method="GET", location="reports")
    said["workspace"] = [
        (await files.read("data/note.txt")).strip(),
        await files.list("data"),
        await files.exists("flows.py"),
        [(one.path, one.line) for one in await files.search("a line to be found", include_pattern="data/*")],
    ]
    refused = []
    for path, location in (("../x", "reports"), ("/x", "reports"), ("a\\b", "reports"), ("x", "workspace"), ("x", "..")):
        try:
            await files.write(path, "x", location=location)
        except Exception as error:
            refused.append(type(error).__name__)
    said["refused"] = refused
    return said


@workflow
async def uploaded() -> str:
    """What somebody has sent to the signed address."""
    return await files.read("in.csv", location="uploads")


@workflow
async def what_there_is_not() -> list[str]:
    """What modules that are not supported say."""
    said = []
    for call in (agents.run("x"), email.send(to="a@b.c"), storage.upload("x")):
        try:
            await call
        except NotSupported as error:
            said.append(str(error))
    return said


@workflow
async def leave_the_scope(scope: str) -> list[str]:
    """Names somebody else's organization."""
    said = []
    for call in (
        lambda: tables.query("people", scope=scope),
        lambda: tables.insert("people", {}, scope=scope),
        lambda: files.list(location="reports", scope=scope),
        lambda: files.get_signed_url("a", scope=scope),
    ):
        try:
            await call()
            said.append("done")
        except PermissionError:
            said.append("PermissionError")
    return said
