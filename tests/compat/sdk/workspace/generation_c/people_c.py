"""People and their roles."""

from bifrost import context, roles, users, workflow


@workflow
async def people_c(organization: str) -> None:
    context.set_scope(organization)
    ada = await users.create("ada@c.example", "Ada", is_superuser=False, org_id=None, is_active=True)
    assert (await users.get(ada.id)).email == (await users.get("ADA@c.example")).email == "ada@c.example"
    assert (await users.update(ada.id, name="Ada L.")).name == "Ada L."
    assert ada.id in [one.id for one in await users.list()]

    helpers = await roles.create("helpers", "Who help", ["executions.read"])
    assert helpers.permissions == ["executions.read"]
    assert (await roles.get(helpers.id)).name == "helpers" and await roles.get(organization) is None
    assert (await roles.update(helpers.id, description="They help")).description == "They help"
    assert await roles.assign_users(helpers.id, [ada.id, "ada@c.example"]) == [ada.id, ada.id]
    assert await roles.list_users(helpers.id) == [ada.id]
    assert "helpers" in [one.name for one in await roles.list()]
    assert await roles.delete(helpers.id) is True and await roles.delete(helpers.id) is False

    assert await users.delete(ada.id) is True
    assert ada.id not in [one.id for one in await users.list(include_inactive=False)]
    assert (await users.get(ada.id)).is_active is False
    assert await users.delete("nobody@c.example") is False
