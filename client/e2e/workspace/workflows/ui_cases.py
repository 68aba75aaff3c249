"""Workflows that the tests of the web UI run."""

import asyncio
import logging
from typing import Any, Literal

from bifrost import UserError, context, data_provider, events, files, param, workflow

logger = logging.getLogger(__name__)

PLANTED = "<img src=x onerror=\"parent.planted='image'\"><script>window.planted='script'</script>"


@workflow(name="Planted", description=PLANTED, category=PLANTED, tags=[PLANTED])
async def planted(text: str = PLANTED, fail: bool = False) -> dict[str, Any]:
    """Puts markup wherever a tenant can write."""
    logger.error(PLANTED)
    if fail:
        raise UserError(PLANTED)
    return {PLANTED: [{"text": PLANTED}, {"text": text}]}


@workflow(name="Planted page", category="UI")
async def planted_page() -> str:
    """Returns a page with markup that would run."""
    return f"<html><body><h1 onclick=\"parent.planted='click'\">A page</h1>{PLANTED}<p>The end</p></body></html>"


@workflow(name="Step by step", category="UI")
async def step_by_step(steps: int = 5, pause: float = 0.3) -> dict[str, int]:
    """Writes a line, waits, and so on."""
    for step in range(1, steps + 1):
        logger.info("Step %d of %d", step, steps)
        await asyncio.sleep(pause)
    return {"steps": steps}


@workflow(name="Fails", category="UI")
async def fails(customer: str) -> None:
    """Fails with a traceback and variables."""
    found = {"customer": customer, "tickets": [1, 2, 3]}
    logger.warning("Nothing fits %s", customer)
    raise LookupError(f"no contract of {found['customer']}")


@workflow(name="Long log", category="UI")
async def long_log(lines: int = 100_000) -> int:
    """Writes many short lines."""
    for number in range(1, lines + 1):
        logger.info("line %d", number)
    return lines


@workflow(name="Every level", category="UI")
async def every_level() -> list[dict[str, Any]]:
    """Writes lines of several levels, one of them long, and returns rows."""
    logger.info("a quiet line")
    logger.warning("a line to look at")
    logger.error("a line to worry about")
    logger.info("wide " * 400)
    return [{"name": "Ada", "open_tickets": 2}, {"name": "Grace", "open_tickets": 1}]


@workflow(name="Spares work", category="UI", tags=["time-saving"], time_saved=45)
async def spares_work() -> str:
    """Is worth 45 minutes."""
    return "spared"


@data_provider(name="Seas", category="UI")
async def seas() -> list[dict[str, str]]:
    """Choices for a form field."""
    return [{"label": "North Sea", "value": "north"}, {"label": "Baltic Sea", "value": "baltic"}]


@workflow(name="All fields", category="UI")
async def all_fields(
    text: str,
    count: int = 3,
    share: float = 0.5,
    loud: bool = True,
    names: list[str] | None = None,
    more: dict[str, Any] | None = None,
    shape: Literal["round", "square"] = "round",
) -> dict[str, Any]:
    """Returns what it was given."""
    return {"text": text, "count": count, "share": share, "loud": loud, "names": names, "more": more, "shape": shape}


@data_provider(name="Countries", category="UI")
async def countries() -> list[dict[str, Any]]:
    """Choices that bring more than their value."""
    return [
        {"label": "Germany", "value": "DE", "metadata": {"zone": "Europe/Berlin"}},
        {"label": "Austria", "value": "AT", "metadata": {"zone": "Europe/Vienna"}},
    ]


@data_provider(name="Cities", category="UI")
async def cities(country: str) -> list[dict[str, str]]:
    """Choices that depend on another one."""
    found = {"DE": ["Berlin", "Cologne"], "AT": ["Vienna"]}.get(country, [])
    return [{"label": name, "value": name.lower()} for name in found]


@workflow(name="Travels", category="UI")
@param("country", label="Country", required=True, data_provider="Countries")
@param("city", label="City", data_provider="Cities")
async def travels(country: str, city: str = "") -> dict[str, str]:
    """Has choices of data providers, one of which depends on the other."""
    return {"country": country, "city": city}


@data_provider(name="Broken choices", category="UI", cache_ttl_seconds=0)
async def broken_choices() -> list[dict[str, str]]:
    """Fails."""
    raise UserError("the inventory does not answer")


@workflow(name="Prepares a form", category="UI")
async def prepares_a_form(team: str = "nobody") -> dict[str, Any]:
    """What rules of a form see as context.workflow."""
    return {"team": team, "most": 3}


@workflow(name="Filled in", category="UI")
async def filled_in(
    name: str,
    country: str = "",
    city: str = "",
    zone: str = "",
    count: int = 0,
    until: str = "",
    letter: str = "",
    agreed: bool = False,
) -> dict[str, Any]:
    """Returns what a form was filled in with."""
    text = await files.read(letter, location="uploads") if letter else ""
    return {
        "name": name,
        "country": country,
        "city": city,
        "zone": zone,
        "count": count,
        "until": until,
        "letter": text,
        "agreed": agreed,
        "startup": context.startup,
    }


@workflow(name="Takes everything", category="UI")
async def takes_everything(
    shape: str, names: list[str] | None = None, papers: list[str] | None = None, sea: str = ""
) -> dict[str, Any]:
    """Returns what was chosen, and what is in the files."""
    texts = [await files.read(paper, location="uploads") for paper in papers or []]
    return {"shape": shape, "names": names, "papers": texts, "sea": sea}


@workflow(name="Emits", category="UI")
async def emits(topic: str, name: str) -> str:
    """Emits an event of this organization."""
    await events.emit(topic, {"name": name})
    return topic
