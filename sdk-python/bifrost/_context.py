"""`context`: who runs a workflow, for whom, with what."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from . import _platform
from ._text import checked
from .errors import OutsideExecutionError


@dataclass
class Organization:
    """The organization that a run belongs to."""

    id: str
    name: str = ""
    is_active: bool = True
    is_provider: bool = False
    domain: str | None = None
    """E-mail domain whose people belong to it."""
    created_at: str | None = None

    @property
    def org_id(self) -> str:
        """Older name of `id`."""
        return self.id


@dataclass
class Roi:
    """What a run was worth; set by the workflow, kept with the execution."""

    time_saved: int = 0
    """Minutes."""
    value: float = 0.0


@dataclass
class Event:
    """The event that started a run."""

    id: str
    type: str
    data: Any = None
    organization_id: str | None = None
    received_at: str | None = None


class ExecutionContext:
    """Everything a run knows about itself."""

    def __init__(
        self,
        *,
        user_id: str = "",
        email: str = "",
        name: str = "",
        scope: str = "GLOBAL",
        organization: Organization | dict[str, Any] | None = None,
        is_platform_admin: bool = False,
        is_function_key: bool = False,
        execution_id: str = "",
        workflow_name: str = "",
        is_agent: bool = False,
        public_url: str = "",
        parameters: dict[str, Any] | None = None,
        startup: dict[str, Any] | None = None,
        event: Event | dict[str, Any] | None = None,
        roi: Roi | dict[str, Any] | None = None,
        **extra: Any,
    ) -> None:
        self.user_id = user_id
        self.email = email
        self.name = name
        self.scope = scope
        self.organization = _record(Organization, organization)
        self.is_platform_admin = is_platform_admin
        self.is_function_key = is_function_key
        self.execution_id = execution_id
        self.workflow_name = workflow_name
        self.is_agent = is_agent
        self.public_url = public_url
        self.parameters = {} if parameters is None else parameters
        self.startup = startup
        self.event = _record(Event, event)
        self.roi = Roi() if roi is None else _record(Roi, roi)
        self._scope_override: str | None = None
        self._overridden = False
        if extra:
            self.__dict__.update(extra)

    @property
    def org_id(self) -> str | None:
        """Id of the organization in effect; `None` when global."""
        if self._overridden:
            return self._scope_override
        return None if self.organization is None else self.organization.id

    @property
    def org_name(self) -> str | None:
        """Name of the run's organization."""
        return None if self.organization is None else self.organization.name

    @property
    def is_global_scope(self) -> bool:
        """True when no organization is in effect."""
        return self.org_id is None

    @property
    def executed_by(self) -> str:
        """Id of the caller."""
        return self.user_id

    @property
    def executed_by_email(self) -> str:
        """E-mail address of the caller."""
        return self.email

    @property
    def executed_by_name(self) -> str:
        """Name of the caller."""
        return self.name

    @property
    def db(self) -> Any:
        """Workflows have no database session."""
        raise RuntimeError("context.db is not available to workflows; use the modules of bifrost")

    def set_scope(self, org_id: str | None) -> None:
        """Acts for another organization from here on, or globally with `None`.

        Only a run of the provider's own workspace whose caller is a platform administrator
        may do this; the platform decides, and raises `PermissionError` otherwise. Every
        later call is checked again.
        """
        scope = None if org_id is None else checked(str(org_id), "the organization")
        _platform.current().call("context.set_scope", {"scope": scope or "global"})
        self._scope_override = scope
        self._overridden = True

    def get_config(self, key: str, default: Any = None) -> Any:
        """The value of a configuration key, at once. New code awaits `config.get`."""
        entry = _platform.current().config_get(key, scope_override())
        return default if entry is None else entry.value

    def to_public_dict(self) -> dict[str, Any]:
        """The fields that may be shown, as JSON values."""
        organization = self.organization
        return {
            "user_id": self.user_id,
            "email": self.email,
            "name": self.name,
            "scope": self.scope,
            "org_id": self.org_id,
            "organization": None
            if organization is None
            else {
                "id": organization.id,
                "name": organization.name,
                "is_active": organization.is_active,
                "is_provider": organization.is_provider,
            },
            "is_platform_admin": self.is_platform_admin,
            "is_function_key": self.is_function_key,
            "execution_id": self.execution_id,
            "workflow_name": self.workflow_name,
            "is_agent": self.is_agent,
            "public_url": self.public_url,
            "parameters": self.parameters,
        }


OrganizationContext = ExecutionContext
"""Older name of `ExecutionContext`."""


def _record(kind: type[Any], value: Any) -> Any:
    """An instance of `kind` from a dict; fields that it does not know are kept too."""
    if not isinstance(value, dict):
        return value
    known = kind.__dataclass_fields__
    record = kind(**{name: field for name, field in value.items() if name in known})
    if len(value) > len(known) or not value.keys() <= known.keys():
        record.__dict__.update((name, field) for name, field in value.items() if name not in known)
    return record


_current: ContextVar[ExecutionContext | None] = ContextVar("bifrost_context", default=None)


def activate(value: ExecutionContext | None) -> None:
    """Makes `value` what `context` stands for."""
    _current.set(value)


def scope_override() -> str | None:
    """What `context.set_scope` chose, as the platform spells it; `None` when it chose nothing."""
    value = _current.get()
    if value is None or not value._overridden:
        return None
    return value._scope_override or "global"


class _Proxy:
    """Stands for the context of the run in progress."""

    __slots__ = ()

    def _get(self, attribute: str) -> ExecutionContext:
        value = _current.get()
        if value is not None:
            return value
        what = f"context.{attribute}"
        if isinstance(_platform.current(), _platform.Loading):
            raise OutsideExecutionError(_platform.lazy_pattern(what))
        raise OutsideExecutionError(f"{what} is only available while a workflow runs")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._get(name), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._get(name), name, value)

    def __repr__(self) -> str:
        return (
            f"<context of execution {value.execution_id}>" if (value := _current.get()) else "<context outside a run>"
        )


context: Any = _Proxy()
"""The `ExecutionContext` of the run in progress; raises outside of one."""
