"""Settings, as the first generation had them."""

from bifrost import config, workflow


@workflow(name="config_a", description="Settings")
async def config_a(context):
    await config.set("compat_a", {"n": 1}, context.org_id)
    assert await config.get("compat_a", context.org_id) == {"n": 1}
    assert (await config.list(context.org_id)).compat_a == {"n": 1}
    assert await config.delete("compat_a", context.org_id)
    assert await config.get("compat_a", context.org_id, "gone") == "gone"
