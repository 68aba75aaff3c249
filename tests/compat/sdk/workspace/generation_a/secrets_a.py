"""Secrets by `secrets`."""

from bifrost import secrets, workflow


@workflow(name="secrets_a", description="Secrets")
async def secrets_a(context):
    await secrets.set("compat_secret_a", "hush-hush", context.org_id)
    assert await secrets.get("compat_secret_a", context.org_id) == "hush-hush"
    assert await secrets.get("compat_secret_a") == "hush-hush"
    assert "compat_secret_a" in await secrets.list(context.org_id)
    assert await secrets.delete("compat_secret_a", context.org_id)
    assert await secrets.get("compat_secret_a") is None
