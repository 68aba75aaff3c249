"""NinjaOne (RMM): organizations, devices, alerts and reports.

    from modules import ninjaone

    async with ninjaone.Client.connect() as ninja:
        for device in await ninja.devices(organization_id=7):
            ...

Needs an integration “NinjaOne” with client id and secret of an API application (*Administration
> Apps > API*, platform “API Services”, grant “Client Credentials”). Its config:

| key | |
|---|---|
| `base_url` | of the region: `https://app.ninjarmm.com` (default), `https://eu.ninjarmm.com`, … |
| `page_size` | records of a page, 500 unless it says less |

Times are seconds since 1970 as floats. Ids are whole numbers, those of alerts are texts.
Calls raise the errors of `modules.api_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from bifrost import IntegrationData

from ._rest import (
    ApiClient,
    Detail,
    NotFound,
    Policy,
    Record,
    Session,
    TokenSource,
    Unexpected,
    follow,
    page_size,
    path,
    record_of,
    records_of,
    setting,
    source_of,
)

BASE_URL = "https://app.ninjarmm.com"
TOKEN_PATH = "/ws/oauth/token"
SCOPE = "monitoring management control"
PAGE_SIZE = 500
SERVICE = "NinjaOne"

Report = Literal[
    "antivirus-status", "antivirus-threats", "computer-systems", "device-health", "disks", "operating-systems",
    "os-patches", "os-patch-installs", "software", "software-patches", "volumes", "windows-services",
]  # fmt: skip


class Client(ApiClient):
    """One connection. `page_size` is how many records a page has, 1,000 at most."""

    INTEGRATION = "NinjaOne"

    def __init__(
        self, base_url: str, tokens: TokenSource, *, page_size: int = PAGE_SIZE, policy: Policy | None = None
    ) -> None:
        self._session = Session(SERVICE, base_url, tokens, read_error=_read_error, policy=policy)
        self._page_size = page_size

    @classmethod
    def of(cls, name: str, data: IntegrationData) -> Self:
        base_url = setting(data, "base_url", BASE_URL).rstrip("/")
        tokens = source_of(name, data, token_url=base_url + TOKEN_PATH, scope=SCOPE)
        return cls(base_url, tokens, page_size=page_size(data, PAGE_SIZE))

    async def organizations(self) -> list[Record]:
        """All organizations: `id`, `name`, `description`, `nodeApprovalMode`, `tags`, …, by id."""
        return await self._after("/v2/organizations")

    async def organization(self, organization_id: int) -> Record:
        """One organization, with its `locations` and policies. `NotFound` when there is none."""
        return record_of(SERVICE, await self._session.get(path("v2", "organization", organization_id)))

    async def locations(self, organization_id: int | None = None) -> list[Record]:
        """Locations of one organization or of all: `id`, `name`, `address`, `organizationId`, …"""
        if organization_id is None:
            return await self._after("/v2/locations")
        answer = await self._session.get(path("v2", "organization", organization_id, "locations"))
        return [{"organizationId": organization_id, **location} for location in records_of(SERVICE, answer)]

    async def devices(
        self, organization_id: int | None = None, filter: str | None = None, *, detailed: bool = False
    ) -> list[Record]:
        """Devices of one organization or of all, by id.

        `id`, `organizationId`, `locationId`, `nodeClass` (such as `WINDOWS_SERVER`),
        `approvalStatus` (`PENDING`, `APPROVED`), `offline`, `displayName`, `systemName`,
        `dnsName`, `created`, `lastContact`, `lastUpdate`; with `detailed` also `os`,
        `ipAddresses`, `macAddresses`, `memory`, `processors`, `system`, …

        `filter` is NinjaOne's own, for instance `class in (WINDOWS_SERVER,LINUX_SERVER) AND offline`.
        """
        resource = "/v2/devices-detailed" if detailed else "/v2/devices"
        return await self._after(resource, {"df": _filter(organization_id, filter)})

    async def device(self, device_id: int) -> Record:
        """One device with all that `devices(detailed=True)` has. `NotFound` when there is none."""
        return record_of(SERVICE, await self._session.get(path("v2", "device", device_id)))

    async def custom_fields(self, device_id: int) -> Record:
        """The custom fields of a device that have a value, by name."""
        return record_of(SERVICE, await self._session.get(path("v2", "device", device_id, "custom-fields")))

    async def set_custom_fields(self, device_id: int, fields: Mapping[str, Any]) -> None:
        """Sets custom fields of a device; others stay as they are."""
        await self._session.patch(path("v2", "device", device_id, "custom-fields"), dict(fields), repeatable=True)

    async def review_devices(self, device_ids: Sequence[int], mode: Literal["APPROVE", "REJECT"]) -> None:
        """Approves or rejects devices that wait for it (`approvalStatus` is `PENDING`)."""
        await self._session.post(path("v2", "devices", "approval", mode), {"devices": list(device_ids)})

    async def set_webhook(
        self,
        url: str,
        activities: Mapping[str, Sequence[str]],
        *,
        expand: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Sends activities of these types and states to an address, in place of the one before.

        `expand` names what comes with each, such as `device`; `headers` come with each request.
        """
        named = [{"name": name, "value": value} for name, value in (headers or {}).items()]
        webhook = {"url": url, "activities": dict(activities), "expand": list(expand), "headers": named}
        await self._session.put("/v2/webhook", webhook)

    async def delete_webhook(self) -> None:
        """Sends activities nowhere any more."""
        await self._session.delete("/v2/webhook")

    async def alerts(self, organization_id: int | None = None, filter: str | None = None) -> list[Record]:
        """Alerts that are active, of one organization or of all.

        `uid`, `deviceId`, `message`, `subject`, `severity`, `priority`, `sourceType`
        (such as `CONDITION`), `sourceName`, `createTime`, `updateTime`, …
        """
        answer = await self._session.get("/v2/alerts", {"df": _filter(organization_id, filter)})
        return records_of(SERVICE, answer)

    async def reset_alert(self, uid: str) -> None:
        """Resets an alert. One that is no longer active counts as reset."""
        try:
            await self._session.delete(path("v2", "alert", uid))
        except NotFound:
            pass

    async def report(
        self, name: Report, organization_id: int | None = None, filter: str | None = None, **params: Any
    ) -> list[Record]:
        """A report over devices: one record for each finding, with its `deviceId` and `timestamp`.

        | name | further fields |
        |---|---|
        | `antivirus-status` | `productName`, `productState` (`ON`, `OFF`), `definitionStatus`, `version` |
        | `os-patches` | `name`, `kbNumber`, `severity`, `status` (`MANUAL`, `APPROVED`, `FAILED`, `REJECTED`) |
        | `device-health` | `healthStatus`, counts of alerts, patches and threats |
        | `operating-systems` | `name`, `buildNumber`, `lastBootTime`, `needsReboot` |

        `params` narrow it down as NinjaOne documents for each, for instance `status="FAILED"`.
        """
        resource = path("v2", "queries", name)
        params = {**params, "df": _filter(organization_id, filter), "pageSize": self._page_size}

        async def read(cursor: str) -> tuple[list[Record], str | None]:
            answer = await self._session.get(resource, {**params, "cursor": cursor or None})
            page = records_of(SERVICE, answer, "results")
            return page, _next_cursor(answer, page)

        return await follow(SERVICE, "", read)

    async def run_script(
        self,
        device_id: int,
        *,
        script_id: int | None = None,
        action_uid: str | None = None,
        parameters: str | None = None,
        run_as: str | None = None,
    ) -> None:
        """Starts a script of the library (`script_id`) or a built-in action (`action_uid`) on a device.

        `run_as` is a role such as `system` or `loggedonuser`, or the id of a credential. What
        came of it is among the device's activities. NinjaOne wants a token with a user
        behind it for this: with client credentials it may answer `Denied`.
        """
        if (script_id is None) == (action_uid is None):
            raise ValueError("give either script_id or action_uid")
        body = {
            "type": "ACTION" if script_id is None else "SCRIPT",
            "id": script_id,
            "uid": action_uid,
            "parameters": parameters,
            "runAs": run_as,
        }
        sent = {key: value for key, value in body.items() if value is not None}
        await self._session.post(path("v2", "device", device_id, "script", "run"), sent)

    async def aclose(self) -> None:
        await self._session.aclose()

    async def _after(self, resource: str, params: Mapping[str, Any] | None = None) -> list[Record]:
        """A list whose pages begin after an id. The page after the last one is empty."""

        async def read(after: int) -> tuple[list[Record], int | None]:
            asked = {**(params or {}), "pageSize": self._page_size, "after": after or None}
            page = records_of(SERVICE, await self._session.get(resource, asked))
            if not page:
                return page, None
            last = page[-1].get("id")
            if not isinstance(last, int):
                raise Unexpected("a record has no id", service=SERVICE, call=f"GET {resource}")
            return page, last

        return await follow(SERVICE, 0, read)


async def connect(name: str | None = None, *, scope: str | None = None) -> Client:
    """A client for the integration “NinjaOne”, or another name. See `Client.open`."""
    return await Client.open(name, scope=scope)


def _filter(organization_id: int | None, filter: str | None) -> str | None:
    parts = [f"org = {int(organization_id)}"] if organization_id is not None else []
    return " AND ".join([*parts, *([filter] if filter else [])]) or None


def _next_cursor(answer: Any, page: list[Record]) -> str | None:
    """The name of the next page, which NinjaOne gives as text or in an object."""
    cursor = answer.get("cursor")
    if isinstance(cursor, dict):
        cursor = cursor.get("name")
    return str(cursor) if page and cursor else None


def _read_error(body: Mapping[str, Any]) -> Detail | None:
    message = body.get("errorMessage") or body.get("error_description") or body.get("error")
    if not message:
        return None
    if isinstance(message, Mapping):  # a code to be translated, and what to put into it
        message = message.get("code") or message
    code, incident = body.get("resultCode"), body.get("incidentId")
    return Detail(str(message), str(code) if code else None, str(incident) if incident else None)
