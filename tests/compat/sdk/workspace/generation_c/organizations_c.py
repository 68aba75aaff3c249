"""Tenants, from their beginning to their end."""

from bifrost import organizations, workflow


@workflow
async def organizations_c() -> None:
    made = await organizations.create("Compat C", domain="c.example", is_active=True)
    assert (await organizations.get(made.id)).domain == "c.example"
    assert (await organizations.update(made.id, name="Compat D")).name == "Compat D"
    assert "Compat D" in [one.name for one in await organizations.list()]
    assert await organizations.delete(made.id) is True
    assert (await organizations.get(made.id)).is_active is False
    assert await organizations.delete("00000000-0000-7000-8000-000000000000") is False
