"""Sorts new tickets: team, priority, and what NinjaOne knows of the device that they name."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from bifrost import UserError, config, workflow
from helpers.for_users import for_users
from helpers.mapping import Mapping
from modules import halopsa, ninjaone
from modules.api_errors import ApiError, NotConfigured, NotFound

logger = logging.getLogger(__name__)

MARK = "Triage:"

RULES = [
    {"words": ["phishing", "ransomware", "virus", "hacked", "malware"], "team": "Security", "priority_id": 1},
    {"words": ["server down", "outage", "nobody can", "all users"], "team": "2nd Line", "priority_id": 1},
    {"words": ["vpn", "firewall", "switch", "backup"], "team": "2nd Line", "priority_id": 3},
    {"words": ["password", "printer", "outlook", "license"], "team": "1st Line", "priority_id": 4},
]
"""The first whose word is in the ticket counts. The config's `triage_rules` replaces them."""


@workflow(
    name="Triage ticket",
    description="Sets team and priority of a new ticket, and notes the state of the device it names.",
    category="MSP",
    tags=["halopsa", "ninjaone"],
)
async def triage_ticket(
    ticket_id: int, summary: str, details: str = "", client_id: int | None = None
) -> dict[str, Any]:
    """Meant for a webhook of HaloPSA, whose payload is mapped to the parameters:

        bifrost webhooks subscribe halo "Triage ticket" --map ticket_id=/data/ticket/id \\
            --map summary=/data/ticket/summary --map details=/data/ticket/details --map client_id=/data/ticket/client_id

    A ticket that has been sorted stays as it is, however often it is delivered.
    """
    rules = await config.get("triage_rules") or RULES
    text = f"{summary}\n{details}"
    with for_users():
        async with halopsa.Client.connect() as halo:
            try:
                ticket = await halo.ticket(ticket_id)
            except NotFound:
                raise UserError(f"HaloPSA has no ticket {ticket_id}.") from None
            if any(str(action.get("note", "")).startswith(MARK) for action in await halo.actions(ticket_id)):
                logger.info("Ticket %d has been sorted before", ticket_id)
                return {"ticket_id": ticket_id, "changed": False}
            rule = first_rule(rules, text)
            device = await _device(text, client_id or ticket.get("client_id"))
            note = [f"{MARK} {rule['word']} → {rule['team']}" if rule else f"{MARK} no rule matches"]
            if device:
                note.append(_state(device))
            if rule:
                await halo.update_ticket(ticket_id, team=rule["team"], priority_id=rule["priority_id"])
            await halo.add_action(ticket_id, "\n".join(note))
    logger.info("Ticket %d: %s", ticket_id, "; ".join(note))
    return {
        "ticket_id": ticket_id,
        "changed": True,
        "team": rule["team"] if rule else None,
        "priority_id": rule["priority_id"] if rule else None,
        "device_id": device["id"] if device else None,
    }


def first_rule(rules: list[dict[str, Any]], text: str) -> dict[str, Any] | None:
    """The first rule with a word that is in the text, and that `word`."""
    for rule in rules:
        for word in rule["words"]:
            if re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE):
                return {**rule, "word": word}
    return None


async def _device(text: str, client_id: int | None) -> dict[str, Any] | None:
    """The device of the client that the text names; triage goes on without NinjaOne too."""
    mapping = await Mapping.load()
    organizations = [organization for organization, client in mapping.clients.items() if client == client_id]
    words = {word.casefold() for word in re.findall(r"[\w-]+", text)}
    try:
        async with ninjaone.Client.connect() as ninja:
            for organization in organizations:
                for device in await ninja.devices(organization):
                    if str(device.get("systemName", "")).casefold() in words:
                        return await ninja.device(device["id"])
    except (ApiError, NotConfigured) as error:
        logger.warning("Without NinjaOne: %s", error)
    return None


def _state(device: dict[str, Any]) -> str:
    seen = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(device["lastContact"]))
    state = f"offline since {seen}" if device.get("offline") else "online"
    system = (device.get("os") or {}).get("name", "unknown system")
    restart = ", needs a restart" if (device.get("os") or {}).get("needsReboot") else ""
    return f"{device['systemName']}: {system}, {state}{restart}"
