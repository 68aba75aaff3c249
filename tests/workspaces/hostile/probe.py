"""What all probes share: try something, say plainly whether it was reached.

Every workflow of this workspace takes `armed`. With `armed=False` it does the same
thing at a harmless size or against a permitted target: the positive control, which
shows that the probe would notice.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

SHOWN = 200


def attempt(action: Callable[[], Any]) -> dict[str, Any]:
    """Runs `action`; `{"reached": bool, ...}` with the value or the exception."""
    try:
        value = action()
    except BaseException as error:
        return refused(error)
    return {"reached": True, "value": _shown(value)}


async def attempt_async(action: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    """The same for coroutines."""
    try:
        value = await action()
    except BaseException as error:
        return refused(error)
    return {"reached": True, "value": _shown(value)}


def attempts(actions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
    """Runs all; adds `reached`, the names of those that worked."""
    details = {name: attempt(action) for name, action in actions.items()}
    return report(details)


def report(details: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """`{"reached": [names], "details": {...}}`."""
    return {"reached": [name for name, detail in details.items() if detail["reached"]], "details": details}


def refused(error: BaseException) -> dict[str, Any]:
    """An exception as a detail."""
    return {"reached": False, "type": type(error).__name__, "message": str(error)[:SHOWN]}


def _shown(value: Any) -> str:
    return repr(value)[:SHOWN].encode("utf-8", "backslashreplace").decode()
