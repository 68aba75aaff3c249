"""Writes into the log of each run what the workflows of this workspace use of the SDK.

`called config.get` is a call, `read context.user_id` an attribute, `got Role id,name,...` what a
call or an attribute answered. Only what code of the generations does by itself counts.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from typing import Any

import bifrost
import bifrost.client
import bifrost.models
import bifrost.webhooks
from bifrost import _context, _missing

logger = logging.getLogger(__name__)

MODULES = (
    "agents ai api config email events executions files forms integrations knowledge oauth organizations roles secrets "
    "storage tables users workflows"
).split()

ERRORS = (
    bifrost.UserError,
    bifrost.WorkflowError,
    bifrost.ValidationError,
    bifrost.IntegrationError,
    bifrost.ConfigurationError,
)

MODELS = (*(getattr(bifrost.models, name) for name in bifrost.models.__all__), _context.ExecutionContext)


def by_an_author(depth: int = 2) -> bool:
    """Whether a generation's own code is behind this call."""
    return sys._getframe(depth).f_code.co_filename.startswith("generation_")


def got(value: Any) -> None:
    """Notes the models in an answer, with their fields."""
    if isinstance(value, MODELS):
        fields = {name for name in vars(value) if not name.startswith("_")} if hasattr(value, "__dict__") else set()
        logger.debug("got %s %s", type(value).__name__, ",".join(sorted(fields)))
    if isinstance(value, (list, tuple)):
        for one in value[:3]:
            got(one)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            got(getattr(value, name))


def watched(name: str, function: Any) -> Any:
    """The same function, whose calls are noted."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not by_an_author():
            return function(*args, **kwargs)
        logger.debug("called %s", name)
        answer = function(*args, **kwargs)
        if not inspect.iscoroutine(answer):
            got(answer)
            return answer

        async def awaited() -> Any:
            value = await answer
            got(value)
            return value

        return awaited()

    return call


def watch(owner: Any, prefix: str) -> None:
    """Watches all public functions of a module or a class."""
    home = owner.__module__ if isinstance(owner, type) else owner.__name__
    for name, function in list(vars(owner).items()):
        plain = function.__func__ if isinstance(function, staticmethod) else function
        is_own = inspect.isfunction(plain) and plain.__module__ == home
        if is_own and not name.startswith("_"):
            noted = watched(f"{prefix}.{name}", plain)
            setattr(owner, name, staticmethod(noted) if isinstance(function, staticmethod) else noted)


def watch_all() -> None:
    for name in MODULES:
        module = getattr(bifrost, name)
        if isinstance(module, type):
            watch(module, name)
    watch(bifrost.OAuthCredentials, "OAuthCredentials")
    watch(bifrost.webhooks, "webhooks")
    watch(bifrost.client, "client")
    for kind in ERRORS:
        kind.__init__ = watched(kind.__name__, kind.__init__)

    missing = _missing.Missing.__getattr__

    def of_missing(self: Any, verb: str) -> Any:
        return watched(f"{self._name}.{verb}", missing(self, verb))

    _missing.Missing.__getattr__ = of_missing

    proxied = _context._Proxy.__getattr__
    plain = _context.ExecutionContext.__getattribute__

    def of_proxy(self: Any, name: str) -> Any:
        mine = by_an_author()
        try:
            value = proxied(self, name)
        except Exception as refusal:
            value = refusal
            raise
        finally:
            if mine:
                noted(name, value)
        return value

    def of_context(self: Any, name: str) -> Any:
        value = plain(self, name)
        if not name.startswith("_") and by_an_author():
            noted(name, value)
        return value

    _context._Proxy.__getattr__ = of_proxy
    _context.ExecutionContext.__getattribute__ = of_context


def noted(name: str, value: Any) -> None:
    logger.debug("read context.%s", name)
    got(value)


watch_all()
