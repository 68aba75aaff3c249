"""The locals of a workflow function, kept for its developers.

They are taken when the function returns, through `sys.monitoring` on its code alone,
or from the traceback when it raises. A run that does not ask for them pays nothing.
"""

from __future__ import annotations

import sys
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from . import failures, results

MAX_VARIABLE = 10 * 1024
"""Characters of JSON kept of one variable."""

_TOOL = 4
_MAX_DEPTH = 20
_TRUNCATED = "… (truncated)"
_SKIPPED = (ModuleType, FunctionType, MethodType, type)


class Capture:
    """Captures the locals of one code object for one run."""

    def __init__(self, code: CodeType) -> None:
        self.code = code
        self.variables: dict[str, Any] = {}

    def start(self) -> None:
        """Listens for the return of the function."""
        monitoring = sys.monitoring
        monitoring.register_callback(_TOOL, monitoring.events.PY_RETURN, self._on_return)
        monitoring.set_local_events(_TOOL, self.code, monitoring.events.PY_RETURN)

    def stop(self, error: BaseException | None) -> None:
        """Ends listening; with an exception, takes the locals from its traceback."""
        monitoring = sys.monitoring
        monitoring.set_local_events(_TOOL, self.code, monitoring.events.NO_EVENTS)
        monitoring.register_callback(_TOOL, monitoring.events.PY_RETURN, None)
        trace = None if error is None else error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code is self.code:
                self.variables = snapshot(trace.tb_frame.f_locals)
                return
            trace = trace.tb_next

    def json(self) -> str:
        """The variables as a JSON object."""
        try:
            return results.encode(self.variables, fallback=_safe_repr)
        except BaseException as error:
            return results.encode({"…": f"<not captured: {failures.type_name(error)}>"})

    def _on_return(self, _code: CodeType, _offset: int, _value: Any) -> None:
        self.variables = snapshot(sys._getframe(1).f_locals)


def install() -> None:
    """Claims the monitoring slot, once for the interpreter."""
    sys.monitoring.use_tool_id(_TOOL, "bifrost")


def snapshot(variables: Any) -> dict[str, Any]:
    """A JSON-safe copy, bounded, without modules, functions and classes."""
    return {
        name: _copy(value)
        for name, value in variables.items()
        if not name.startswith(("__", ".")) and not issubclass(type(value), _SKIPPED)
    }


def _copy(value: Any) -> Any:
    """A copy of one variable. What it does when it is looked at must not end the run, so
    whatever it raises, be it no Exception, is shown in its place."""
    try:
        return _Copy().of(value)
    except BaseException as error:
        return f"<not captured: {failures.type_name(error)}>"


class _Copy:
    """Copies one variable until its budget of characters is used up."""

    def __init__(self) -> None:
        self.budget = MAX_VARIABLE
        self.above: list[int] = []

    def of(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, float)):
            self.budget -= 8
            return value
        if isinstance(value, int):
            self.budget -= value.bit_length() // 3 + 2
            return value if self.budget > 0 else _TRUNCATED
        if isinstance(value, str):
            return self._text(value)
        if id(value) in self.above:
            return "<circular reference>"
        if len(self.above) >= _MAX_DEPTH:
            return self._text(_safe_repr(value))
        self.above.append(id(value))
        try:
            if isinstance(value, dict):
                return self._object(value)
            if isinstance(value, (list, tuple)):
                return self._array(value)
            try:
                step = results._default(value)
            except BaseException:
                return self._text(_safe_repr(value))
            return self.of(step)
        finally:
            self.above.pop()

    def _text(self, text: str) -> str:
        room, length = max(self.budget, 0), str.__len__(text)
        self.budget -= length + 2
        # Never the text itself when it is of a subclass, which may do anything later.
        return str.__getitem__(text, slice(room)) + (_TRUNCATED if length > room else "")

    def _object(self, value: dict[Any, Any]) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, item in value.items():
            if self.budget <= 0:
                copy["…"] = f"{len(value) - len(copy)} more (truncated)"
                break
            copy[self._text(key if isinstance(key, str) else _safe_repr(key))] = self.of(item)
        return copy

    def _array(self, value: Any) -> list[Any]:
        copy: list[Any] = []
        for item in value:
            if self.budget <= 0:
                copy.append(f"… {len(value) - len(copy)} more (truncated)")
                break
            copy.append(self.of(item))
        return copy


def _safe_repr(value: Any) -> str:
    try:
        return repr(value)
    except BaseException:
        return f"<{type(value).__name__}>"
