"""What this platform does not have: it can be imported, and says what to use instead."""

from bifrost import (
    AIResponse,
    AIStreamChunk,
    KnowledgeDocument,
    NamespaceInfo,
    NotSupported,
    agents,
    ai,
    knowledge,
    workflow,
)
from bifrost.agents import AgentPausedError
from bifrost.client import BifrostClient, get_client


async def refused(call) -> str:
    try:
        await call
    except NotSupported as error:
        assert isinstance(error, NotImplementedError)
        return str(error)
    raise AssertionError(f"{call} did something")


@workflow
async def ai_c() -> str:
    assert AIResponse and AIStreamChunk
    said = await refused(
        ai.complete(
            "Hi", messages=None, system="s", response_format=AIResponse, knowledge=["x"], max_tokens=5, org_id=None,
            model="m", timeout=3,
        )
    )  # fmt: skip
    await refused(ai.get_model_info())
    try:
        async for _ in ai.stream("Hi", system="s"):
            raise AssertionError("it streams")
    except NotSupported:
        return said
    raise AssertionError("it streams nothing")


@workflow
async def knowledge_c() -> str:
    assert KnowledgeDocument and NamespaceInfo
    for call in (
        knowledge.store("text", namespace="n", key="k", metadata={}, scope=None),
        knowledge.store_many([{"content": "x"}], namespace="n", scope=None, timeout=300),
        knowledge.search("q", namespace="n", limit=5, min_score=0.5, metadata_filter={}, scope=None, fallback=True),
        knowledge.get("k", namespace="n"),
        knowledge.delete("k", namespace="n"),
        knowledge.delete_namespace("n"),
    ):
        await refused(call)
    return await refused(knowledge.list_namespaces(None, include_global=True))


@workflow
async def agents_c() -> str:
    try:
        return await refused(agents.run("helper", {"q": 1}, output_schema={"type": "object"}, timeout=60))
    except AgentPausedError:
        raise AssertionError("nothing waits for an approval") from None


@workflow
async def client_c() -> str:
    client = get_client()
    assert isinstance(client, BifrostClient)
    return await refused(client.get("/api/x"))
