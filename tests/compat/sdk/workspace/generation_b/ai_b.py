"""Models of language, with a temperature."""

from bifrost import NotSupported, ai, workflow


@workflow(name="ai_b")
async def ai_b() -> str:
    try:
        await ai.complete("Hello", temperature=0.2, org_id=None)
    except NotSupported as error:
        return str(error)
    raise AssertionError("there is none")
