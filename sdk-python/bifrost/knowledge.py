"""`bifrost.knowledge`, searching texts by meaning, is not supported: `tables` keeps and finds documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ._missing import Missing
from ._models import Model


@dataclass
class KnowledgeDocument(Model):
    """Never answered here; for workspaces that name it."""

    id: str
    content: str
    namespace: str = "default"
    key: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    score: float | None = None


@dataclass
class NamespaceInfo(Model):
    """Never answered here; for workspaces that name it."""

    namespace: str
    document_count: int = 0


knowledge = Missing("knowledge", "keep documents in tables and find them by their fields, or call a service with httpx")
