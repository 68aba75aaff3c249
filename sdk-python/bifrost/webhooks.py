"""Webhooks as authors wrote them: adapters load and are not run, the helpers work.

The platform itself takes deliveries and checks their signatures: make a webhook of a kind that it
has, and subscribe workflows to it (`bifrost webhooks create`, `bifrost webhooks subscribe`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import NotSupported

A = TypeVar("A", bound="type[WebhookAdapter]")

_INSTEAD = "make a webhook of a kind that the platform has, and subscribe a workflow to it"


@dataclass
class ValidationResponse:
    """What a sender wants to hear that asks whether the address is right."""

    body: Any = ""
    status_code: int = 200
    content_type: str = "text/plain"


@dataclass
class Deliver:
    """A request that is an event."""

    data: Any = None
    event_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Rejected:
    """A request that is none."""

    message: str = ""
    status_code: int = 401


class WebhookAdapter(ABC):
    """How a kind of sender is subscribed to and understood. Renewing and ending one raise `NotSupported`."""

    @abstractmethod
    async def subscribe(self, callback_url: str, config: dict[str, Any], integration: Any) -> Any:
        """Tells the sender where to deliver to."""

    async def unsubscribe(self, *args: Any, **kwargs: Any) -> Any:
        """Tells the sender to stop."""
        raise NotSupported("WebhookAdapter.unsubscribe", _INSTEAD)

    async def renew(self, *args: Any, **kwargs: Any) -> Any:
        """Tells the sender to go on."""
        raise NotSupported("WebhookAdapter.renew", _INSTEAD)

    @abstractmethod
    async def handle_request(
        self, request: Any, config: dict[str, Any], state: dict[str, Any]
    ) -> ValidationResponse | Deliver | Rejected:
        """What a request of the sender is."""


def adapter(name: str, integration: str | None = None, **kwargs: Any) -> Callable[[A], A]:
    """Loads an adapter, and warns that nothing runs it."""

    def mark(kind: A) -> A:
        warnings.warn(f"the webhook adapter `{name}` is not run here; {_INSTEAD}", UserWarning, stacklevel=2)
        return kind

    return mark


def verify_hmac_sha256(payload: bytes | str, signature: str, secret: str | bytes) -> bool:
    """Whether `signature` (hexadecimal, also with `sha256=` before it) is that of the payload."""
    key = secret.encode() if isinstance(secret, str) else secret
    message = payload.encode() if isinstance(payload, str) else payload
    given = signature.removeprefix("sha256=").lower().encode()
    return bool(key) and hmac.compare_digest(hmac.new(key, message, hashlib.sha256).hexdigest().encode(), given)


def generate_secret(length: int = 32) -> str:
    """A secret by chance, of `length` bytes in hexadecimal."""
    return secrets.token_hex(length)
