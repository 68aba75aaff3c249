"""`bifrost.agents` is not supported: start a workflow with `workflows.execute`."""

from ._missing import Missing


class AgentPausedError(Exception):
    """Never raised here, because nothing waits for an approval; for workspaces that catch it."""


agents = Missing("agents", "start a workflow with workflows.execute, and read its result with executions.get")
