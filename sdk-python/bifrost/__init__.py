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
from ._models import (
    ExecutionLog,
    IntegrationData,
    IntegrationMappingResponse,
    OAuthCredentials,
    Role,
    UserPublic,
    WorkflowExecution,
)
from .config import ConfigData, config
from .decorators import data_provider, param, tool, workflow
from .enums import ConfigType, ExecutionStatus, FormFieldType
from .errors import (
    ConfigurationError,
    IntegrationError,
    NotFoundError,
    OutsideExecutionError,
    UserError,
    ValidationError,
    WorkflowError,
)
from .events import events
from .executions import executions
from .integrations import integrations
from .oauth import oauth
from .organizations import organizations
from .roles import roles
from .secrets import secrets
from .users import users
from .workflows import workflows

__version__ = "0.1.0"

__all__ = [
    "ConfigData",
    "ConfigType",
    "ConfigurationError",
    "Event",
    "ExecutionContext",
    "ExecutionLog",
    "ExecutionStatus",
    "FormFieldType",
    "IntegrationData",
    "IntegrationError",
    "IntegrationMappingResponse",
    "NotFoundError",
    "OAuthCredentials",
    "Organization",
    "OrganizationContext",
    "OutsideExecutionError",
    "Roi",
    "Role",
    "UserError",
    "UserPublic",
    "ValidationError",
    "WorkflowError",
    "WorkflowExecution",
    "WorkflowMetadata",
    "__version__",
    "config",
    "context",
    "data_provider",
    "events",
    "executions",
    "http",
    "integrations",
    "oauth",
    "organizations",
    "param",
    "roles",
    "secrets",
    "tool",
    "users",
    "workflow",
    "workflows",
]
