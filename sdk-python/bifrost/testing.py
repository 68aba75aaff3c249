"""Runs workflows in plain Python, for unit tests.

from bifrost.testing import run_workflow

def test_onboard():
    result = run_workflow(onboard, {"email": "a@b.c"}, config={"tenant_id": "t"})
    assert result["created"]
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from . import _platform, _status
from ._binding import Binding
from ._context import ExecutionContext, Organization, activate, context
from ._models import IntegrationData
from ._platform import ConfigEntry
from .enums import ConfigType
from .errors import OutsideExecutionError
from .http.messages import Request, Response
from .webhooks import WebhookAdapter, WebhookRequest, _answer, _awaited, _checked_schema, _subscribed


class FakePlatform(_platform.Detached):
    """A platform in memory.

    `config` holds the values that workflows read and write, whatever the scope. `http`
    answers requests; without it they go to the real network. `api` answers calls of
    `organizations`, `users`, `workflows` and the like: it gets `module.verb` and the
    arguments, and returns JSON values or raises.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        http: Callable[[Request], Response] | None = None,
        api: Callable[[str, dict[str, Any]], Any] | None = None,
    ) -> None:
        self.config: dict[str, Any] = dict(config or {})
        self.secret_keys: set[str] = set()
        self._http = http
        self._api = api

    def config_get(self, key: str, scope: str | None) -> ConfigEntry | None:
        if key not in self.config:
            return None
        return ConfigEntry(key, self.config[key], self._type(key))

    def config_set(self, key: str, value: Any, type: ConfigType | None, scope: str | None) -> None:
        self.config[key] = value
        if type is ConfigType.SECRET:
            self.secret_keys.add(key)
        elif type is not None:
            self.secret_keys.discard(key)

    def config_list(self, scope: str | None) -> list[ConfigEntry]:
        return [
            ConfigEntry(key, None if key in self.secret_keys else value, self._type(key))
            for key, value in self.config.items()
        ]

    def _type(self, key: str) -> ConfigType:
        value = self.config[key]
        if key in self.secret_keys:
            return ConfigType.SECRET
        if isinstance(value, bool):
            return ConfigType.BOOL
        if isinstance(value, int):
            return ConfigType.INT
        return ConfigType.STRING if isinstance(value, str) else ConfigType.JSON

    def config_delete(self, key: str, scope: str | None) -> bool:
        self.secret_keys.discard(key)
        return self.config.pop(key, self) is not self

    def call(self, operation: str, arguments: dict[str, Any]) -> Any:
        if self._api is not None:
            try:
                return self._api(operation, arguments)
            except Exception as error:
                raise _status.known(error, operation) from error.__cause__
        if operation == "context.set_scope":
            organization = context.organization
            if not (context.is_platform_admin or (organization is not None and organization.is_provider)):
                raise PermissionError("only the provider's runs for a platform administrator may change the scope")
            return None
        raise OutsideExecutionError(f"bifrost.{operation} needs `api=` in a test")

    def send(self, request: Request) -> Response:
        return super().send(request) if self._http is None else self._http(request)

    async def send_async(self, request: Request) -> Response:
        return await super().send_async(request) if self._http is None else self._http(request)


def run_workflow(
    function: Callable[..., Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    context: ExecutionContext | Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    http: Callable[[Request], Response] | None = None,
    api: Callable[[str, dict[str, Any]], Any] | None = None,
    platform: FakePlatform | None = None,
) -> Any:
    """Runs a workflow as the platform does and answers what it returned.

    `parameters` are bound and converted as submitted ones are. `context` is an
    `ExecutionContext` or its fields. Whatever the workflow raises is raised here.
    """
    submitted = dict(parameters or {})
    context = _context(context, workflow_name=getattr(function, "__name__", ""), parameters=submitted)
    args, kwargs = Binding(function).bind(submitted, context)
    return _within(context, platform or FakePlatform(config, http, api), lambda: function(*args, **kwargs))


def run_adapter(
    adapter: type[WebhookAdapter],
    request: WebhookRequest | None = None,
    *,
    method: str = "handle_request",
    config: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    callback_url: str = "https://bifrost.example/api/hooks/test",
    integration: IntegrationData | None = None,
    context: ExecutionContext | Mapping[str, Any] | None = None,
    http: Callable[[Request], Response] | None = None,
    api: Callable[[str, dict[str, Any]], Any] | None = None,
    platform: FakePlatform | None = None,
) -> Any:
    """Calls a method of a webhook adapter as the platform does, and answers what it returned.

    `request` is for `handle_request`; `subscribe`, `renew` and `unsubscribe` get `callback_url` and
    `integration`. `config` is a source's, over the defaults of the adapter's schema. An answer that the
    platform would not understand raises here, too.

        answer = run_adapter(Acme, WebhookRequest(body=b"{}"), config={"secret": "s3cret"})
        assert isinstance(answer, Rejected)
    """
    fields = _checked_schema(adapter.config_schema)
    settings = {one["key"]: one["default"] for one in fields if one.get("default") is not None} | dict(config or {})
    unknown = sorted(settings.keys() - {one["key"] for one in fields})
    missing = sorted(one["key"] for one in fields if one.get("required") and one["key"] not in settings)
    if unknown or missing:
        raise ValueError(f"config: {'there is no' if unknown else 'there has to be a'} `{(unknown or missing)[0]}`")
    instance, kept = adapter(), dict(state or {})
    calls: dict[str, Callable[[], Any]] = {
        "handle_request": lambda: instance.handle_request(request or WebhookRequest(), settings, kept),
        "subscribe": lambda: instance.subscribe(callback_url, settings, integration),
        "renew": lambda: instance.renew(callback_url, settings, kept, integration),
        "unsubscribe": lambda: instance.unsubscribe(callback_url, settings, kept, integration),
    }
    context = _context(context, workflow_name=adapter.__name__, parameters={})
    answer = _within(context, platform or FakePlatform(None, http, api), calls[method])
    if method == "handle_request":
        json.dumps(_answer(answer))
    elif method != "unsubscribe":
        json.dumps(_subscribed(answer))
    return answer


def _context(context: ExecutionContext | Mapping[str, Any] | None, **fields: Any) -> ExecutionContext:
    if isinstance(context, ExecutionContext):
        return context
    defaults: dict[str, Any] = {
        "user_id": "test-user",
        "email": "test@example.com",
        "name": "Test User",
        "scope": "test-org",
        "organization": Organization("test-org", "Test Organization"),
        "execution_id": "test-execution",
        **fields,
    }
    return ExecutionContext(**{**defaults, **(context or {})})


def _within(context: ExecutionContext, platform: FakePlatform, call: Callable[[], Any]) -> Any:
    def run() -> Any:
        activate(context)
        result = call()
        return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result

    previous = _platform.use(platform)
    try:
        return contextvars.copy_context().run(run)
    finally:
        _platform.use(previous)
