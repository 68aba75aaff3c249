"""Connections by `oauth`."""

from bifrost import ConfigurationError, oauth, workflow


@workflow(name="oauth_a", description="Connections")
async def oauth_a(context):
    connection = await oauth.get("Compat", context.org_id)
    assert connection["access_token"] and connection["token_url"].endswith("/token"), connection
    assert await oauth.get("no such connection", org_id=context.org_id) is None
    assert (await oauth.refresh_token("Compat", context.org_id))["access_token"]
    assert "Compat" in await oauth.list_providers(context.org_id)
    gone = []
    for call in (oauth.set_token("Compat", {"access_token": "x"}), oauth.delete_token("Compat")):
        try:
            await call
        except ConfigurationError as error:
            gone.append(str(error))
    assert len(gone) == 2 and all("bifrost integrations connect" in text for text in gone)
