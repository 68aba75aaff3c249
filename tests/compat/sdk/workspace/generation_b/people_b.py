"""People with `org_id`."""

from bifrost import roles, users, workflow


@workflow(name="people_b")
async def people_b(organization: str) -> None:
    made = await users.create("bob@b.example", "Bob", False, organization)
    assert (await users.get("bob@b.example", org_id=organization)).id == made.id
    assert made.id in [one.id for one in await users.list(org_id=organization, include_inactive=True)]
    assert await users.get("nobody@b.example") is None
    assert isinstance(await roles.list(), list)
