"""Adapters: how a system delivers that the platform does not know.

from bifrost.webhooks import Deliver, Rejected, WebhookAdapter, WebhookEvent, adapter, verify_hmac_sha256

@adapter(name="Acme", integration="Acme")
class Acme(WebhookAdapter):
    config_schema = [{"key": "secret", "type": "secret", "required": True}]

    async def handle_request(self, request, config, state):
        if not verify_hmac_sha256(request.body, request.header("x-acme-signature"), config["secret"]):
            return Rejected("signature")
        event = request.json()
        return Deliver([WebhookEvent(event, id=event["id"], type=event["kind"])])
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import inspect
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from ._models import IntegrationData
from .enums import ConfigType
from .errors import IntegrationError
from .integrations import integrations

_TYPES = frozenset(kind.value for kind in ConfigType)
_FIELD = frozenset({"key", "type", "required", "default", "description"})
METHODS = frozenset({"handle_request", "subscribe", "renew", "unsubscribe"})
"""What the platform calls."""


def verify_hmac_sha256(payload: bytes | str, signature: str | None, secret: bytes | str) -> bool:
    """Whether `signature` is the HMAC-SHA256 of `payload` in hexadecimal, with or without `sha256=`.

    Compared in constant time. Nothing matches without a signature or with an empty secret.
    """
    if not signature or not secret:
        return False
    key = secret.encode() if isinstance(secret, str) else secret
    text = payload.encode() if isinstance(payload, str) else payload
    expected = hmac.new(key, text, hashlib.sha256).hexdigest()
    given = signature.strip().removeprefix("sha256=").lower()
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def generate_secret(length: int = 32) -> str:
    """A secret of so many random bytes that nobody guesses, as text for an address or a header."""
    if length < 16:
        raise ValueError("a secret of fewer than 16 bytes is guessed")
    return secrets.token_urlsafe(length)


@dataclass(frozen=True)
class WebhookRequest:
    """What was sent to a source's address, before anybody has checked who sent it."""

    method: str = "POST"
    """`GET` or `POST`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """By names in small letters; of several with one name the values with `, ` between them."""
    query: Mapping[str, str] = field(default_factory=dict)
    """The first value of each parameter."""
    query_string: str = ""
    """As it came, without the question mark."""
    body: bytes = b""
    """As it came."""

    def header(self, name: str, default: str | None = None) -> str | None:
        """The value of a header, whatever the case of its name."""
        return self.headers.get(name.lower(), default)

    def text(self) -> str:
        """The body as text; bytes that are none become U+FFFD."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class WebhookEvent:
    """Something that happened over there: what subscriptions filter and map as `/data`."""

    data: Any
    """JSON values."""
    id: str | None = None
    """The sender's own id of it: what comes again with the same one starts nothing. Without one,
    the same data within ten minutes is the same event."""
    type: str | None = None
    """What the sender calls it, such as `ticket.created`."""


@dataclass(frozen=True)
class Deliver:
    """The request is genuine: these events, of which there may be none, are kept and start workflows."""

    events: Iterable[WebhookEvent] = ()
    state: dict[str, Any] | None = None
    """What to keep in place of the state from before; `None` leaves it."""


@dataclass(frozen=True)
class ValidationResponse:
    """The answer to a sender that asks whether the address is right."""

    body: Any = ""
    """Text, or anything else as JSON."""
    status: int = 200
    """200 to 299."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that handshakes use: `X-Hook-Secret`, `WebHook-Allowed-Origin`, `WebHook-Allowed-Rate`,
    `Smartsheet-Hook-Response`."""
    state: dict[str, Any] | None = None
    """As in `Deliver`."""


@dataclass(frozen=True)
class Rejected:
    """The request is not genuine. Its sender learns the status and nothing else."""

    reason: str = ""
    """For the audit log."""
    status: int = 403
    """400 to 499."""


@dataclass(frozen=True)
class Subscribed:
    """What came of subscribing or renewing."""

    state: dict[str, Any] | None = None
    """What to keep, such as the subscription's id and a secret that was agreed on: JSON values of 16 KiB at
    most, kept encrypted. `None` leaves what is there."""
    expires_at: datetime | str | None = None
    """`renew` is called before that; `None` for never. A text is ISO 8601, UTC where it names no zone."""


class WebhookAdapter(ABC):
    """What the platform asks about one kind of sender. Each call has a new instance, in a new sandbox."""

    config_schema: list[dict[str, Any]] = []
    """What each source is given: `key`, `type` (string, int, bool, json or secret), `required`, `default`,
    `description`, as in the schema of an integration."""

    verify_hmac_sha256 = staticmethod(verify_hmac_sha256)
    generate_secret = staticmethod(generate_secret)

    @abstractmethod
    async def handle_request(
        self, request: WebhookRequest, config: dict[str, Any], state: dict[str, Any]
    ) -> ValidationResponse | Deliver | Rejected:
        """Says what a request is. It has five seconds, and the sender waits; workflows do the work."""

    async def subscribe(
        self, callback_url: str, config: dict[str, Any], integration: IntegrationData | None
    ) -> Subscribed | None:
        """Tells the other system to deliver to `callback_url`. May be called again when an attempt was lost."""
        return None

    async def unsubscribe(
        self, callback_url: str, config: dict[str, Any], state: dict[str, Any], integration: IntegrationData | None
    ) -> None:
        """Tells the other system to stop. What is not there any more is no error."""
        return None

    async def renew(
        self, callback_url: str, config: dict[str, Any], state: dict[str, Any], integration: IntegrationData | None
    ) -> Subscribed | None:
        """Prolongs a subscription before it expires, or changes it after its config was. Subscribes again where
        an adapter has nothing better."""
        return await self.subscribe(callback_url, config, integration)


