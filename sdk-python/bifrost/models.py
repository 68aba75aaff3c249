"""What the platform answers, by the names that workspaces import from here."""

from ._context import Event, Organization, Roi
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
from .ai import AIResponse, AIStreamChunk
from .config import ConfigData
from .enums import ConfigType, ExecutionStatus, FormFieldType
from .knowledge import KnowledgeDocument, NamespaceInfo

IntegrationMapping = IntegrationMappingResponse
"""Another name of the same."""

__all__ = [
    "AIResponse",
    "AIStreamChunk",
    "BatchDeleteResult",
    "BatchResult",
    "ConfigData",
    "ConfigType",
    "DocumentData",
    "DocumentList",
    "Event",
    "ExecutionLog",
    "ExecutionStatus",
    "FileMatch",
    "FormFieldType",
    "FormPublic",
    "IntegrationData",
    "IntegrationMapping",
    "IntegrationMappingResponse",
    "KnowledgeDocument",
    "NamespaceInfo",
    "OAuthCredentials",
    "Organization",
    "Role",
    "Roi",
    "TableInfo",
    "UserPublic",
    "WorkflowExecution",
    "WorkflowMetadata",
]
