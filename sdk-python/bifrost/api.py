"""`bifrost.api`, raw calls of the platform's REST API, is not supported: there is a module for each thing."""

from ._missing import Missing

api = Missing("api", "use tables, files, workflows, executions, users, roles or config; for other services httpx")
