"""Decorators and signatures of the first generation (2025)."""

from typing import Any

from bifrost import param, workflow


@workflow(
    name="generation_a",
    description="First generation",
    category="legacy",
    tags=["old"],
    execution_mode="sync",
    timeout_seconds=60,
    retry_policy=None,
    endpoint_enabled=True,
    allowed_methods=["POST"],
    disable_global_key=False,
    public_endpoint=False,
)
@param("user_email", type="email", label="User's e-mail", required=True, help_text="Who")
@param("days", type="int", label="Days", required=False, default_value=7, validation={"min": 1})
async def generation_a(context, user_email: str, days: int = 7) -> dict[str, Any]:
    """The context is the first argument, by its name."""
    return {"email": user_email, "days": days, "execution_id": context.execution_id}


@workflow(name="generation_a_launch", description="Launch workflow")
async def launch(context):
    """No annotations at all."""
    return {"is_admin": context.is_platform_admin, "parameters": context.parameters}
