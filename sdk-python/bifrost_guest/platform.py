"""The SDK's platform inside the sandbox: calls of the host's interfaces."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from componentize_py_types import Err
from wit_world.imports import config
from wit_world.imports import platform as api
from wit_world.imports.bifrost_workflow_types import Error, ErrorKind

from bifrost import ConfigType, ConfigurationError, ValidationError, _status
from bifrost._platform import ConfigEntry, lazy_pattern
from bifrost.errors import NotFoundError, OutsideExecutionError
from bifrost.http.messages import Request, Response

from . import http, results


_KINDS = {
    ConfigType.STRING: config.ValueType.TEXT,
    ConfigType.INT: config.ValueType.INT,
    ConfigType.BOOL: config.ValueType.BOOLEAN,
    ConfigType.JSON: config.ValueType.JSON,
    ConfigType.SECRET: config.ValueType.SECRET,
}
_TYPES = {kind: type for type, kind in _KINDS.items()}


class GuestPlatform:
    """See `bifrost._platform.Platform`."""

    workspace = "/"

    def config_get(self, key: str, scope: str | None) -> ConfigEntry | None:
        try:
            entry = config.get(key, scope)
        except Err as error:
            # Not to be allowed to see a key is the same as there being none.
            if error.value.kind in (ErrorKind.NOT_FOUND, ErrorKind.DENIED):
                return None
            _raise(error.value)
        return None if entry is None else _entry(entry)

    def config_set(self, key: str, value: Any, type: ConfigType | None, scope: str | None) -> None:
        try:
            config.set(key, results.encode(value), None if type is None else _KINDS[type], scope)
        except Err as error:
            _raise(error.value)

    def config_list(self, scope: str | None) -> list[ConfigEntry]:
        try:
            entries = config.list(scope)
        except Err as error:
            _raise(error.value)
        return [_entry(entry) for entry in entries]

    def config_delete(self, key: str, scope: str | None) -> bool:
        try:
            return config.delete(key, scope)
        except Err as error:
            _raise(error.value)

    def call(self, operation: str, arguments: dict[str, Any]) -> Any:
        try:
            answer = api.call(operation, results.encode(arguments))
        except Err as error:
            if error.value.kind is ErrorKind.NOT_FOUND:
                raise _status.known(NotFoundError(error.value.message), operation) from None
            _raise(error.value, operation)
        return json.loads(answer)

    def send(self, request: Request) -> Response:
        return http.send(request)

    async def send_async(self, request: Request) -> Response:
        return await http.send_async(request)


def _entry(entry: config.Entry) -> ConfigEntry:
    return ConfigEntry(entry.key, None if entry.value is None else json.loads(entry.value), _TYPES[entry.kind])


def _raise(error: Error, operation: str = "config") -> NoReturn:
    if error.kind is ErrorKind.DENIED:
        raise _status.known(PermissionError(error.message), operation) from None
    if error.kind is ErrorKind.INVALID:
        raise _status.known(ValidationError(error.message), operation) from None
    if error.kind is ErrorKind.LOADING:
        raise OutsideExecutionError(lazy_pattern(f"bifrost.{operation}")) from None
    raise ConfigurationError(error.message) from None
