"""Telling other workflows of the organization that something has happened."""

from __future__ import annotations

from typing import Any

from . import _context, _platform


class events:
    """`from bifrost import events`, then `await events.emit("orders.created", {...})`."""

    @staticmethod
    async def emit(topic: str, data: Any = None, scope: str | None = None) -> dict[str, Any]:
        """Starts the workflows that are subscribed to a topic, without waiting for them.

        `topic` is words of a-z, 0-9 and `_` with dots between them; `data` is any JSON
        value. Answers `event_id` and `subscribers_notified`: 0 when the organization has
        no such topic. Each workflow runs as itself, once for each event, and finds it in
        `context.event`. Events that lead to events end after 16 runs in a row.
        """
        arguments = {"topic": str(topic), "data": data, "scope": scope or _context.scope_override()}
        answer: dict[str, Any] = _platform.current().call("events.emit", arguments)
        return answer
