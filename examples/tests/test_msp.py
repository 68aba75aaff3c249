"""The workflows of `examples/msp`, against the fakes."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bifrost import UserError
from bifrost.testing import run_workflow
from fakes.base import CLIENT_SECRET, Fake
from fakes.halopsa import HaloPSA
from fakes.microsoft import Microsoft
from fakes.ninjaone import NinjaOne
from fakes.pax8 import Pax8
from fakes.world import CUSTOMERS, PRODUCTS
from helpers.first_password import FirstPassword
from helpers.matching import key
from memory import Platform
from providers import microsoft as microsoft_choices
from providers import ninjaone as ninjaone_choices
from tools.devices import find_device
from workflows.billing import billing_report
from workflows.compliance import assess, compliance_report
from workflows.inventory import sync_inventory
from workflows.microsoft_licenses import reconcile_microsoft_licenses
from workflows.new_devices import announce_new_devices
from workflows.offboarding import offboard_user
from workflows.onboarding import mail_name, onboard_user
from workflows.site_sync import sync_sites
from workflows.stale_devices import clean_up_stale_devices
from workflows.tenants import check_tenants, list_tenants
from workflows.triage import first_rule, triage_ticket

TENANT = CUSTOMERS[0].tenant
PREMIUM = PRODUCTS[0][1]

Run = Callable[..., Any]


@pytest.fixture
def platform(fakes: dict[str, Fake]) -> Platform:
    return Platform(fakes)


@pytest.fixture
def run(platform: Platform) -> Run:
    """Runs a workflow with parameters as a form submits them."""

    def run(function: Any, **parameters: Any) -> Any:
        return run_workflow(function, parameters, platform=platform)

    return run


# Site sync


def test_a_dry_run_changes_nothing(run: Run, platform: Platform, halo_fake: HaloPSA) -> None:
    result = run(sync_sites, create_missing="true")
    assert result["clients"] == 4 and result["clients_missing"] == ["Northwind", "Proseware", "Tailspin"]
    assert result["sites"] == 4 and result["sites_missing"][0] == "Adatum: Warehouse"
    assert result["success"] and result["dry_run"]
    assert len(halo_fake.clients) == 5 and "ninjaone_halopsa_mapping" not in platform.config


def test_clients_and_sites_are_mapped_and_made_once(run: Run, platform: Platform, halo_fake: HaloPSA) -> None:
    result = run(sync_sites, create_missing=True, dry_run=False)
    assert result["clients_created"] == ["Northwind", "Proseware", "Tailspin"]
    assert len(result["sites_created"]) == 7 and (result["clients"], result["sites"]) == (7, 14)
    mapping = platform.config["ninjaone_halopsa_mapping"]
    assert mapping["clients"]["3"] == 13 and len(mapping["sites"]) == 14
    before = (len(halo_fake.clients), len(halo_fake.sites))

    halo_fake.clients[2]["name"] = "Renamed since"
    again = run(sync_sites, create_missing=True, dry_run=False)
    assert again["clients_created"] == again["sites_created"] == []
    assert (len(halo_fake.clients), len(halo_fake.sites)) == before
    assert platform.config["ninjaone_halopsa_mapping"] == mapping


def test_a_name_that_is_there_twice(run: Run, halo_fake: HaloPSA) -> None:
    halo_fake.clients.append({"id": 99, "name": "ADATUM Ltd.", "inactive": False})
    result = run(sync_sites, create_missing=True, dry_run=False)
    assert result["ambiguous"] == ["Adatum"] and result["clients"] == 6


def test_what_was_done_is_kept_when_the_rest_fails(run: Run, platform: Platform, halo_fake: HaloPSA) -> None:
    halo_fake.fail("status", status=500, method="POST", path="/api/site", skip=1)
    with pytest.raises(UserError, match=r"HaloPSA is not available .* look first"):
        run(sync_sites, create_missing=True, dry_run=False)
    assert platform.config["ninjaone_halopsa_mapping"]["sites"]["12"]
    assert run(sync_sites, create_missing=True, dry_run=False)["sites"] == 14


def test_what_halo_does_not_accept_is_reported(run: Run, halo_fake: HaloPSA) -> None:
    body = {"ClassName": "System.Exception", "Message": "Too long"}
    halo_fake.fail("status", status=400, method="POST", path="/api/client", body=body)
    result = run(sync_sites, create_missing=True, dry_run=False)
    assert result["errors"] == ["Northwind: Too long"] and not result["success"]
    assert result["clients_created"] == ["Proseware", "Tailspin"]


# Licenses


def test_licenses_of_all_companies(run: Run) -> None:
    result = run(reconcile_microsoft_licenses)
    assert result["success"] and len(result["rows"]) == 14
    row = next(one for one in result["rows"] if one["company"] == "Adatum" and "Premium" in one["product"])
    assert row == {
        "company": "Adatum", "product": "Microsoft 365 Business Premium", "bought": 11, "available": 10, "assigned": 7,
        "unused": 4, "unused_cost": 82.4, "currency": "EUR",
    }  # fmt: skip
    costs = [row["unused_cost"] for row in result["rows"]]
    assert costs == sorted(costs, reverse=True)


def test_licenses_as_a_page(run: Run, pax8_fake: Pax8) -> None:
    pax8_fake.companies[0]["name"] = "<b>Adatum</b>"
    page = run(reconcile_microsoft_licenses, company_id=CUSTOMERS[0].company, format="html")
    assert page.startswith("<h2>") and "<b>" not in page and "&lt;b&gt;Adatum" in page


def test_a_tenant_that_cannot_be_read_does_not_stop_the_others(
    run: Run, pax8_fake: Pax8, microsoft_fake: Microsoft
) -> None:
    pax8_fake.companies[1].update(name="Nobody knows", website="")
    del microsoft_fake.users[CUSTOMERS[2].tenant]  # has not consented
    result = run(reconcile_microsoft_licenses)
    assert len(result["rows"]) == 10 and not result["success"]
    assert [error.partition(":")[0] for error in result["errors"]] == ["Nobody knows", "Fabrikam"]


def test_a_company_is_found_by_the_config(run: Run, platform: Platform, pax8_fake: Pax8) -> None:
    pax8_fake.companies[1].update(name="Nobody knows", website="")
    platform.config["pax8_microsoft_mapping"] = {CUSTOMERS[1].company: CUSTOMERS[1].tenant}
    assert run(reconcile_microsoft_licenses)["success"]


def test_licenses_of_no_company(run: Run) -> None:
    with pytest.raises(UserError, match="no company nobody"):
        run(reconcile_microsoft_licenses, company_id="nobody")


# Onboarding


def onboard(run: Run, **parameters: Any) -> Any:
    given = {
        "tenant": TENANT, "domain": "Adatum.example ", "first_name": "Jörg", "last_name": "O'Neill-Łoś",
        "manager_email": "boss@adatum.example",
    }  # fmt: skip
    return run(onboard_user, **{**given, **parameters})


def test_a_user_is_made_with_a_license(run: Run, microsoft_fake: Microsoft, halo_fake: HaloPSA) -> None:
    result = onboard(run, license="spb", department="IT", ticket_id="1003")
    assert result["user_principal_name"] == "joerg.oneill-os@adatum.example"
    assert result["license"] == "SPB" and result["success"] and result["password_sent_to"] == "boss@adatum.example"
    user = microsoft_fake.users[TENANT][-1]
    assert user["assignedLicenses"][0]["skuId"] == PREMIUM
    assert (user["department"], user["usageLocation"], "jobTitle" in user) == ("IT", "DE", False)
    assert halo_fake.actions[0]["note"] == "Made the account joerg.oneill-os@adatum.example."


def test_the_first_password_is_in_one_mail_and_nowhere_else(
    run: Run, microsoft_fake: Microsoft, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        result = onboard(run)
    made = next(call for call in microsoft_fake.calls if (call["method"], call["path"]) == ("POST", "/v1.0/users"))
    password = made["body"]["passwordProfile"]["password"]
    (mail,) = microsoft_fake.mails
    assert (mail["from"], mail["to"]) == ("service@provider.example", ["boss@adatum.example"])
    assert password in mail["text"] and len(password) == 16
    assert password not in str(result) + caplog.text
    assert password not in str(microsoft_fake.users) and "value" not in repr(FirstPassword())


def test_a_password_that_was_not_sent(run: Run, microsoft_fake: Microsoft) -> None:
    microsoft_fake.fail("status", status=503, method="POST", path="sendMail")
    result = onboard(run, license="SPB")
    assert not result["success"] and result["license"] == "SPB"
    assert result["problems"] == ["Its first password may not have arrived: set another one."]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"domain": "nothing"}, "is not a domain"),
        ({"usage_location": "Germany"}, "two letters"),
        ({"first_name": "漢字"}, "no letters"),
        ({"manager_email": "boss"}, "is not an address"),
        ({"license": "NOPE"}, "It has: O365_BUSINESS_PREMIUM, SPB"),
        ({"license": "SPB", "tenant": "a/b"}, "is not a tenant"),
        ({"domain": "elsewhere.example"}, "does not accept"),
        ({"first_name": "user1", "last_name": "x"}, "already exists"),
    ],
)
def test_what_the_person_at_the_form_can_mend(
    run: Run, microsoft_fake: Microsoft, parameters: dict[str, Any], message: str
) -> None:
    microsoft_fake.users[TENANT][1]["userPrincipalName"] = "user1.x@adatum.example"
    with pytest.raises(UserError, match=message):
        onboard(run, **parameters)
    assert len(microsoft_fake.users[TENANT]) == 7


def test_no_account_without_a_license(run: Run, microsoft_fake: Microsoft) -> None:
    for number in range(3):
        microsoft_fake.users[TENANT][number]["assignedLicenses"].append({"skuId": PRODUCTS[1][1]})
    with pytest.raises(UserError, match="is left"):
        onboard(run, license="O365_BUSINESS_PREMIUM")
    assert microsoft_fake.count("POST /v1.0/users") == 0


@pytest.mark.parametrize("carried_out", [True, False])
def test_an_account_of_which_nothing_was_heard(run: Run, microsoft_fake: Microsoft, carried_out: bool) -> None:
    microsoft_fake.fail("drop", method="POST", path="/users$", carried_out=carried_out)
    if carried_out:
        assert onboard(run)["user_id"] == "user-new-7"
    else:
        with pytest.raises(UserError, match="look first"):
            onboard(run)
    assert microsoft_fake.count("POST /v1.0/users") == 1


def test_a_license_that_was_taken_meanwhile(run: Run, microsoft_fake: Microsoft) -> None:
    microsoft_fake.fail("status", status=400, method="POST", path="assignLicense")
    result = onboard(run, license="SPB")
    assert not result["success"] and result["license"] is None
    assert result["problems"] == ["Its license is missing: failed on purpose"]


def test_a_note_is_not_worth_a_failure(run: Run, platform: Platform) -> None:
    del platform.integrations["HaloPSA"]
    assert onboard(run, ticket_id=1)["success"]


def test_no_account_without_a_mailbox(run: Run, platform: Platform, microsoft_fake: Microsoft) -> None:
    del platform.config["onboarding_mailbox"]
    with pytest.raises(UserError, match="set `onboarding_mailbox`"):
        onboard(run)
    assert microsoft_fake.calls == []


# Offboarding


def test_somebody_leaves(run: Run, platform: Platform, microsoft_fake: Microsoft, halo_fake: HaloPSA) -> None:
    parameters = {"tenant": TENANT, "user_principal_name": "User2@adatum.example", "ticket_id": 1002}
    expected = {"user_principal_name": "user2@adatum.example", "licenses": ["SPB"]}
    assert run(offboard_user, **parameters) == expected
    user = microsoft_fake.users[TENANT][2]
    assert (user["accountEnabled"], user["assignedLicenses"]) == (False, [])
    assert microsoft_fake.revoked == ["user2@adatum.example"]
    assert halo_fake.actions[0]["note"] == "Blocked the account user2@adatum.example."
    # Done again, nothing of what is known about it is lost.
    assert run(offboard_user, **parameters) == expected
    (record,) = platform.tables["offboarded"].values()
    assert (record["licenses"], record["by"]) == (["SPB"], "test@example.com")
    with pytest.raises(UserError, match="no account nobody@adatum.example"):
        run(offboard_user, tenant=TENANT, user_principal_name="nobody@adatum.example")


# Inventory


def test_the_inventory_tells_what_has_changed(run: Run, platform: Platform, ninja_fake: NinjaOne) -> None:
    first = run(sync_inventory)
    assert (first["devices"], first["written"], len(first["new"]), first["gone"]) == (35, 35, 35, [])
    assert len(platform.events[0][1]["new"]) == 35 and platform.tables["devices"]["201"]["name"] == "PC-201"
    ninja_fake.devices[0]["lastContact"] += 60
    assert run(sync_inventory) == {"devices": 35, "written": 0, "new": [], "gone": []}
    ninja_fake.devices[0]["systemName"] = "RENAMED"
    del ninja_fake.devices[1]
    assert run(sync_inventory) == {"devices": 34, "written": 1, "new": [], "gone": ["101"]}
    assert len(platform.events) == 2 and "101" not in platform.tables["devices"]


def test_new_devices_are_announced_once(run: Run, platform: Platform, halo_fake: HaloPSA) -> None:
    run(sync_sites, dry_run=False)
    run(sync_inventory)
    new = platform.events[0][1]["new"]
    tickets = run(announce_new_devices, new=new)["tickets"]
    assert sorted(tickets) == ["Adatum", "Contoso GmbH", "FABRIKAM", "Litware"]
    ticket = next(one for one in halo_fake.tickets if one["id"] == tickets["FABRIKAM"])
    assert ticket["summary"] == "New devices: FABRIKAM" and "PC-301 (Windows 11)" in ticket["details"]
    assert run(announce_new_devices, new=new) == {"tickets": {}}


def test_a_device_is_found(run: Run, platform: Platform) -> None:
    platform.entities["NinjaOne"] = "2"
    assert [one["name"] for one in run(find_device, name=" pc-")] == ["PC-201", "PC-202", "PC-203", "PC-204"]
    assert run(find_device, name="PC-301") == []
    assert len(run(find_device, name="pc-", max_rows="2")) == 2
    with pytest.raises(UserError, match="two letters"):
        run(find_device, name=" p ")
    del platform.entities["NinjaOne"]
    with pytest.raises(UserError, match="Test Organization is not known at NinjaOne"):
        run(find_device, name="pc-")


# Tenants


def test_tenants_that_can_be_read(run: Run, platform: Platform, microsoft_fake: Microsoft) -> None:
    platform.tables["tenant_status"]["former"] = {"name": "Former"}
    del microsoft_fake.users[CUSTOMERS[2].tenant]
    result = run(check_tenants)
    assert (result["tenants"], result["unreadable"], result["deleted"]) == (7, ["Fabrikam"], ["former"])
    assert not result["success"]
    listed = run(list_tenants)["tenants"]
    assert [one["is_readable"] for one in listed] == [True, True, False, True, True, True, True]
    assert [one["organization"] for one in listed[:2]] == ["Adatum", None]


# Billing


def test_the_billing_report(run: Run, platform: Platform, pax8_fake: Pax8) -> None:
    pax8_fake.companies[0]["name"] = "=cmd()"
    pax8_fake.fail("status", status=404, path="/v1/subscriptions/subscription-2-0/usage")
    result = run(billing_report)
    assert result["lines"] == 14 and result["errors"] == ["Contoso: failed on purpose"] and not result["success"]
    (content,) = platform.files.values()
    assert result["path"] in platform.files and result["totals"]["EUR"] > 7 * 11 * 20.6
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert "=cmd()" in book.read("xl/sharedStrings.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 15 and "<f>" not in sheet


# Compliance


def test_the_compliance_report(run: Run, ninja_fake: NinjaOne) -> None:
    ninja_fake.organizations[1]["name"] = "A <script> & Co"
    page = run(compliance_report, organization_id="2")
    assert page.startswith("<h2>A &lt;script&gt; &amp; Co: 20% of 5 devices without findings</h2>")
    assert "<script>" not in page
    rows = page.split("<tr>")[2:]
    assert "PC-204" in rows[0] and "no antivirus; silent for 100 days" in rows[0]
    assert any("PC-202" in row and "antivirus is off" in row for row in rows)
    assert any("PC-201" in row and "a patch failed" in row for row in rows)
    assert "SRV-200" in rows[-1] and "Windows server" in rows[-1]


def test_the_compliance_report_is_kept(run: Run, platform: Platform) -> None:
    page = run(compliance_report, organization_id="2", keep_spreadsheet="on")
    ((path, content),) = platform.files.items()
    assert path.startswith("reports/compliance/2-") and f"<p>Kept as {path}</p>" in page
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "no antivirus; silent for 100 days" in texts and "Last contact" in texts


def test_compliance_of_no_organization(run: Run) -> None:
    with pytest.raises(UserError, match="no organization 99"):
        run(compliance_report, organization_id=99)
    with pytest.raises(UserError, match="at least one day"):
        run(compliance_report, organization_id=1, silent_days=0)


def test_a_device_that_was_never_seen() -> None:
    (row,) = assess([{"id": 1}], [], [], 0.0, 30)
    assert row["findings"] == "no antivirus; never seen" and row["device"] == 1


# Stale devices


def test_stale_devices_are_reported_once(
    run: Run, platform: Platform, ninja_fake: NinjaOne, halo_fake: HaloPSA
) -> None:
    run(sync_sites, dry_run=False)
    first = run(clean_up_stale_devices)
    assert (first["stale"], first["rejected"], first["alerts_reset"]) == (7, [], 7)
    assert list(first["tickets"]) == ["Adatum", "Contoso GmbH", "FABRIKAM", "Litware"]
    assert first["unmapped"] == ["Northwind", "Proseware", "Tailspin"]
    ticket = next(one for one in halo_fake.tickets if one["summary"] == "Stale devices: FABRIKAM")
    assert ticket["client_id"] == 13 and "PC-304, last seen 20" in ticket["details"]
    assert len(ninja_fake.alerts) == 7

    second = run(clean_up_stale_devices)
    assert second["tickets"] == {} and second["reported_before"] == 4
    assert len(halo_fake.tickets) == 29


def test_devices_that_wait_for_approval_are_rejected(run: Run, ninja_fake: NinjaOne) -> None:
    result = run(clean_up_stale_devices, days=30)
    assert result["rejected"] == [103, 203, 303, 403, 503, 603, 703]
    assert len(ninja_fake.devices) == 28


def test_more_devices_go_into_the_open_ticket(
    run: Run, platform: Platform, ninja_fake: NinjaOne, halo_fake: HaloPSA
) -> None:
    run(sync_sites, dry_run=False)
    run(clean_up_stale_devices)
    ninja_fake.devices[2]["lastContact"] = 0.0
    del platform.config["stale_devices_reported"]["104"]
    result = run(clean_up_stale_devices)
    assert list(result["tickets"]) == ["Adatum"] and len(halo_fake.tickets) == 29
    assert "PC-102" in halo_fake.actions[-1]["note"]


def test_a_dry_run_of_the_clean_up(run: Run, platform: Platform, ninja_fake: NinjaOne, halo_fake: HaloPSA) -> None:
    run(sync_sites, dry_run=False)
    result = run(clean_up_stale_devices, dry_run="yes", days="30")
    assert result["tickets"] == {"Adatum": None, "Contoso GmbH": None, "FABRIKAM": None, "Litware": None}
    assert len(halo_fake.tickets) == 25 and len(ninja_fake.alerts) == 14 and len(ninja_fake.devices) == 35


def test_a_limit_that_is_too_short(run: Run) -> None:
    with pytest.raises(UserError, match="at least 14 days"):
        run(clean_up_stale_devices, days=3)


# Triage


def test_a_ticket_is_sorted_once(run: Run, halo_fake: HaloPSA) -> None:
    run(sync_sites, dry_run=False)
    payload = {"ticket_id": "1001", "summary": "VPN on pc-201 is broken", "details": "since today", "client_id": "12"}
    result = run(triage_ticket, **payload)
    assert result == {"ticket_id": 1001, "changed": True, "team": "2nd Line", "priority_id": 3, "device_id": 201}
    assert (halo_fake.tickets[1]["team"], halo_fake.tickets[1]["priority_id"]) == ("2nd Line", 3)
    note = halo_fake.actions[0]
    assert note["note"] == "Triage: vpn → 2nd Line\nPC-201: Windows 11, online, needs a restart"
    assert note["hiddenfromuser"]
    assert run(triage_ticket, **payload) == {"ticket_id": 1001, "changed": False}
    assert len(halo_fake.actions) == 1


def test_a_ticket_that_no_rule_is_for(run: Run, platform: Platform, halo_fake: HaloPSA) -> None:
    del platform.integrations["NinjaOne"]
    result = run(triage_ticket, ticket_id=1002, summary="Good morning")
    assert result["team"] is None and result["device_id"] is None
    assert halo_fake.tickets[2]["team"] == "1st Line"


def test_rules_of_the_config(run: Run, platform: Platform) -> None:
    platform.config["triage_rules"] = [{"words": ["morning"], "team": "Coffee", "priority_id": 2}]
    assert run(triage_ticket, ticket_id=1002, summary="Good Morning")["team"] == "Coffee"
    assert first_rule([{"words": ["vpn"]}], "envpnish") is None


def test_no_such_ticket(run: Run) -> None:
    with pytest.raises(UserError, match="no ticket 5"):
        run(triage_ticket, ticket_id=5, summary="x")


# Choices


def test_an_organization_then_its_devices(run: Run) -> None:
    organizations = run(ninjaone_choices.organizations)
    assert [one["label"] for one in organizations][:3] == ["Adatum", "Contoso GmbH", "FABRIKAM"]
    assert run(ninjaone_choices.organizations, contains="cont") == [{"label": "Contoso GmbH", "value": "2"}]
    assert run(ninjaone_choices.devices) == run(ninjaone_choices.devices, organization_id="") == []
    devices = run(ninjaone_choices.devices, organization_id=organizations[1]["value"])
    assert devices[0] == {"label": "PC-201", "value": "201"} and len(devices) == 5
    assert len(run(ninjaone_choices.devices, organization_id=2, online_only="on")) == 2


def test_a_customer_then_its_licenses(run: Run) -> None:
    customers = run(microsoft_choices.customers)
    assert customers[0] == {
        "label": "Adatum",
        "value": TENANT,
        "description": "adatum.example",
        "metadata": {"domain": "adatum.example"},
    }
    assert run(microsoft_choices.licenses) == []
    assert run(microsoft_choices.licenses, tenant=customers[0]["value"]) == [
        {"label": "O365_BUSINESS_PREMIUM (3 left)", "value": "O365_BUSINESS_PREMIUM"},
        {"label": "SPB (3 left)", "value": "SPB"},
    ]


# What they have in common


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (sync_sites, {}),
        (reconcile_microsoft_licenses, {}),
        (
            onboard_user,
            {"tenant": TENANT, "domain": "a.example", "first_name": "A", "last_name": "B", "manager_email": "c@a.example"},
        ),
        (offboard_user, {"tenant": TENANT, "user_principal_name": "a@a.example"}),
        (billing_report, {}),
        (check_tenants, {}),
        (sync_inventory, {}),
        (find_device, {"name": "pc"}),
        (compliance_report, {"organization_id": 1}),
        (clean_up_stale_devices, {}),
        (triage_ticket, {"ticket_id": 1, "summary": "x"}),
    ],
)
def test_people_are_told_what_to_set_up(
    run: Run, platform: Platform, function: Any, parameters: dict[str, Any]
) -> None:
    platform.integrations = {}
    with pytest.raises(UserError, match="There is no integration"):
        run(function, **parameters)


def test_wrong_credentials_are_for_the_administrator(run: Run, fakes: dict[str, Fake]) -> None:
    fakes["ninjaone"].fail("status", status=403, times=-1)
    with pytest.raises(UserError, match=r"NinjaOne does not allow this\. Ask an administrator: failed on purpose"):
        run(compliance_report, organization_id=1)


def test_lines_in_the_log(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(compliance_report, organization_id=1)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("workflows.")]
    assert lines == ["Adatum: 5 devices, 2 patches"]
    assert CLIENT_SECRET not in caplog.text and "ninjaone-token-1" not in caplog.text


def test_forms_come_from_the_signature() -> None:
    fields = {one["name"]: one for one in onboard_user._executable_metadata.parameters}  # type: ignore[attr-defined]
    assert fields["tenant"]["required"] and not fields["license"]["required"]
    assert fields["ticket_id"]["type"] == "int"
    metadata = reconcile_microsoft_licenses._executable_metadata  # type: ignore[attr-defined]
    formats = next(one for one in metadata.parameters if one["name"] == "format")
    assert [option["value"] for option in formats["options"]] == ["json", "html"]
    assert clean_up_stale_devices._executable_metadata.defaults["schedule"] == "0 6 * * 1"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Contoso GmbH & Co. KG", "contoso"),
        ("FABRIKAM", "Fabrikam, Inc."),
        ("Co", "CO."),
        ("Trey Research", "Trey  Research Ltd"),
    ],
)
def test_names_that_mean_the_same(one: str, other: str) -> None:
    assert key(one) == key(other) != ""


@pytest.mark.parametrize(
    ("name", "written"), [("Müller", "mueller"), ("Renée", "renee"), ("van der Berg", "vanderberg")]
)
def test_names_in_addresses(name: str, written: str) -> None:
    assert mail_name(name) == written


def test_no_file_is_in_two_workspaces() -> None:
    """Tests import from all of them, by the same names."""
    root = Path(__file__).resolve().parents[1]
    folders = [{path.relative_to(top) for path in top.rglob("*.py")} for top in (root / "starter", root / "msp")]
    assert not folders[0] & folders[1]
