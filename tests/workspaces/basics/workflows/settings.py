"""Config values and secrets."""

import logging
from typing import Any

from bifrost import config, integrations, workflow

logger = logging.getLogger(__name__)


@workflow
async def config_get(key: str = "colour", default: str | None = None) -> Any:
    """A config value, or the default."""
    return await config.get(key, default)


@workflow
async def config_round_trip(key: str = "round_trip") -> dict[str, Any]:
    """Sets, reads, lists and deletes values of several types."""
    values = ["text", 7, 1.5, True, None, {"a": [1, "ü"]}, [1, 2]]
    read = []
    for value in values:
        await config.set(key, value)
        read.append(await config.get(key, default="missing"))
    listed = await config.list()
    deleted = [await config.delete(key), await config.delete(key)]
    return {"read": read, "listed": listed[key], "absent": listed.no_such_key, "deleted": deleted,
            "after": await config.get(key, default="gone")}


@workflow
async def secret_leak(key: str = "api_key") -> dict[str, Any]:
    """Puts a secret where it must be replaced: log, print, a local variable and the result."""
    secret = await config.get(key)
    logger.info("the secret is %s", secret)
    print("printed:", secret)
    copy = f"<{secret}>"
    return {"length": len(secret), "plain": secret, "inside": copy, "as_key": {secret: 1}}


@workflow
async def integration_leak(name: str = "crm") -> dict[str, Any]:
    """Reads a secret of an integration."""
    secret = (await integrations.get(name)).config["api_key"]
    return {"length": len(secret), "plain": secret}


@workflow
async def secret_set(key: str = "made_secret", value: str = "correct horse battery staple") -> str:
    """Stores a secret and reads it back; the result must be redacted."""
    await config.set(key, value, is_secret=True)
    return await config.get(key)


@workflow
async def secret_in_error(key: str = "api_key") -> None:
    """Raises with a secret in the message; message and traceback must be redacted."""
    raise RuntimeError(f"login with {await config.get(key)} failed")


@workflow
async def config_scopes(key: str = "colour", scope: str = "global") -> dict[str, Any]:
    """Both spellings of the scope, generations B and C."""
    return {
        "scope": await config.get(key, scope=scope),
        "org_id": await config.get(key, org_id=scope),
        "own": await config.get(key),
    }
