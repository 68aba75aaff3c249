"""Makes an account in a customer's Microsoft tenant, with a license, and mails its first password."""

from __future__ import annotations

import logging
import re
import unicodedata
from typing import Any

from bifrost import UserError, config, workflow
from helpers.first_password import FirstPassword
from helpers.for_users import for_users
from modules import halopsa, microsoft_csp
from modules.api_errors import ApiError, Invalid, NotConfigured, NotFound, Unavailable

logger = logging.getLogger(__name__)

DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae"}


@workflow(
    name="Onboard user",
    description="Makes an account in a customer's Microsoft tenant, with a license.",
    category="MSP",
    tags=["microsoft", "users"],
    retry_on_loss=False,
    time_saved=20,
)
async def onboard_user(
    tenant: str,
    domain: str,
    first_name: str,
    last_name: str,
    manager_email: str,
    license: str | None = None,
    department: str = "",
    job_title: str = "",
    usage_location: str = "DE",
    ticket_id: int | None = None,
) -> dict[str, Any]:
    """Makes `first.last@domain` and assigns a license, given by its part number (`SPB`) or SKU id.

    Nothing is made when no license is left. A password that has to be changed at the first sign-in
    goes to `manager_email`, from the mailbox in the config's `onboarding_mailbox`, and nowhere
    else. With `ticket_id`, a private note goes to that ticket.
    """
    domain, usage_location = domain.strip().lower(), usage_location.strip().upper()
    manager_email, mailbox = manager_email.strip(), await config.get("onboarding_mailbox")
    if not mailbox:
        raise UserError("Nobody has said from which mailbox passwords are sent: set `onboarding_mailbox`.")
    if not ADDRESS.fullmatch(manager_email):
        raise UserError(f"“{manager_email}” is not an address that a password can be sent to.")
    if not DOMAIN.fullmatch(domain):
        raise UserError(f"“{domain}” is not a domain. Enter one such as example.com.")
    if not re.fullmatch("[A-Z]{2}", usage_location):
        raise UserError("Enter the usage location as two letters, such as DE.")
    name = f"{mail_name(first_name)}.{mail_name(last_name)}@{domain}"
    fields = {"givenName": first_name, "surname": last_name, "department": department, "jobTitle": job_title}
    password = FirstPassword()

    with for_users():
        async with microsoft_csp.Client.connect() as csp:
            sku = await _free_license(csp, tenant, license) if license else None
            user = await _create(csp, tenant, name, f"{first_name} {last_name}", password, usage_location, fields)
            logger.info("Made %s", name)
            # From here on the account is there: what fails is said, and does not hide that.
            problems = []
            assigned = None
            if sku is not None:
                try:
                    await csp.assign_license(tenant, user["id"], add=[sku["skuId"]])
                    assigned = sku["skuPartNumber"]
                    logger.info("Assigned %s", assigned)
                except ApiError as error:
                    logger.warning("The account is there, but not its license: %s", error)
                    problems.append(f"Its license is missing: {error.message}")
            try:
                await password.send(csp, mailbox, manager_email, name)
                logger.info("Its first password was sent to %s", manager_email)
            except (ApiError, NotConfigured) as error:
                logger.warning("The account is there, but its password was not sent: %s", error)
                problems.append("Its first password may not have arrived: set another one.")
        if ticket_id is not None:
            await _note(ticket_id, " ".join([f"Made the account {name}.", *problems]))
    return {
        "user_principal_name": name,
        "user_id": user["id"],
        "license": assigned,
        "password_sent_to": manager_email,
        "problems": problems,
        "success": not problems,
    }


async def _free_license(csp: microsoft_csp.Client, tenant: str, wanted: str) -> dict[str, Any]:
    try:
        skus = await csp.subscribed_skus(tenant)
    except Invalid:
        raise UserError(f"“{tenant}” is not a tenant. Choose a customer.") from None
    for sku in skus:
        if wanted.casefold() in (sku["skuPartNumber"].casefold(), sku["skuId"]):
            if sku["consumedUnits"] >= sku["prepaidUnits"]["enabled"]:
                raise UserError(f"No license {sku['skuPartNumber']} is left. Order one first.")
            return sku
    known = ", ".join(sorted(sku["skuPartNumber"] for sku in skus))
    raise UserError(f"The tenant has no license “{wanted}”. It has: {known}.")


async def _create(
    csp: microsoft_csp.Client,
    tenant: str,
    name: str,
    display_name: str,
    password: FirstPassword,
    usage_location: str,
    fields: dict[str, Any],
) -> dict[str, Any]:
    given = {key: value for key, value in fields.items() if value}
    try:
        return await csp.create_user(
            tenant, name, display_name, password.reveal(), usage_location=usage_location, **given
        )
    except Invalid as error:
        raise UserError(f"Microsoft does not accept {name}: {error.message}") from error
    except Unavailable as error:
        if not error.outcome_unknown:
            raise
        logger.warning("%s; looking whether the account is there", error)
        try:
            return await csp.user(tenant, name)
        except NotFound:
            raise error from None


async def _note(ticket_id: int, text: str) -> None:
    try:
        async with halopsa.Client.connect() as halo:
            await halo.add_action(ticket_id, text)
    except (ApiError, NotConfigured) as error:  # the account is made: do not fail for a note
        logger.warning("No note in ticket %d: %s", ticket_id, error)


def mail_name(name: str) -> str:
    """A name as it can be in an address: `Müller-Lüdenscheidt` is `mueller-luedenscheidt`."""
    written = "".join(LETTERS.get(letter, letter) for letter in name.strip().casefold())
    plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9-]+", "", plain).strip("-")
    if not plain:
        raise UserError(f"“{name}” has no letters that an address can have.")
    return plain
