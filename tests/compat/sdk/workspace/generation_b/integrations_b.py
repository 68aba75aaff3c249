"""Integrations with `org_id`."""

from bifrost import context, integrations, workflow


@workflow(name="integrations_b")
async def integrations_b(organization: str) -> None:
    data = await integrations.get("Compat", org_id=context.org_id)
    assert data.config["base_url"] and data.oauth.client_id, data
    made = await integrations.upsert_mapping("Compat", org_id=organization, entity_id="b-1", entity_name="B")
    assert made.entity_id == "b-1" and made.organization_id == organization
    assert (await integrations.get_mapping("Compat", org_id=organization)).entity_name == "B"
    assert "b-1" in [one.entity_id for one in await integrations.list_mappings("Compat")]
    assert await integrations.delete_mapping("Compat", org_id=organization)
