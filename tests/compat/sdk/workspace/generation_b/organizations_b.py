"""Tenants."""

from bifrost import organizations, workflow


@workflow(name="organizations_b")
async def organizations_b(organization: str) -> list:
    assert (await organizations.get(organization)).is_active
    try:
        await organizations.get("00000000-0000-7000-8000-000000000000")
    except ValueError:
        pass
    else:
        raise AssertionError("there is no such organization")
    return [one.name for one in await organizations.list()]
