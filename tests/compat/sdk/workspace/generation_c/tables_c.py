"""Documents."""

from bifrost import context, tables, workflow


@workflow
async def tables_c(organization: str) -> None:
    info = await tables.create("compat_c", "Things", {"properties": {"n": {"type": "integer"}}}, None, None)
    assert "compat_c" in [one.name for one in await tables.list(scope=context.org_id)]
    one = await tables.insert("compat_c", {"n": 1, "who": {"town": "Paris"}}, id="one", created_by="me")
    assert (one.id, one.data["n"], one.version) == ("one", 1, 1)
    assert (await tables.upsert("compat_c", "one", {"n": 2, "who": {"town": "Paris"}, "tags": ["a"]})).version == 2
    assert (await tables.update("compat_c", "one", {"more": None})).data["n"] == 2
    assert (await tables.get("compat_c", "one", scope=context.org_id)).data["more"] is None
    assert await tables.get("compat_c", "nobody") is None
    many = await tables.insert_batch("compat_c", [{"id": f"m{n}", "data": {"n": n}} for n in range(5)])
    assert many.count == 5 and many.documents[4].data == {"n": 4}
    assert (await tables.upsert_batch("compat_c", [{"id": "m0", "data": {"n": 10}}])).documents[0].version == 2

    async def ids(where: dict) -> list[str]:
        return [one.id for one in (await tables.query("compat_c", where, order_by="n")).documents]

    assert await ids({"n": 2}) == await ids({"n": {"eq": 2}}) == ["m2", "one"]
    assert await ids({"n": {"ne": 2}, "who": {"is_null": True}}) == ["m1", "m3", "m4", "m0"]
    assert await ids({"who.town": {"contains": "ari"}}) == await ids({"who.town": {"starts_with": "Pa"}}) == ["one"]
    assert await ids({"who.town": {"ends_with": "is"}}) == await ids({"who": {"has_key": "town"}}) == ["one"]
    assert await ids({"n": {"gt": 2, "lt": 4}}) == ["m3"] and await ids({"n": {"gte": 4, "lte": 10}}) == ["m4", "m0"]
    assert await ids({"n": {"in": [1, 3]}}) == await ids({"n": {"in_": [1, 3]}}) == ["m1", "m3"]
    page = await tables.query("compat_c", order_by="n", order_dir="desc", limit=2, offset=1, scope=context.org_id)
    assert ([one.id for one in page.documents], page.total, page.limit, page.offset) == (["m4", "m3"], 6, 2, 1)
    assert await tables.count("compat_c", {"n": {"gte": 3}}) == 3
    assert await tables.delete_document("compat_c", "m1") is True
    gone = await tables.delete_batch("compat_c", ["m2", "m3", "nobody"])
    assert (gone.deleted_ids, gone.count) == (["m2", "m3"], 2)

    await tables.insert("made_by_itself", {"x": 1}, scope=organization)
    assert await tables.count("made_by_itself", scope=organization) == 1
    assert await tables.count("made_by_itself") == 0
    assert await tables.delete(info.id) is True
