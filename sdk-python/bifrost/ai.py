"""`bifrost.ai` is not supported: call the API of a model with httpx, its key from `config`."""

from __future__ import annotations

from dataclasses import dataclass

from ._missing import Missing
from ._models import Model


@dataclass
class AIResponse(Model):
    """Never answered here; for workspaces that name it."""

    content: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str | None = None


@dataclass
class AIStreamChunk(Model):
    """Never answered here; for workspaces that name it."""

    content: str
    done: bool = False


ai = Missing("ai", "call the API of a model with httpx or its own package, with a key from config", ("stream",))
