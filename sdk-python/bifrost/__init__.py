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
    BatchDeleteResult,
    BatchResult,
    DocumentData,
    DocumentList,
    ExecutionLog,
    FileMatch,
    FormPublic,
    IntegrationData,
    IntegrationMappingResponse,
    OAuthCredentials,
    Role,
    TableInfo,
    UserPublic,
    WorkflowExecution,
)
from .agents import agents
from .ai import AIResponse, AIStreamChunk, ai
from .api import api
from .config import ConfigData, config
from .decorators import data_provider, param, tool, workflow
from .email import email
from .enums import ConfigType, ExecutionStatus, FormFieldType
from .errors import (
    ConfigurationError,
    ConflictError,
    IntegrationError,
    NotFoundError,
    NotSupported,
    OutsideExecutionError,
    UserError,
    ValidationError,
    WorkflowError,
)
from .events import events
from .executions import executions
from .files import files
from .forms import forms
from .integrations import integrations
from .knowledge import KnowledgeDocument, NamespaceInfo, knowledge
from .oauth import oauth
from .organizations import organizations
from .roles import roles
from .secrets import secrets
from .storage import storage
from .tables import tables
from .users import users
from .workflows import workflows

__version__ = "0.1.0"

__all__ = [
    "AIResponse",
    "AIStreamChunk",
    "BatchDeleteResult",
    "BatchResult",
    "ConfigData",
    "ConfigType",
    "ConfigurationError",
    "ConflictError",
    "DocumentData",
    "DocumentList",
    "Event",
    "ExecutionContext",
    "ExecutionLog",
    "ExecutionStatus",
    "FileMatch",
    "FormFieldType",
    "FormPublic",
    "IntegrationData",
    "IntegrationError",
    "IntegrationMappingResponse",
    "KnowledgeDocument",
    "NamespaceInfo",
    "NotFoundError",
    "NotSupported",
    "OAuthCredentials",
    "Organization",
    "OrganizationContext",
    "OutsideExecutionError",
    "Roi",
    "Role",
    "TableInfo",
    "UserError",
    "UserPublic",
    "ValidationError",
    "WorkflowError",
    "WorkflowExecution",
    "WorkflowMetadata",
    "__version__",
    "agents",
    "ai",
    "api",
    "config",
    "context",
    "data_provider",
    "email",
    "events",
    "executions",
    "files",
    "forms",
    "http",
    "integrations",
    "knowledge",
    "oauth",
    "organizations",
    "param",
    "roles",
    "secrets",
    "storage",
    "tables",
    "tool",
    "users",
    "workflow",
    "workflows",
]
