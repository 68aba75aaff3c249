"""A small host for the base component, on the `wasmtime` package. Used by `guest_check.py`."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path
from typing import Any

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

STDLIB = Path(sysconfig.get_paths()["stdlib"])

MAX_STACK = 2 << 20
"""Bytes. Less, and deep recursion in C ends in a trap before CPython notices."""


def record(**fields: Any) -> Record:
    """A WIT record; underscores stand for dashes."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made


CONTEXT = {"user_id": "u", "email": "e@x.y", "name": "N", "organization": {"id": "o1", "name": "Org"}}
"""Fields of `context` in every run of the checks."""


class Base:
    """The compiled base component."""

    def __init__(self, path: str) -> None:
        config = Config()
        config.cache = True
        config.max_wasm_stack = MAX_STACK
        self.engine = Engine(config)
        self.component = Component.from_file(self.engine, path)


class Guest:
    """One instance, with a workspace given as path to source."""

    def __init__(self, base: Base, files: dict[str, str | bytes], config: dict[str, Any] | None = None) -> None:
        self.files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
        self.config = dict(config or {})
        self.lines: list[tuple[str, str, str]] = []
        self.loading: list[str] = []
        self.found: list[str] = []
        linker = Linker(base.engine)
        linker.add_wasip2()
        linker.add_wasi_http()
        with linker.root() as root:
            for interface, functions in self._interfaces().items():
                with root.add_instance(f"bifrost:workflow/{interface}@0.1.0") as instance:
                    for name, function in functions.items():
                        instance.add_func(name, function)
        self.store = Store(base.engine)
        wasi = WasiConfig()
        wasi.inherit_stdout()
        wasi.inherit_stderr()
        self.store.set_wasi(wasi)
        self.store.set_wasi_http()
        self.instance = linker.instantiate(self.store, base.component)
        self._call("prepare")

    def load(self, skip: dict[str, str] | None = None) -> dict[str, Any]:
        """Calls `load` for every Python file; answers the report."""
        paths = [path for path in self.files if path.endswith(".py") and path not in (skip or {})]
        skipped = [record(path=path, reason=reason) for path, reason in (skip or {}).items()]
        report: dict[str, Any] = json.loads(self._call("load", paths, skipped, None))
        return report

    def run(
        self,
        workflow: str,
        parameters: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
        capture: bool = False,
    ) -> Record:
        """Calls `run`; answers the outcome."""
        invocation = record(
            workflow=workflow,
            parameters=json.dumps(parameters or {}),
            context=json.dumps(context or {}),
            capture_variables=capture,
        )
        return self._call("run", invocation)

    def _call(self, name: str, *arguments: Any) -> Any:
        function = self.instance.get_func(self.store, name)
        assert function is not None, name
        return function(self.store, *arguments)

    def _interfaces(self) -> dict[str, dict[str, Any]]:
        return {
            "log": {"emit": lambda _store, level, logger, message: self.lines.append((level, logger, message))},
            "config": {
                "get": self._config_get,
                "set": lambda _store, key, value, _kind, _scope: self.config.update({key: json.loads(value)}),
                "list": lambda _store, _scope: [
                    record(key=key, value=json.dumps(value), kind="json") for key, value in self.config.items()
                ],
                "delete": lambda _store, key, _scope: self.config.pop(key, self) is not self,
            },
            "modules": {
                "find": self._find,
                "is-namespace": lambda _store, name: any(
                    path.startswith(name.replace(".", "/") + "/") for path in self.files
                ),
                "read": self._read,
                "list": self._list,
                "loading": lambda _store, path: self.loading.append(path),
            },
            "platform": {"call": lambda _store, operation, _arguments: _error("not-found", operation)},
            "signing": {
                name: lambda _store, *_arguments: Variant("err", _error("unavailable", "no signatures here"))
                for name in ("public-key", "sign", "verify")
            },
        }

    def _config_get(self, _store: Any, key: str, scope: str | None) -> Variant:
        if scope == "forbidden":
            return Variant("err", _error("denied", "not yours"))
        if key not in self.config:
            return Variant("ok", None)
        return Variant("ok", record(key=key, value=json.dumps(self.config[key]), kind="json"))

    def _find(self, _store: Any, name: str) -> Record | None:
        self.found.append(name)
        stem = name.replace(".", "/")
        for path, package in ((f"{stem}/__init__.py", True), (f"{stem}.py", False)):
            if path in self.files:
                return record(filename=path, is_package=package, source=self.files[path])
            if (STDLIB / path).exists():
                return record(filename=f"<stdlib>/{path}", is_package=package, source=(STDLIB / path).read_bytes())
        return None

    def _read(self, _store: Any, path: str) -> Any:
        return self.files.get(path, _error("not-found", path))

    def _list(self, _store: Any, path: str) -> list[str]:
        prefix = f"{path}/" if path else ""
        names = {
            name[len(prefix) :].split("/")[0] + ("/" if "/" in name[len(prefix) :] else "")
            for name in self.files
            if name.startswith(prefix)
        }
        return sorted(names)


def _error(kind: str, message: str) -> Record:
    return record(kind=kind, message=message)


def loaded(base: Base, files: dict[str, Any], config: dict[str, Any] | None = None) -> Guest:
    guest = Guest(base, files, config)
    report = guest.load()
    assert not report["errors"], report["errors"]
    return guest


def value(guest: Guest, workflow: str, parameters: dict[str, Any] | None = None) -> Any:
    outcome = guest.run(workflow, parameters, CONTEXT)
    assert outcome.failure is None, (outcome.failure.message, outcome.failure.traceback)
    return json.loads(outcome.value)


def body(code: str, head: str = "") -> dict[str, str]:
    """A workspace with one workflow `a.py::f`."""
    lines = "\n".join(f"    {line}" for line in code.strip("\n").splitlines())
    return {"a.py": f"import asyncio\nfrom bifrost import *\n{head}\n@workflow\nasync def f():\n{lines}\n"}


def result(base: Base, code: str, head: str = "", **files: str) -> Any:
    return value(loaded(base, {**body(code, head), **files}), "a.py::f")


def failure(base: Base, code: str, head: str = "") -> Any:
    outcome = loaded(base, body(code, head)).run("a.py::f", {}, CONTEXT)
    assert outcome.failure is not None, outcome.value
    return outcome.failure


def error_type(failure: Any) -> str:
    return str(getattr(failure, "error-type"))
