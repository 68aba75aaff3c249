"""Settings with `scope`."""

from bifrost import ConfigData, ConfigType, config, context, workflow


@workflow
async def config_c() -> str:
    await config.set("compat_c", [1, 2], False, context.org_id)
    await config.set("compat_c_secret", "not-to-be-seen", is_secret=True, scope=context.org_id)
    await config.set("compat_c_global", True, scope="global")
    assert await config.get("compat_c", "x", context.org_id) == [1, 2]
    assert await config.get("compat_c_global", scope="global") is True
    assert await config.get("no such key") is None and await config.get("no such key", default=3) == 3
    listed = await config.list(scope=context.org_id)
    assert isinstance(listed, ConfigData) and listed.compat_c == listed["compat_c"] == [1, 2]
    assert listed.compat_c_secret is None and listed.no_such_key is None
    assert (await config.types())["compat_c_secret"] is ConfigType.SECRET
    secret = await config.get("compat_c_secret")
    print(f"it is {secret}")
    gone = [await config.delete(key, scope=context.org_id) for key in ("compat_c", "compat_c_secret", "compat_c")]
    assert gone == [True, True, False] and await config.delete("compat_c_global", "global")
    return f"it is {secret}"
