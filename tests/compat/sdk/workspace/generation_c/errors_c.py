"""How runs fail."""

import httpx

from bifrost import (
    ConfigurationError,
    IntegrationError,
    UserError,
    ValidationError,
    WorkflowError,
    api,
    organizations,
    tables,
    workflow,
)

KINDS = {kind.__name__: kind for kind in (UserError, WorkflowError, ValidationError, IntegrationError, ConfigurationError)}


@workflow
async def errors_c(kind: str) -> None:
    raise KINDS[kind](f"this is a {kind}")


@workflow
async def caught_c() -> list:
    """The statuses of calls that fail, as code has it that was written for HTTP."""

    async def twice() -> None:
        await tables.create("caught_twice")
        await tables.create("caught_twice")

    statuses = []
    for call in (
        lambda: organizations.get("01990000-0000-7000-8000-000000000000"),
        twice,
        lambda: api.post("/api/keys", json={"email": "x", "name": "k", "role": "org_user"}),
        lambda: tables.create("no name of a table"),
    ):
        try:
            await call()
        except httpx.HTTPStatusError as error:
            assert error.request.url.host == "bifrost" and error.response.json()["detail"], error
            statuses.append(error.response.status_code)
    return statuses


@workflow
async def models_c() -> list:
    """The kinds of values that `from bifrost import` has."""
    import bifrost
    import bifrost.models

    assert all(issubclass(kind, WorkflowError) for kind in (ValidationError, IntegrationError, ConfigurationError))
    assert bifrost.models.IntegrationMapping is bifrost.IntegrationMappingResponse
    assert bifrost.OrganizationContext is bifrost.ExecutionContext
    return [bifrost.__version__, bifrost.FormFieldType.MULTI_SELECT, bifrost.ExecutionStatus("Stuck")]