A = TypeVar("A", bound=type[WebhookAdapter])


@dataclass(frozen=True)
class AdapterMetadata:
    """Kept as `cls._adapter_metadata`."""

    name: str
    description: str
    integration: str | None
    config_schema: list[dict[str, Any]]
    subscribes: bool
    """Whether there is something to be done at the other system."""


def adapter(name: str, integration: str | None = None, description: str | None = None) -> Callable[[A], A]:
    """Makes a class an adapter that webhook sources can choose.

    `integration` names the integration that `subscribe`, `renew` and `unsubscribe` are given.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError("@adapter needs a name, such as @adapter(name='Acme')")

    def decorate(cls: A) -> A:
        if not (isinstance(cls, type) and issubclass(cls, WebhookAdapter)):
            raise TypeError("@adapter is for a class that extends WebhookAdapter")
        missing = sorted(getattr(cls, "__abstractmethods__", ()))
        if missing:
            raise TypeError(f"{cls.__name__} has no {', '.join(missing)}")
        doc = (inspect.getdoc(cls) or "").strip() if "__doc__" in cls.__dict__ else ""
        cls._adapter_metadata = AdapterMetadata(  # type: ignore[attr-defined]
            name=name.strip(),
            description=description or (doc.splitlines()[0].strip() if doc else ""),
            integration=integration,
            config_schema=_checked_schema(cls.config_schema),
            subscribes=cls.subscribe is not WebhookAdapter.subscribe,
        )
        return cls

    return decorate


def _checked_schema(schema: Any) -> list[dict[str, Any]]:
    if not isinstance(schema, (list, tuple)):
        raise ValueError("config_schema: expected a list of fields, such as [{'key': 'secret', 'type': 'secret'}]")
    fields = []
    for one in schema:
        if not isinstance(one, Mapping) or not isinstance(one.get("key"), str):
            raise ValueError("config_schema: each field is a dict with a key and a type")
        unknown = sorted(set(one) - _FIELD)
        if unknown:
            raise ValueError(f"config_schema.{one['key']}: there is no `{unknown[0]}`; there are {sorted(_FIELD)}")
        kind = one.get("type", "string")
        kind = getattr(kind, "value", kind)
        if kind not in _TYPES:
            raise ValueError(f"config_schema.{one['key']}.type: expected one of {sorted(_TYPES)}")
        fields.append({**one, "type": kind})
    return fields


async def call(cls: type[WebhookAdapter], method: str, arguments: Mapping[str, Any], public_url: str = "") -> Any:
    """Calls a method with what the platform gives it, and answers its result as the platform reads it."""
    if method not in METHODS:
        raise ValueError(f"an adapter has no {method!r}")
    instance = cls()
    config, state = dict(arguments.get("config") or {}), dict(arguments.get("state") or {})
    if method == "handle_request":
        request = _request(arguments["request"])
        return _answer(await _awaited(instance.handle_request(request, config, state)))
    callback_url = public_url.rstrip("/") + str(arguments.get("callback_path", ""))
    integration = await _integration(cls)
    if method == "subscribe":
        return _subscribed(await _awaited(instance.subscribe(callback_url, config, integration)))
    if method == "renew":
        return _subscribed(await _awaited(instance.renew(callback_url, config, state, integration)))
    await _awaited(instance.unsubscribe(callback_url, config, state, integration))
    return None


async def _awaited(value: Any) -> Any:
    """Methods need not be coroutines."""
    return await value if inspect.isawaitable(value) else value


async def _integration(cls: type[WebhookAdapter]) -> IntegrationData | None:
    metadata = cls.__dict__.get("_adapter_metadata")
    name = getattr(metadata, "integration", None)
    if name is None:
        return None
    found = await integrations.get(name)
    if found is None:
        raise IntegrationError(f"the organization has no integration `{name}`")
    return found


def _request(given: Mapping[str, Any]) -> WebhookRequest:
    fields = {**given, "body": base64.b64decode(given.get("body", ""))}
    return WebhookRequest(**fields)


def _answer(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Deliver):
        events = list(answer.events)
        for one in events:
            if not isinstance(one, WebhookEvent):
                raise TypeError(f"Deliver takes a list of WebhookEvent, not of {type(one).__name__}")
        return {
            "answer": "deliver",
            "events": [{"data": one.data, "id": one.id, "type": one.type} for one in events],
            "state": answer.state,
        }
    if isinstance(answer, ValidationResponse):
        is_text = isinstance(answer.body, str)
        return {
            "answer": "validation",
            "status": answer.status,
            "headers": {str(name).lower(): str(value) for name, value in answer.headers.items()},
            "body": answer.body if is_text else json.dumps(answer.body),
            "is_json": not is_text,
            "state": answer.state,
        }
    if isinstance(answer, Rejected):
        return {"answer": "rejected", "status": answer.status, "reason": str(answer.reason)}
    kind = type(answer).__name__
    raise TypeError(f"handle_request answers Deliver, ValidationResponse or Rejected, not {kind}")


def _subscribed(answer: Any) -> dict[str, Any]:
    if answer is None:
        answer = Subscribed()
    if not isinstance(answer, Subscribed):
        raise TypeError(f"subscribe and renew answer Subscribed or None, not {type(answer).__name__}")
    expires = answer.expires_at
    if isinstance(expires, str):
        expires = datetime.fromisoformat(expires)
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    return {"state": answer.state, "expires_at": None if expires is None else expires.astimezone(UTC).isoformat()}
