"""What a decorator knows about a workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class WorkflowMetadata:
    """Kept as `function._executable_metadata`.

    `type` is `workflow`, `tool` or `data_provider`. Each parameter is a JSON object:
    `name`, `type` (string, int, float, bool, list or json), `label`, `required`, and
    `default_value`, `options`, `description`, `validation`, `data_provider` where known.
    """

    name: str
    description: str
    category: str
    tags: list[str]
    type: str
    parameters: list[dict[str, Any]]
    is_tool: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)
    """How the workflow wants to be registered: `timeout_seconds`, `schedule` and the like."""
    accepts_kwargs: bool = False
