"""The same code for the provider and for an organization: only who owns it differs."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from bifrost import NotFoundError, config, context, executions, integrations, organizations, users, workflow, workflows


async def _attempt(call: Callable[[], Any]) -> str:
    """What became of a call: `done`, or the refusal."""
    try:
        value = call()
        if inspect.isawaitable(value):
            await value
    except (PermissionError, NotFoundError) as error:
        return f"denied: {error}"
    return "done"


@workflow
async def everything(other: str, person: str) -> dict[str, Any]:
    """Tries what only the provider's code may do for a platform administrator."""
    secret = await config.get("vendor_secret")
    answers: dict[str, Any] = {
        "organizations.list": await _attempt(organizations.list),
        "users.create": await _attempt(lambda: users.create(person, "Somebody")),
        "config.get": "done" if secret is not None else "denied: no such key",
        "integrations.get": await _attempt(lambda: integrations.get("halo", scope=other)),
        "workflows.execute": await _attempt(lambda: workflows.execute("quiet", {}, run_as=person)),
    }
    answers["context.set_scope"] = await _attempt(lambda: context.set_scope(other))
    answers["integrations.get of its own"] = (await integrations.get("halo")).config
    return answers


@workflow
async def promote(person: str) -> str:
    """Makes a platform administrator."""
    return await _attempt(lambda: users.create(person, "Root", is_superuser=True))


@workflow
async def quiet() -> str:
    """Says where it runs."""
    return str(context.org_id)


@workflow
async def relay(name: str, parameters: dict[str, Any]) -> str:
    """Starts a workflow by its name."""
    return await workflows.execute(name, parameters)


@workflow
async def again(left: int = 100) -> int:
    """Starts itself, until it is stopped."""
    await workflows.execute("again", {"left": left - 1})
    return left


@workflow
async def look() -> dict[str, Any]:
    """What a run sees of runs and people."""
    seen = await executions.list(limit=5)
    return {"runs": [run.executed_by_email for run in seen], "users": await _attempt(users.list)}


@workflow
async def patient() -> dict[str, Any]:
    """Asks for the same before and after somebody sets `go`."""

    async def ask() -> dict[str, str]:
        return {
            "users.list": await _attempt(users.list),
            "workflows.execute": await _attempt(lambda: workflows.execute("quiet", {})),
            "config.get": "done" if await config.get("lent") else "denied: no such key",
        }

    before = await ask()
    while await config.get("go") is None:
        await asyncio.sleep(0.05)
    return {"before": before, "after": await ask()}


@workflow
async def borrow() -> dict[str, Any]:
    """Asks for the provider's integration before and after somebody sets `go`."""
    held = await integrations.get("loan")

    async def ask() -> dict[str, str]:
        loan, other = await integrations.get("loan"), await integrations.get("loan", oauth_scope="other")
        seen = {"secret": "api_key" in loan.config, "token": loan.oauth, "token of another scope": other.oauth}
        answers = {name: "done" if there else "denied: held back" for name, there in seen.items()}
        return {**answers, "refresh": await _attempt(held.oauth.refresh)}

    before = await ask()
    await config.set("asked", "yes")
    while await config.get("go") is None:
        await asyncio.sleep(0.05)
    return {"before": before, "after": await ask()}
