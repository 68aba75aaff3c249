"""Decorators of the first generation."""

from bifrost import param, workflow


@workflow(
    name="decorators_a",
    description="Makes a mailbox",
    category="user_management",
    tags=["m365", "mail"],
    execution_mode="sync",
    timeout_seconds=120,
    retry_policy={"max_attempts": 3},
    schedule=None,
    endpoint_enabled=True,
    allowed_methods=["POST"],
    disable_global_key=False,
    public_endpoint=False,
)
@param("email", type="email", label="Address", required=True, validation={"pattern": ".+@.+"}, help_text="Whose it is")
@param("license", type="string", label="License", data_provider="choices_b", default_value="E3")
@param("size", type="int", label="Size in GB", required=False, default_value=50)
async def decorators_a(context, email, license="E3", size: int = 50):
    assert (email, license, size) == ("ada@example.com", "E3", 100), (email, license, size)
    return {"org": context.org_id, "size": size}


@workflow(name="launch_a", description="Flags of a form")
async def launch_a(context):
    return {"is_admin": context.is_platform_admin, "has_parameters": bool(context.parameters)}
