"""What is told of runs, what they were worth, and what they ask of the API."""

from typing import Any

from bifrost import UserError, api, context, workflow


@workflow
async def fails() -> None:
    """Ends badly, with a text for people."""
    raise UserError("the customer has no licence")


@workflow(time_saved=15, value=2.5)
async def saves(own: int | None = None) -> str:
    """Is worth what its decorator says, or what it says itself."""
    if own is not None:
        context.roi.time_saved = own
    return "done"


@workflow
async def asks() -> dict[str, Any]:
    """Answers what the API said."""
    said: dict[str, Any] = {}
    me = await api.get("/api/me")
    said["me"] = [me.status_code, me.json()["user_id"] == context.user_id]
    said["put"] = (await api.put("/api/config/size", json={"value": 5})).json()["value"]
    said["get"] = (await api.get("/api/config/size")).json()["value"]
    started = await api.post("/api/workflows/execute", json={"workflow_id": "saves"})
    said["execute"] = started.status_code
    said["missing"] = (await api.get("/api/executions/nothing")).json()["code"]
    for path in ("/api/keys", "/api/sign-in", "/api/config/../keys"):
        try:
            await api.get(path)
        except PermissionError:
            said[path] = "PermissionError"
    return said


@workflow
async def reaches(organization: str) -> list[Any]:
    """Tries what an organization's own code must not, whoever starts it."""
    said: list[Any] = []
    for arguments in ({"scope": organization}, {"headers": {"X-Bifrost-Organization": organization}}):
        try:
            said.append((await api.get("/api/config", **arguments)).status_code)
        except PermissionError:
            said.append("PermissionError")
    forged = {"Authorization": "Bearer bfr_forged", "X-Bifrost-Key": "bfr_forged"}
    said.append((await api.get("/api/organizations", headers=forged)).status_code)
    said.append((await api.post("/api/users", json={"email": "eve@x.example"})).status_code)
    return said
