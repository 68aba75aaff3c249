"""Settings with `org_id`."""

from bifrost import config, context, workflow


@workflow(name="config_b")
async def config_b() -> None:
    org_id = context.org_id
    await config.set("compat_b", "one", org_id=org_id)
    assert await config.get("compat_b", org_id=org_id, default="x") == "one"
    assert await config.get("compat_b", org_id, "x") == "one"
    assert await config.get("no such key", None, "x") == "x"
    assert (await config.list(org_id=org_id))["compat_b"] == "one"
    assert await config.delete("compat_b", org_id=org_id)
    assert not await config.delete("compat_b", org_id=org_id)
