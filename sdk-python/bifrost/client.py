"""`bifrost.client`, the connection below the SDK, is not supported: there is a module for each thing."""

from __future__ import annotations

from ._missing import Missing

BifrostClient = Missing
"""For workspaces that name the type."""


def get_client() -> Missing:
    """What stands for the client: each of its methods raises `NotSupported` when it is awaited."""
    return Missing("client", "use tables, files, workflows, executions, users, roles or config; for other services httpx")
