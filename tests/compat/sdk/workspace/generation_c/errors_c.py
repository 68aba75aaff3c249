"""How runs fail."""

from bifrost import ConfigurationError, IntegrationError, UserError, ValidationError, WorkflowError, workflow

KINDS = {kind.__name__: kind for kind in (UserError, WorkflowError, ValidationError, IntegrationError, ConfigurationError)}


@workflow
async def errors_c(kind: str) -> None:
    raise KINDS[kind](f"this is a {kind}")


@workflow
async def models_c() -> list:
    """The kinds of values that `from bifrost import` has."""
    import bifrost
    import bifrost.models

    assert all(issubclass(kind, WorkflowError) for kind in (ValidationError, IntegrationError, ConfigurationError))
    assert bifrost.models.IntegrationMapping is bifrost.IntegrationMappingResponse
    assert bifrost.OrganizationContext is bifrost.ExecutionContext
    return [bifrost.__version__, bifrost.FormFieldType.MULTI_SELECT, bifrost.ExecutionStatus("Stuck")]
