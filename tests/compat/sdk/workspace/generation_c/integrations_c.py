"""Integrations with `scope`."""

from bifrost import context, integrations, workflow


@workflow
async def integrations_c(organization: str) -> None:
    assert await integrations.get("no such integration") is None
    assert await integrations.list_mappings("no such integration") is None
    made = await integrations.upsert_mapping("Compat", organization, "c-1", "Contoso", {"region": "us"})
    assert (made.entity_id, made.config["region"]) == ("c-1", "us")
    data = await integrations.get("Compat", scope=organization, oauth_scope="read")
    assert (data.entity_id, data.entity_name, data.config["region"]) == ("c-1", "Contoso", "us")
    assert data.config_secret_keys == ["api_key"] and data.config["api_key"] == "key-of-compat"
    assert data.oauth.access_token and data.oauth.client_secret and data.oauth.expires_at
    await data.oauth.refresh()
    assert data.oauth.access_token
    assert (await integrations.get("Compat", context.org_id)).entity_id is None
    assert (await integrations.get_mapping("Compat", scope=organization)).entity_name == "Contoso"
    assert (await integrations.get_mapping("Compat", entity_id="c-1")).organization_id == organization
    assert [one.entity_id for one in await integrations.list_mappings("Compat", scope="global")] == ["c-1"]
    assert await integrations.delete_mapping("Compat", organization) is True
    assert await integrations.delete_mapping("Compat", organization) is False
    assert await integrations.get_mapping("Compat", scope=organization) is None
