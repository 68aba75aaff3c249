"""Events."""

from bifrost import context, events, workflow


@workflow
async def events_c() -> dict:
    told = await events.emit("compat.told", {"n": 1}, scope=context.org_id)
    assert told["event_id"] and told["subscribers_notified"] == 1, told
    return {"event_id": told["event_id"], "nobody": (await events.emit("compat.nobody", None))["subscribers_notified"]}


@workflow
async def heard_c(n: int) -> dict:
    event = context.event
    assert event.data == {"n": n} and event.organization_id == context.org_id and event.received_at
    return {"id": event.id, "type": event.type}
