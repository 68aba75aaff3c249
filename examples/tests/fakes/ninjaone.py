"""NinjaOne: organizations with five devices each, of which one is stale and one is new."""

from __future__ import annotations

import re
import time
from typing import Any

from .base import Answer, Fake, Refusal, Request, main, route
from .world import CUSTOMERS

DAY = 86_400.0
DEVICES_EACH = 5
SPELLED = {"Contoso": "Contoso GmbH", "Fabrikam": "FABRIKAM"}
"""Names that NinjaOne has in another form than others."""


class NinjaOne(Fake):
    """Serves NinjaOne's API."""

    NAME = "ninjaone"
    TOKEN_PATH = re.compile(r"^/ws/oauth/token$")

    def fill(self) -> None:
        now = time.time()
        self.organizations = [
            {
                "id": customer.number,
                "name": SPELLED.get(customer.name, customer.name),
                "description": "",
                "nodeApprovalMode": "AUTOMATIC",
                "tags": [],
            }
            for customer in CUSTOMERS
        ]
        self.locations = [
            {"id": customer.number * 10 + number, "organizationId": customer.number, "name": name, "address": ""}
            for customer in CUSTOMERS
            for number, name in enumerate(("Main Office", "Warehouse"), 1)
        ]
        self.devices = [_device(customer.number, index, now) for customer in CUSTOMERS for index in range(DEVICES_EACH)]
        self.alerts = [
            {
                "uid": f"alert-{device['id']}",
                "deviceId": device["id"],
                "message": "Device has been offline for 30 days",
                "severity": "MAJOR",
                "priority": "HIGH",
                "sourceType": "CONDITION",
                "sourceName": "Offline",
                "createTime": now - DAY,
                "updateTime": now - DAY,
            }
            for device in self.devices
            if device["lastContact"] < now - 30 * DAY
        ]
        self.custom_fields: dict[int, dict[str, Any]] = {}
        self.scripts_run: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] | None = None

    def error(self, status: int, message: str, code: str) -> Answer:
        body = {"resultCode": code or "FAILURE", "errorMessage": message, "incidentId": "incident-1"}
        return Answer(status, body)

    @route("GET", "/v2/organizations")
    def get_organizations(self, request: Request) -> Any:
        return _after(request, self.organizations)

    @route("GET", "/v2/organization/{id}")
    def get_organization(self, request: Request, id: str) -> Any:
        return {**_by_id(self.organizations, id), "locations": _of(self.locations, id)}

    @route("GET", "/v2/locations")
    def get_locations(self, request: Request) -> Any:
        return _after(request, self.locations)

    @route("GET", "/v2/organization/{id}/locations")
    def get_organization_locations(self, request: Request, id: str) -> Any:
        _by_id(self.organizations, id)
        return [
            {key: value for key, value in one.items() if key != "organizationId"} for one in _of(self.locations, id)
        ]

    @route("GET", "/v2/devices")
    def get_devices(self, request: Request) -> Any:
        brief = [{key: value for key, value in device.items() if key != "os"} for device in self._matching(request)]
        return _after(request, brief)

    @route("GET", "/v2/devices-detailed")
    def get_devices_detailed(self, request: Request) -> Any:
        return _after(request, self._matching(request))

    @route("GET", "/v2/device/{id}")
    def get_device(self, request: Request, id: str) -> Any:
        return _by_id(self.devices, id)

    @route("GET", "/v2/device/{id}/custom-fields")
    def get_custom_fields(self, request: Request, id: str) -> Any:
        return self.custom_fields.get(_by_id(self.devices, id)["id"], {})

    @route("PATCH", "/v2/device/{id}/custom-fields")
    def patch_custom_fields(self, request: Request, id: str) -> None:
        self.custom_fields.setdefault(_by_id(self.devices, id)["id"], {}).update(request.body)

    @route("POST", "/v2/devices/approval/{mode}")
    def review(self, request: Request, mode: str) -> None:
        for number in request.body["devices"]:
            device = _by_id(self.devices, str(number))
            if mode == "REJECT":
                self.devices.remove(device)
            else:
                device["approvalStatus"] = "APPROVED"

    @route("POST", "/v2/device/{id}/script/run")
    def run_script(self, request: Request, id: str) -> None:
        self.scripts_run.append({"device": _by_id(self.devices, id)["id"], **request.body})

    @route("GET", "/v2/alerts")
    def get_alerts(self, request: Request) -> Any:
        numbers = {device["id"] for device in self._matching(request)}
        return [alert for alert in self.alerts if alert["deviceId"] in numbers]

    @route("DELETE", "/v2/alert/{uid}")
    def delete_alert(self, request: Request, uid: str) -> None:
        if all(alert["uid"] != uid for alert in self.alerts):
            raise Refusal(404, "there is no such alert", "NOT_FOUND")
        self.alerts = [alert for alert in self.alerts if alert["uid"] != uid]

    @route("PUT", "/v2/webhook")
    def put_webhook(self, request: Request) -> None:
        self.webhook = request.body

    @route("DELETE", "/v2/webhook")
    def delete_webhook(self, request: Request) -> None:
        self.webhook = None

    @route("GET", "/v2/queries/{name}")
    def query(self, request: Request, name: str) -> Any:
        rows = [row for device in self._matching(request) for row in _findings(name, device)]
        if "status" in request.query:
            rows = [row for row in rows if row.get("status") == request.query["status"]]
        start, size = int(request.query.get("cursor", "at-0")[3:]), int(request.query["pageSize"])
        answer: dict[str, Any] = {"results": rows[start : start + size]}
        if start + size < len(rows):
            answer["cursor"] = {
                "name": f"at-{start + size}",
                "offset": start,
                "count": size,
                "expires": time.time() + 60,
            }
        return answer

    def _matching(self, request: Request) -> list[dict[str, Any]]:
        """Devices of a filter; of its conditions only the organization is looked at."""
        found = re.search(r"\borg = (\d+)", request.query.get("df", ""))
        return _of(self.devices, found[1]) if found else self.devices


