"""Code that changes the runtime under itself, or goes around it to the host's imports.

It may break its own run. It must not reach another organization, another run, or the
process around the sandbox.
"""

import asyncio
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from bifrost import config, context, workflow

import probe

RUNTIME = ("bifrost", "bifrost_guest", "wit_world", "componentize_py")


def imports(name: str) -> ModuleType:
    """A module of the generated bindings of the host's imports."""
    return importlib.import_module(f"wit_world.imports.{name}")


def runtime_modules() -> list[ModuleType]:
    """Every loaded module of the runtime."""
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(RUNTIME) and module is not None]


@workflow
async def tamper_monkeypatch(armed: bool = False) -> dict[str, Any]:
    """Replaces every function and class of the runtime. The run may fail; the next one is
    whole, and a forged outcome concerns this run only. The control counts them."""
    patched = 0
    for module in runtime_modules():
        for name, value in list(vars(module).items()):
            if callable(value) and not name.startswith("__"):
                patched += 1
                if armed:
                    setattr(module, name, lambda *args, **kwargs: None)
    return {"patched": patched}


@workflow
async def tamper_exports(armed: bool = False) -> dict[str, Any]:
    """Replaces `run` on every class that exports it; later runs must not meet the change."""
    found = []
    for module in runtime_modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and hasattr(value, "run") and hasattr(value, "describe"):
                found.append(f"{module.__name__}.{name}")
                if armed:
                    value.run = lambda self, invocation: None
    return {"found": found}


@workflow
async def tamper_builtins(armed: bool = False) -> dict[str, Any]:
    """Replaces what the runtime uses of the standard library, after the fact."""
    if armed:
        json.dumps = lambda *args, **kwargs: '{"forged": true}'
        json.JSONEncoder.encode = lambda self, value: '{"forged": true}'
        asyncio.Task.result = lambda self: {"forged": True}
        sys.modules["json"].loads = lambda *args, **kwargs: {}
    return {"forged": False}


@workflow
async def tamper_load_again(armed: bool = False) -> dict[str, Any]:
    """Calls the exports that only the builder calls. The control looks for them."""
    details = {}
    for module in runtime_modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and hasattr(value, "load") and hasattr(value, "describe"):
                key = f"{module.__name__}.{name}"
                details[key] = probe.attempt(lambda value=value: value().load(["tamper.py"], []) if armed else value.__name__)
    return probe.report(details)


@workflow
async def tamper_config_many(armed: bool = False) -> dict[str, Any]:
    """Stores very many values: there is a bound, or an error, before the database suffers."""
    count = 20_000 if armed else 5
    details = [await probe.attempt_async(lambda n=n: config.set(f"many_{n}", "v" * 1000)) for n in range(count)]
    return {"asked": count, "stored": sum(detail["reached"] for detail in details)}


@workflow
async def tamper_context(armed: bool = False, foreign: str = "00000000-0000-7000-8000-000000000000") -> dict[str, Any]:
    """Says that it runs for another organization. Armed: changing the guest's own fields
    may work, but neither `after` nor `foreign` is the value of the other organization.
    The control reads its own value."""
    before = await config.get("colour")
    details = {} if not armed else {name: probe.attempt(action) for name, action in {
        "set_scope": lambda: context.set_scope(foreign),
        "scope": lambda: setattr(context, "scope", foreign),
        "admin": lambda: setattr(context, "is_platform_admin", True),
        "organization": lambda: setattr(context.organization, "id", foreign),
        "provider": lambda: setattr(context.organization, "is_provider", True),
        "user": lambda: setattr(context, "user_id", foreign),
        "execution": lambda: setattr(context, "execution_id", foreign),
        "set_scope again": lambda: context.set_scope(foreign),
    }.items()}
    return {
        "before": before,
        "after": await probe.attempt_async(lambda: config.get("colour")),
        "foreign": await probe.attempt_async(lambda: config.get("colour", scope=foreign if armed else None)),
        "details": details,
    }


@workflow
async def tamper_handles_many(armed: bool = False) -> dict[str, Any]:
    """Takes host resources and keeps them. Armed: ends with `limit_exceeded:host_resources`."""
    subscribe = _finder("subscribe_duration")
    kept = []
    while len(kept) < (1_000_000 if armed else 10):
        kept.append(subscribe(3_600_000_000_000))
    return {"kept": len(kept)}


@workflow
async def tamper_handles_forged(armed: bool = False) -> dict[str, Any]:
    """Uses handles that it was never given. Armed: the run fails (a trap); never another run's resource."""
    pollable = _finder("subscribe_duration")(0)
    numbers = range(0, 100_000, 7) if armed else ()
    reached = 0
    for number in numbers:
        forged = object.__new__(type(pollable))
        for name in ("handle", "_handle"):
            try:
                setattr(forged, name, number)
            except AttributeError:
                continue
        reached += probe.attempt(forged.ready)["reached"]
    return {"ready": pollable.ready(), "forged": reached}


@workflow
async def tamper_handles_reused(armed: bool = False) -> dict[str, Any]:
    """Uses a resource after it was dropped. Armed: raises or the run fails."""
    pollable = _finder("subscribe_duration")(0)
    ready = pollable.ready()
    if not armed:
        return {"ready": ready, "again": False}
    pollable.__exit__(None, None, None)
    return {"ready": ready, "again": probe.attempt(pollable.ready)["reached"]}


@workflow
async def tamper_inspect(armed: bool = False) -> dict[str, Any]:
    """What the runtime's modules hold: no key, token, address or path of the host. The test
    looks through the names and values."""
    shown = {}
    for module in runtime_modules() if armed else [sys.modules[__name__]]:
        for name, value in vars(module).items():
            if isinstance(value, str | bytes | int | float | tuple | list | dict) and not name.startswith("__"):
                shown[f"{module.__name__}.{name}"] = repr(value)[:200]
    return {"shown": shown}


def _finder(function: str) -> Callable[..., Any]:
    """A function of the host's imports, wherever the bindings have put it."""
    package = importlib.import_module("wit_world.imports")
    names = [item.name for item in pkgutil.iter_modules(package.__path__)] if hasattr(package, "__path__") else []
    names += [name.rpartition(".")[2] for name in sys.modules if name.startswith("wit_world.imports.")]
    for name in names:
        try:
            found = getattr(imports(name), function, None)
        except ImportError:
            continue
        if found is not None:
            return found
    raise LookupError(f"no import has {function}")
