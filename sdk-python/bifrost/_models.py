"""What the platform answers, as objects with attributes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from .enums import ExecutionStatus


@dataclass
class Model:
    """Base of the answers. Fields that this release does not know are kept as attributes."""

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        """From the platform's JSON."""
        known = cls.__dataclass_fields__
        model = cls(**{name: value for name, value in fields.items() if name in known})
        model.__dict__.update((name, value) for name, value in fields.items() if name not in known)
        return model

    def model_dump(self) -> dict[str, Any]:
        """The fields as a dictionary."""
        return asdict(self)


@dataclass
class UserPublic(Model):
    """A person or a service account, as others see it."""

    id: str
    email: str
    name: str = ""
    organization_id: str | None = None
    is_active: bool = True
    is_superuser: bool = False
    created_at: str | None = None


@dataclass
class Role(Model):
    """A named set of permissions."""

    id: str
    name: str
    description: str | None = None
    permissions: list[str] = field(default_factory=list)


@dataclass
class FormPublic(Model):
    """A form. `forms.list` leaves `form_schema` out."""

    id: str
    name: str
    description: str | None = None
    workflow_id: str | None = None
    launch_workflow_id: str | None = None
    default_launch_params: dict[str, Any] | None = None
    allowed_query_params: list[str] | None = None
    form_schema: dict[str, Any] | None = None
    """`fields`, in their order."""
    access_level: str = "authenticated"
    organization_id: str | None = None
    is_active: bool = True
    created_at: str | None = None
    updated_at: str | None = None


@dataclass
class WorkflowExecution(Model):
    """A run."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    status: ExecutionStatus
    organization_id: str | None = None
    executed_by: str | None = None
    executed_by_email: str | None = None
    executed_by_name: str | None = None
    input_data: dict[str, Any] | None = None
    result: Any = None
    result_type: str | None = None
    error: str | None = None
    error_type: str | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    duration_ms: int | None = None
    parent_id: str | None = None

    def __post_init__(self) -> None:
        self.status = ExecutionStatus(self.status)


@dataclass
class ExecutionLog(Model):
    """A line of a run's log."""

    id: str
    execution_id: str
    level: str
    message: str
    timestamp: str
    metadata: dict[str, Any] | None = None


@dataclass
class OAuthCredentials(Model):
    """What an integration's connection gives to a workflow.

    `client_secret` and `refresh_token` are `None` for code that does not own the connection.
    `expires_at` is a time in ISO 8601, `None` for never. `scopes` has blanks between.
    """

    _asked: ClassVar[dict[str, Any] | None] = None
    """What `integrations.get` was asked for."""

    connection_name: str
    client_id: str | None = None
    client_secret: str | None = None
    authorization_url: str | None = None
    token_url: str | None = None
    scopes: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    expires_at: str | None = None

    async def refresh(self) -> None:
        """Renews the access token, in place, after an API has refused it.

        Rarely needed: `integrations.get` answers a token that is good. However many runs ask at
        the same time, the authorization server is asked once. Raises `IntegrationError`, with
        the reason, when it cannot be renewed.
        """
        from .integrations import refresh

        await refresh(self)


@dataclass
class IntegrationData(Model):
    """An integration as one organization has it."""

    integration_id: str
    entity_id: str | None = None
    entity_name: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    oauth: OAuthCredentials | None = None
    config_secret_keys: list[str] = field(default_factory=list)


@dataclass
class IntegrationMappingResponse(Model):
    """What an organization is in an integration."""

    id: str
    integration_id: str
    organization_id: str
    entity_id: str
    entity_name: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    integration_name: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


@dataclass
class TableInfo(Model):
    """A table; `organization_id` is `None` for a global one."""

    id: str
    name: str
    description: str | None = None
    table_schema: dict[str, Any] | None = None
    organization_id: str | None = None
    document_count: int = 0
    created_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


@dataclass
class DocumentData(Model):
    """A document. `version` is 1 when it is new, and one more with every write; times are RFC 3339."""

    id: str
    table_id: str
    data: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    created_by: str | None = None
    updated_by: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


def _documents(values: list[Any]) -> list[DocumentData]:
    return [one if isinstance(one, DocumentData) else DocumentData.of(one) for one in values]


@dataclass
class DocumentList(Model):
    """A page of documents; `total` is how many there are on all pages."""

    documents: list[DocumentData] = field(default_factory=list)
    total: int = 0
    limit: int = 100
    offset: int = 0

    def __post_init__(self) -> None:
        self.documents = _documents(self.documents)


@dataclass
class BatchResult(Model):
    """The documents that a batch wrote, in its order."""

    documents: list[DocumentData] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.documents = _documents(self.documents)
        self.count = len(self.documents)


@dataclass
class BatchDeleteResult(Model):
    """The ids of the documents that a batch deleted, sorted."""

    deleted_ids: list[str] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.count = len(self.deleted_ids)


@dataclass
class FileMatch(Model):
    """A line that a search found; lines count from 1."""

    path: str
    line: int
    text: str