def _device(organization: int, index: int, now: float) -> dict[str, Any]:
    silent = (0, 0, 1, 40, 100)[index] * DAY
    server = index == 0
    return {
        "id": organization * 100 + index,
        "uid": f"device-{organization}-{index}",
        "organizationId": organization,
        "locationId": organization * 10 + 1,
        "nodeClass": "WINDOWS_SERVER" if server else "WINDOWS_WORKSTATION",
        "approvalStatus": "PENDING" if index == 3 else "APPROVED",
        "offline": silent > 0,
        "systemName": f"{'SRV' if server else 'PC'}-{organization}{index:02}",
        "created": now - 400 * DAY,
        "lastContact": now - silent,
        "lastUpdate": now - silent,
        "os": {"name": "Windows Server 2022" if server else "Windows 11", "needsReboot": index == 1},
    }


def _findings(name: str, device: dict[str, Any]) -> list[dict[str, Any]]:
    index, common = device["id"] % 100, {"deviceId": device["id"], "timestamp": device["lastContact"]}
    if name == "antivirus-status":
        state = "OFF" if index == 2 else "ON"
        product = {"productName": "Windows Defender", "productState": state, "definitionStatus": "Up-to-Date"}
        return [{**common, **product}] if index != 4 else []
    if name == "os-patches":
        patches = [("KB5001", "CRITICAL", "FAILED"), ("KB5002", "IMPORTANT", "APPROVED")]
        rows = [
            {**common, "id": kb, "kbNumber": kb, "name": f"Update {kb}", "severity": severity, "status": status}
            for kb, severity, status in patches
        ]
        return rows if index == 1 else []
    raise Refusal(404, f"there is no report {name}", "NOT_FOUND")


def _after(request: Request, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    after, size = int(request.query.get("after", 0)), int(request.query.get("pageSize", 1000))
    return [record for record in records if record["id"] > after][:size]


def _of(records: list[dict[str, Any]], organization: str) -> list[dict[str, Any]]:
    return [record for record in records if record["organizationId"] == int(organization)]


def _by_id(records: list[dict[str, Any]], id: str) -> dict[str, Any]:
    for record in records:
        if str(record["id"]) == id:
            return record
    raise Refusal(404, f"there is no {id}", "NOT_FOUND")


if __name__ == "__main__":
    main(NinjaOne)
