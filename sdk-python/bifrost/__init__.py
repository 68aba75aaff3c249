"""Bifrost: automation workflows in plain Python.

from bifrost import workflow, config

@workflow(category="Users")
async def onboard(email: str, licences: int = 1) -> dict:
    tenant = await config.get("tenant_id")
    ...
"""

from . import http
from ._context import Event, ExecutionContext, Organization, OrganizationContext, Roi, context
from ._metadata import WorkflowMetadata
from .config import ConfigData, config
from .decorators import data_provider, param, tool, workflow
from .enums import ConfigType, ExecutionStatus, FormFieldType
from .errors import (
    ConfigurationError,
    IntegrationError,
    OutsideExecutionError,
    UserError,
    ValidationError,
    WorkflowError,
)
from .secrets import secrets

__version__ = "0.1.0"

__all__ = [
    "ConfigData",
    "ConfigType",
    "ConfigurationError",
    "Event",
    "ExecutionContext",
    "ExecutionStatus",
    "FormFieldType",
    "IntegrationError",
    "Organization",
    "OrganizationContext",
    "OutsideExecutionError",
    "Roi",
    "UserError",
    "ValidationError",
    "WorkflowError",
    "WorkflowMetadata",
    "__version__",
    "config",
    "context",
    "data_provider",
    "http",
    "param",
    "secrets",
    "tool",
    "workflow",
]
